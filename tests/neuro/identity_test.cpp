#include "neuro/identity.hpp"

#include <numeric>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("an identity brings each target the message of its one source") {
    const auto all = make_identity(5);
    CHECK(all->passes_within_core());
    CHECK(all->sources_of({1, 4}) == NeuronRanges{{1, 4}});
    CHECK(all->shift() == 0);
    CHECK(total_synops(*all) == 0);
    CHECK(all->buffer_bits(24) == 24);
    CHECK_FALSE(reaches_all(*all));
    std::vector<std::int32_t> words{3, -4, 5}, sums(3, 99);
    all->accumulate({.words = words}, {1, 4}, sums);
    CHECK(sums == words);
}

TEST_CASE("an identity of sections reaches only its section") {
    // Sources 4, 5, 6 of ten go to targets 1, 2, 3 of six.
    const auto part = make_identity({10, 6, {4, 7}, 1, false});
    CHECK_FALSE(part->passes_within_core());
    CHECK(part->shift() == 3);
    CHECK(part->sources_of({0, 6}) == NeuronRanges{{4, 7}});
    CHECK(part->sources_of({0, 2}) == NeuronRanges{{4, 5}});
    CHECK(part->sources_of({4, 6}).empty());
    CHECK(part->memory({0, 6}) == SynapseMemory{0, 0, 3});
}

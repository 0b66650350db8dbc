#include "neuro/spiking/one_to_one.hpp"

#include "tests/neuro/spiking/check_format.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("one-to-one synapses have a weight each, or one for all") {
    Draw draw(5);
    const auto weights = draw(13, -100, 100);
    Expected each{{}, -1}, shared;
    for (int i = 0; i < 13; ++i) {
        each.synapses[{i, i}] = {{0, weights[static_cast<std::size_t>(i)]}};
        shared.synapses[{i, i}] = {{0, -7}};
    }
    StoredWeights stored = store_plain(weights).value();
    stored.exponent = -1;
    check_format(*make_one_to_one(13, stored).value(), each);
    const auto one = make_one_to_one(13, store_plain(std::vector<std::int32_t>{-7}).value()).value();
    check_format(*one, shared);
    CHECK(one->memory({0, 13}) == SynapseMemory{1, 8, 13});
    CHECK_FALSE(make_one_to_one(12, stored));
    CHECK_FALSE(make_one_to_one(0, stored));
}

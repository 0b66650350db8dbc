#include "neuro/neuron_ranges.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("a set of neurons is clipped to a range") {
    const NeuronRanges set{{2, 5}, {7, 8}, {10, 20}};
    CHECK(clipped(set, {0, 30}) == set);
    CHECK(clipped(set, {4, 11}) == NeuronRanges{{4, 5}, {7, 8}, {10, 11}});
    CHECK(clipped(set, {5, 7}).empty());
    CHECK(clipped(set, {12, 13}) == NeuronRanges{{12, 13}});
    CHECK(clipped(set, {3, 3}).empty());
    CHECK(clipped({}, {0, 9}).empty());
    CHECK(total_size(set) == 14);
}

TEST_CASE("ranges that overlap or touch become one") {
    CHECK(united({{5, 7}, {0, 2}, {2, 3}, {6, 9}, {4, 4}}) == NeuronRanges{{0, 3}, {5, 9}});
    CHECK(united({{0, 10}, {2, 3}}) == NeuronRanges{{0, 10}});
    CHECK(united({}).empty());
}

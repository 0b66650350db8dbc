#include "neuro/spiking/constants.hpp"

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

TEST_CASE("a constant is one number, or one for each neuron") {
    const NeuronConstant shared = 7, each(std::vector<std::int32_t>{1, 2});
    CHECK(shared[100] == 7);
    CHECK(shared.neurons() == 0);
    CHECK(each[1] == 2);
    CHECK(each.neurons() == 2);
    CHECK(bits_of(shared, 12) == 0);
    CHECK(bits_of(each, 12) == 12);
    CHECK(common_neurons({&shared}).value() == 0);
    CHECK(common_neurons({&shared, &each}).value() == 2);
    const NeuronConstant more(std::vector<std::int32_t>{1, 2, 3});
    CHECK_FALSE(common_neurons({&more, &each}));
}

TEST_CASE("a constant out of range is named with its neuron") {
    const NeuronConstant each(std::vector<std::int32_t>{1, 9});
    CHECK(check_constant(each, "x", 1, 9));
    CHECK(check_constant(each, "x", 1, 8).error().message == "x of neuron 1 is 9");
    CHECK(check_constant(3, "x", 4, 8).error().message == "x is 3");
    CHECK(check_constant(3, "x", 4, 8).error().hint == "it can be 4 to 8");
}

#include "neuro/spiking/weights.hpp"

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

namespace {

using Weights = std::vector<std::int32_t>;
using Stored = std::vector<std::int16_t>;

Stored stored(const Weights& weights, WeightPrecision precision = {}) {
    return store_weights(weights, precision).value().values;
}

}  // namespace

TEST_CASE("the sign mode follows from the weights") {
    CHECK(sign_mode_of(Weights{0, 3}) == SignMode::excitatory);
    CHECK(sign_mode_of(Weights{0, -3}) == SignMode::inhibitory);
    CHECK(sign_mode_of(Weights{1, -3}) == SignMode::mixed);
    CHECK(sign_mode_of(Weights{0, 0}) == SignMode::excitatory);
    CHECK(to_string(SignMode::inhibitory) == "inhibitory");
}

TEST_CASE("eight bits of mixed signs are even numbers, of one sign they are all") {
    CHECK(stored({3, -3, 4, -4}) == Stored{2, -4, 4, -4});
    CHECK(stored({3, 255}) == Stored{3, 255});
    CHECK(stored({-3, -255}) == Stored{-3, -255});
}

TEST_CASE("weights are cut to their range by sign mode") {
    CHECK(stored({300, -300}) == Stored{254, -256});
    CHECK(stored({300, 0}) == Stored{255, 0});
    CHECK(stored({-300, 0}) == Stored{-255, 0});
    CHECK(stored({7, -7}, {.sign = SignMode::excitatory}) == Stored{7, 0});
    CHECK(stored({7, -7}, {.sign = SignMode::inhibitory}) == Stored{0, -7});
}

TEST_CASE("fewer bits drop low ones: towards minus infinity, of inhibitory weights towards zero") {
    CHECK(stored({7, -7}, {.bits = 6}) == Stored{0, -8});   // steps of 8
    CHECK(stored({15, 17}, {.bits = 4}) == Stored{0, 16});  // steps of 16
    CHECK(stored({-15, -17}, {.bits = 4}) == Stored{0, -16});
    CHECK(stored({255, 127}, {.bits = 1}) == Stored{128, 0});
    CHECK(store_weights(Weights{7, -8, 0}, {.bits = 6}).value().changed == 1);
}

TEST_CASE("precisions out of range are refused") {
    CHECK_FALSE(store_weights(Weights{1}, {.bits = 0}));
    CHECK_FALSE(store_weights(Weights{1}, {.bits = 9}));
    CHECK_FALSE(store_weights(Weights{1}, {.exponent = 8}));
    CHECK_FALSE(store_weights(Weights{1}, {.exponent = -9}));
    CHECK(store_weights(Weights{1}, {.exponent = 7}));
    CHECK(store_weights(Weights{1}, {.exponent = -8}));
}

TEST_CASE("plain weights have 8 bits where they can, 16 at most") {
    CHECK(store_plain(Weights{255, -256}).value().bits == 8);
    CHECK(store_plain(Weights{256}).value().bits == 16);
    CHECK(store_plain(Weights{32767, -32768}).value().values == Stored{32767, -32768});
    CHECK(store_plain(Weights{0, 32768}).error().message == "weight 1 is 32768");
    CHECK_FALSE(store_plain(Weights{-32769}));
}

TEST_CASE("sums are shifted as a whole, rounded down") {
    Weights sums{5, -5, 4};
    scale_sums(sums, -1);
    CHECK(sums == Weights{2, -3, 2});
    scale_sums(sums, 3);
    CHECK(sums == Weights{16, -24, 16});
    scale_sums(sums, 0);
    CHECK(sums == Weights{16, -24, 16});
}

#include "neuro/spiking/sigma_delta.hpp"

#include "core/fixed.hpp"
#include "tests/neuro/spiking/fire.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("a delta sends changes that reach its threshold and keeps the rest") {
    Firing delta(make_delta({{0, 0}, 5}));
    CHECK(delta(4) == 0);
    CHECK(delta.state(1) == 4);
    CHECK(delta(5) == 5);  // 4 kept and 1 more
    CHECK(delta.state(1) == 0);
    CHECK(delta(0) == -5);
    CHECK(delta(0) == 0);
}

TEST_CASE("a delta shifts its input up by both exponents, its message down by the state exponent") {
    Firing delta(make_delta({{6, 6}, 0}));
    CHECK(delta(-3) == -3 * 64);
    CHECK(delta.state(0) == -3 * 4096);
}

TEST_CASE("sigma-delta neurons add up what arrives, add the bias and send changes") {
    Firing neuron(make_sigma_delta({{1, 2}, 1, 2, true}));  // threshold 8, bias 16
    CHECK(neuron(0) == 16 >> 2);
    CHECK(neuron(-7) == 0);
    CHECK(neuron.state(0) == -7);
    CHECK(neuron.state(2) == -7);
    CHECK(neuron(-1) == -8 >> 2);
    CHECK(neuron(-100) == -2);  // relu: from 8 to 0, reaches the threshold
    CHECK(neuron(0) == 0);
}

TEST_CASE("messages of sigma-delta neurons round down, and without relu they follow negative activations") {
    Firing neuron(make_sigma_delta({{0, 3}, 0, 0, false}));
    CHECK(neuron(-9) == -2);  // -9 / 8 rounded down
    CHECK(neuron.state(1) == -9);
    CHECK(neuron.state(2) == 0);
    CHECK(neuron(18) == 2);
}

TEST_CASE("a sigma sends its sum every step") {
    Firing sigma(make_sigma());
    CHECK(sigma(5) == 5);
    CHECK(sigma(0) == 5);
    CHECK(sigma(-7) == -2);
}

TEST_CASE("what leaves 24 bits is reported") {
    Firing sigma(make_sigma());
    sigma(state_max);
    CHECK_FALSE(sigma.overflow());
    sigma(1);
    CHECK(sigma.overflow() == 0);
    Firing delta(make_delta({{6, 6}, 0}));
    delta(2047);
    CHECK_FALSE(delta.overflow());
    delta(2048);
    CHECK(delta.overflow() == 0);
}

TEST_CASE("sigma-delta constants out of range are refused") {
    CHECK(make_sigma_delta({{6, 6}, 2047, -2048, true}));
    CHECK_FALSE(make_sigma_delta({{6, 6}, 2048, 0, true}));
    CHECK_FALSE(make_sigma_delta({{6, 6}, 0, -2049, true}));
    CHECK_FALSE(make_sigma_delta({{6, 6}, -1, 0, true}));
    CHECK_FALSE(make_sigma_delta({{-1, 6}, 0, 0, true}));
    CHECK(make_delta({{23, 0}, 0}));
    CHECK_FALSE(make_delta({{12, 12}, 0}));
}

#include "neuro/spiking/lif.hpp"

#include "tests/neuro/spiking/fire.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

/// No leaks but the current's own, a threshold that nothing reaches.
LifParameters silent() {
    LifParameters p;
    p.threshold = largest_threshold;
    return p;
}

}  // namespace

TEST_CASE("a sum enters the current times 64, and the current the voltage in the same step") {
    Firing lif(make_lif(silent()));
    CHECK(lif(3) == 0);
    CHECK(lif.state(0) == 192);
    CHECK(lif.state(1) == 192);
    lif(0);
    CHECK(lif.state(0) == 0);  // du = 4095 keeps nothing
    CHECK(lif.state(1) == 192);
}

TEST_CASE("decays round towards zero, and a current decay of zero keeps 4095 parts of 4096") {
    LifParameters p = silent();
    p.cuba.current_decay = 0;
    p.cuba.voltage_decay = 1024;
    for (const int sign : {1, -1}) {
        Firing lif(make_lif(p));
        lif.state(0) = sign * 1000;
        lif.state(1) = sign * 1001;
        lif(0);
        CHECK(lif.state(0) == sign * 999);          // 1000 x 4095 / 4096 = 999.76
        CHECK(lif.state(1) == sign * (750 + 999));  // 1001 x 3072 / 4096 = 750.75
    }
    p.cuba.current_decay = 2047;  // keeps half
    Firing lif(make_lif(p));
    lif.state(0) = -3;
    lif(0);
    CHECK(lif.state(0) == -1);
}

TEST_CASE("currents wrap once around 24 bits; 2^23 itself stays") {
    struct Case {
        std::int32_t before, sum, after;
    };
    // Kept: before x 4095 / 4096.
    for (const Case& c : {Case{0, 131072, 8388608},      // 2^23
                          Case{4096, 131072, -8384513},  // 4095 + 2^23 - 2^24
                          Case{0, -131072, 8388608},     // -2^23 becomes 2^23
                          Case{0, -131071, -8388544}, Case{-4096, -131072, 8384513}}) {
        LifParameters p = silent();
        p.cuba.current_decay = 0;
        Firing lif(make_lif(p));
        lif.state(0) = c.before;
        lif(c.sum);
        CHECK(lif.state(0) == c.after);
        CHECK_FALSE(lif.overflow());
    }
}

TEST_CASE("a sum that one turn does not bring back is reported, with its neuron") {
    // 2^19: 2^25 after the shift, one turn leaves 2^24.
    Firing lif(make_lif(silent()), 3);
    lif.step({{0, 524288, 0}});
    CHECK(lif.overflow() == 1);
    Firing least(make_lif(silent()));
    least(393216);  // 3 x 2^17: 3 x 2^23 - 2^24 = 2^23
    CHECK_FALSE(least.overflow());
    CHECK(least.state(0) == 8388608);
    least(393217);
    CHECK(least.overflow() == 0);
}

TEST_CASE("voltages saturate") {
    LifParameters p = silent();
    for (const int sign : {1, -1}) {
        Firing lif(make_lif(p));
        lif.state(1) = sign * 8388600;
        lif(sign);
        CHECK(lif.state(1) == (sign > 0 ? 0 : -8388607));  // above the largest threshold it spikes
    }
}

TEST_CASE("a neuron spikes above its threshold, or when it reaches it") {
    LifParameters p;
    p.threshold = 5;
    Firing above(make_lif(p));
    CHECK(above(5) == 0);
    CHECK(above.state(1) == 320);
    CHECK(above(1) == 1);
    CHECK(above.state(1) == 0);
    p.threshold_rule = ThresholdRule::reached;
    Firing reached(make_lif(p));
    CHECK(reached(4) == 0);
    CHECK(reached(1) == 1);
}

TEST_CASE("reset by subtraction keeps what was above the threshold") {
    LifParameters p;
    p.threshold = 5;
    p.reset_rule = ResetRule::by_subtraction;
    Firing lif(make_lif(p));
    CHECK(lif(12) == 1);
    CHECK(lif.state(1) == 7 * 64);
    CHECK(lif(0) == 1);
    CHECK(lif.state(1) == 2 * 64);
    CHECK(lif(0) == 0);
}

TEST_CASE("biases have a mantissa and an exponent, and negative exponents round down") {
    struct Case {
        std::int32_t mantissa;
        int exponent;
        std::int32_t voltage;
    };
    for (const Case& c : {Case{3, 6, 192}, Case{-3, 6, -192}, Case{7, -1, 3}, Case{-7, -1, -4}, Case{-1, -8, -1},
                          Case{4095, 7, 524160}, Case{-4096, 0, -4096}}) {
        LifParameters p = silent();
        p.cuba.bias = c.mantissa;
        p.cuba.bias_exponent = c.exponent;
        Firing lif(make_lif(p));
        lif(0);
        CHECK(lif.state(1) == c.voltage);
    }
}

TEST_CASE("the bias port adds to the mantissa of one step, within 13 bits") {
    LifParameters p = silent();
    p.cuba.bias = 4090;
    p.cuba.bias_exponent = 1;
    Firing lif(make_lif(p));
    lif(0, 5);
    CHECK_FALSE(lif.overflow());
    CHECK(lif.state(1) == 8190);
    lif(0, 6);
    CHECK(lif.overflow() == 0);
}

TEST_CASE("a refractory neuron holds its voltage, its current goes on") {
    LifParameters p;
    p.threshold = 1;
    p.cuba.current_decay = 0;
    p.refractory = 2;
    Firing lif(make_lif(p));
    CHECK(lif(10) == 1);
    CHECK(lif.state(2) == 2);
    CHECK(lif(10) == 0);
    CHECK(lif.state(0) == 639 + 640);
    CHECK(lif.state(1) == 0);
    CHECK(lif(0) == 0);
    CHECK(lif.state(2) == 0);
    CHECK(lif(0) == 1);
    CHECK(std::vector<std::string_view>(lif.model().states().begin(), lif.model().states().end()) ==
          std::vector<std::string_view>{"u", "v", "refractory"});
}

TEST_CASE("a population is cleared before the steps of its schedule") {
    LifParameters p = silent();
    p.clear = {3, 2};  // before steps 2, 5, 8
    p.cuba.bias = 1;
    Firing lif(make_lif(p));
    std::vector<std::int32_t> voltages;
    for (int step = 1; step <= 8; ++step) {
        lif(0);
        voltages.push_back(lif.state(1));
    }
    CHECK(voltages == std::vector<std::int32_t>{1, 1, 2, 3, 1, 2, 3, 1});
    p.clear = {3, 5};  // the same
    Firing same(make_lif(p));
    same(0);
    same(0);
    CHECK(same.state(1) == 1);
}

TEST_CASE("each neuron can have constants of its own") {
    LifParameters p;
    p.threshold = NeuronConstant(std::vector<std::int32_t>{1, 2, 3});
    p.cuba.bias = NeuronConstant(std::vector<std::int32_t>{0, 64, 128});
    Firing lif(make_lif(p), 3);
    CHECK(lif.step({{2, 2, 2}}) == std::vector<std::int32_t>{1, 1, 1});
    CHECK(lif.step({{1, 1, 1}}) == std::vector<std::int32_t>{0, 0, 0});
    CHECK(lif.model().neurons() == 3);
    CHECK(lif.model().parameter_bits() == 17 + 13);
    CHECK(lif.model().state_bits() == 48);
}

TEST_CASE("constants out of range are refused, at the limit they are not") {
    const auto refused = [](auto change) {
        LifParameters p;
        change(p);
        const auto model = make_lif(p);
        return model ? std::string() : model.error().message;
    };
    CHECK(refused([](auto& p) { p.threshold = 131071; }).empty());
    CHECK(refused([](auto& p) { p.threshold = 131072; }) == "the threshold is 131072");
    CHECK(refused([](auto& p) { p.threshold = -1; }) == "the threshold is -1");
    CHECK(refused([](auto& p) { p.cuba.current_decay = 4096; }) == "the current decay is 4096");
    CHECK(refused([](auto& p) { p.cuba.voltage_decay = -1; }) == "the voltage decay is -1");
    CHECK(refused([](auto& p) { p.cuba.bias = 4096; }) == "the bias is 4096");
    CHECK(refused([](auto& p) { p.cuba.bias = -4097; }) == "the bias is -4097");
    CHECK(refused([](auto& p) { p.cuba.bias_exponent = 8; }) == "the bias exponent is 8");
    CHECK(refused([](auto& p) { p.cuba.bias_exponent = -9; }) == "the bias exponent is -9");
    CHECK(refused([](auto& p) { p.refractory = 63; }).empty());
    CHECK(refused([](auto& p) { p.refractory = 64; }) == "the refractory period is 64");
    CHECK(refused([](auto& p) { p.clear = {-1, 0}; }) == "a reset every -1 steps from step 0");
    CHECK(refused([](auto& p) {
              p.threshold = NeuronConstant(std::vector<std::int32_t>{1, -2});
          }) == "the threshold of neuron 1 is -2");
    CHECK(refused([](auto& p) {
              p.threshold = NeuronConstant(std::vector<std::int32_t>{1, 2});
              p.cuba.bias = NeuronConstant(std::vector<std::int32_t>{1, 2, 3});
          }).find("for 3 and for 2 neurons") != std::string::npos);
}

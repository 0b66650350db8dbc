#include "neuro/spiking/lif_vectors.hpp"

#include "tests/neuro/on_every_target.hpp"
#include "tests/neuro/spiking/check_format.hpp"
#include "tests/neuro/spiking/fire.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

using Values = std::vector<std::int32_t>;

/// One value for all, or one for each.
NeuronConstant constant(Draw& draw, std::size_t neurons, std::int32_t min, std::int32_t max) {
    return draw(0, 1) == 0 ? NeuronConstant(draw(min, max)) : NeuronConstant(draw(neurons, min, max));
}

LifParameters parameters(Draw& draw, std::size_t neurons) {
    LifParameters p;
    p.cuba.current_decay = constant(draw, neurons, 0, largest_decay);
    p.cuba.voltage_decay = constant(draw, neurons, 0, largest_decay);
    p.cuba.drive = constant(draw, neurons, -3, 3);
    p.cuba.bias = constant(draw, neurons, least_bias + 10, largest_bias - 10);
    p.cuba.bias_exponent = draw(least_bias_exponent, most_bias_exponent);
    p.threshold = constant(draw, neurons, 0, draw(0, 1) == 0 ? 100 : largest_threshold);
    p.threshold_rule = draw(0, 1) == 0 ? ThresholdRule::above : ThresholdRule::reached;
    p.reset_rule = draw(0, 1) == 0 ? ResetRule::to_zero : ResetRule::by_subtraction;
    return p;
}

/// State and message of a neuron after a step, by the law.
struct Stepped {
    std::int32_t u = 0, v = 0, message = 0;
    bool overflow = false;
};
Stepped by_law(const LifParameters& p, std::size_t neuron, std::int32_t u, std::int32_t v, std::int32_t sum,
               std::int32_t more) {
    Stepped out;
    out.u = p.cuba.current(neuron, u, sum, out.overflow);
    out.v = p.cuba.voltage(neuron, v, out.u, more, out.overflow);
    const std::int32_t threshold = p.threshold[neuron] << state_alignment;
    if (p.threshold_rule == ThresholdRule::above ? out.v > threshold : out.v >= threshold) {
        out.message = 1;
        out.v = p.reset_rule == ResetRule::to_zero ? 0 : out.v - threshold;
    }
    return out;
}

}  // namespace

TEST_CASE("LIF neurons step alike one by one and in vectors, on every instruction set") {
    tephra::test::on_every_target([] {
        Draw draw(11);
        for (int trial = 0; trial < 400; ++trial) {
            const auto n = static_cast<std::size_t>(draw(1, 40));
            const LifParameters p = parameters(draw, n);
            Firing lif(make_lif(p), static_cast<int>(n));
            for (std::size_t i = 0; i < n; ++i) {
                lif.state(0, i) = draw(-wrap_at + 1, wrap_at);
                lif.state(1, i) = draw(-largest_voltage, largest_voltage);
            }
            for (int step = 0; step < 4; ++step) {
                const std::int32_t most = draw(0, 1) == 0 ? 20 : 131000;
                const Values sums = draw(n, -most, most), more = draw(n, -10, 10);
                std::vector<Stepped> expected;
                for (std::size_t i = 0; i < n; ++i)
                    expected.push_back(by_law(p, i, lif.state(0, i), lif.state(1, i), sums[i], more[i]));
                const Values messages = lif.step({sums, more});
                REQUIRE_FALSE(lif.overflow());
                for (std::size_t i = 0; i < n; ++i) {
                    REQUIRE(lif.state(0, i) == expected[i].u);
                    REQUIRE(lif.state(1, i) == expected[i].v);
                    REQUIRE(messages[i] == expected[i].message);
                }
            }
        }
    });
}

TEST_CASE("the first neuron that leaves its range is named, wherever it stands in a vector") {
    tephra::test::on_every_target([] {
        for (int n = 1; n <= 20; ++n)
            for (int bad = 0; bad < n; ++bad) {
                Values sums(static_cast<std::size_t>(n), 5), more(sums.size(), 0);
                sums[static_cast<std::size_t>(bad)] = 400000;  // two turns around 24 bits
                Firing by_sum(make_lif({}), n);
                by_sum.step({sums});
                CHECK(by_sum.overflow() == bad);
                more[static_cast<std::size_t>(bad)] = largest_bias + 1;
                Firing by_bias(make_lif({}), n);
                by_bias.step({{}, more});
                CHECK(by_bias.overflow() == bad);
            }
    });
}

TEST_CASE("neurons in the middle of a population use their own constants, and no port means zero") {
    LifParameters p;
    p.threshold = largest_threshold;
    p.cuba.bias = NeuronConstant(Values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
    const auto model = make_lif(p).value();
    Values state(2 * 17), messages(17);
    CHECK_FALSE(model->fire({{3, 20}, 0, {}, state, messages}));
    for (std::size_t i = 0; i < 17; ++i) CHECK(state[17 + i] == static_cast<std::int32_t>(i) + 4);
}

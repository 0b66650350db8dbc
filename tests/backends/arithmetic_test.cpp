// The arithmetic of CUDA kernels against core/fixed.hpp, compiled for the host; no GPU needed.
#include "tests/backends/on_host.hpp"
// then what is tested
#include "backends/cuda/arithmetic/recurrence.cuh"
#include "backends/cuda/arithmetic/scales.cuh"
#include "backends/cuda/batch/finish.cuh"
#include "backends/cuda/limits.hpp"
#include "tests/backends/draw.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::cuda;

TEST_CASE("accumulators become states as apply_scale says, for every scale") {
    Draw draw(1);
    const auto check = [](Scale scale, std::int32_t accumulator, std::int32_t sum) {
        INFO(accumulator << " x " << scale.mantissa << " 2^" << scale.exponent << ", sum " << sum);
        REQUIRE(state_of(accumulator + sum, state_rule(scale, sum)) == apply_scale(accumulator, scale));
    };
    for (int k = 0; k < draws; ++k) {
        const Scale scale = k % 100 == 0 ? Scale{} : (k % 2 == 0 ? draw.scale(-80, 30) : draw.scale(-16, 2));
        check(scale, draw.number(-(1 << 23) + 1, (1 << 23) - 1) >> draw.number(0, 20),
              draw.number(-(1 << 20), 1 << 20));
    }
    // where the rule's form changes, and one beyond
    for (const int exponent : {-41, -40, -39, -33, -32, -31, -16, -15, -14, -1, 0, 1, 7, 8, 9, 13, 14, 15})
        for (const std::uint16_t mantissa : {32768, 32769, 65535})
            for (const std::int32_t accumulator :
                 {0, 1, -1, 127, -127, 255, 256, 257, -256, (1 << 23) - 1, -(1 << 23) + 1})
                check({mantissa, static_cast<std::int16_t>(exponent)}, accumulator, 12345);
}

TEST_CASE("rules in shared memory are the rules that were set") {
    StateRules<2> rules{};
    const StateRule rule = state_rule(Scale{40000, -35}, 77);
    rules.set(1, rule);
    CHECK(rules[1].offset == rule.offset);
    CHECK(rules[1].range == rule.range);
    CHECK(rules[1].mantissa == rule.mantissa);
    CHECK(rules[1].shifts == rule.shifts);
    CHECK(rules[1].add == rule.add);
}

TEST_CASE("four activations of a word are quantize_activation's") {
    Draw draw(2);
    for (int k = 0; k < draws; ++k) {
        const std::int32_t peak = draw.number(1, std::int64_t{1} << draw.number(1, 30));
        const Scale scale = multiply(Scale{127 << 9, -9}, reciprocal(to_scale(static_cast<std::uint32_t>(peak))));
        const ActivationScale how = activation_scale(static_cast<std::uint32_t>(peak), detail::reciprocal_table.data());
        const Gained p{{peak, -peak, draw.number(-peak, peak), draw.number(-peak, peak)}};
        const auto word = static_cast<std::uint32_t>(quantized_word(p, how));
        for (int j = 0; j < 4; ++j)
            REQUIRE(static_cast<std::int8_t>(word >> (8 * j)) == quantize_activation(p.p[j], scale));
    }
}

TEST_CASE("gate and residual sum equal those of core/fixed.hpp") {
    Draw draw(3);
    for (int k = 0; k < draws; ++k) {
        ProductArguments formats{};
        formats.z_bits = draw.number(8, 23);
        formats.y_bits = draw.number(0, std::min(23, 2 * formats.z_bits - least_product_shift));
        formats.shift = draw.number(-23, 23);
        const FinishArithmetic finish(formats, device_sigmoid_entries.data());
        const std::int32_t z1 = draw.state(), z2 = draw.state(), x = draw.state(), state = draw.state();
        const std::int64_t silu_z1 = silu(z1, formats.z_bits);
        INFO("z " << z1 << ", " << z2 << "; bits " << formats.z_bits << ", " << formats.y_bits);
        REQUIRE(finish.gate(z1, z2) == saturate24(round_shift(silu_z1 * z2, 2 * formats.z_bits - formats.y_bits)));
        REQUIRE(finish.sum(x, state) == saturate24(std::int64_t{shift_state(x, formats.shift)} + state));
    }
}

TEST_CASE("a product of states is exact at the fewest and at the most bits that it loses") {
    Draw draw(4);
    for (const int shift : {least_product_shift, least_product_shift + 1, 31, 32, 33, 46})
        for (int k = 0; k < draws / 40; ++k) {
            const std::int32_t a = k == 0 ? state_min : draw.state(), b = k < 2 ? state_min : draw.state();
            REQUIRE(StateProduct(shift)(a, b) == saturate24(round_shift(std::int64_t{a} * b, shift)));
        }
}

TEST_CASE("sigmoid and shift without branches equal those of core/fixed.hpp") {
    Draw draw(6);
    const SigmoidEntry* const table = device_sigmoid_entries.data();
    for (int bits = 0; bits <= most_fraction_bits; ++bits) {
        const SigmoidFormat format = sigmoid_format(bits);
        for (int k = 0; k < draws / 20; ++k) {
            const std::int32_t z = k == 0 ? -state_min : (k == 1 ? state_min : draw.state());
            REQUIRE(sigmoid_of(z, format, table) == sigmoid(z, bits));
            if (z <= state_max) REQUIRE(silu_of(z, format, table) == silu(z, bits));
        }
    }
    for (int shift = -23; shift <= 23; ++shift)
        for (int k = 0; k < draws / 40; ++k) {
            const std::int32_t a = k == 0 ? state_max : (k == 1 ? state_min : draw.state());
            REQUIRE(StateShift(shift)(a) == shift_state(a, shift));
        }
}

TEST_CASE("a step of the recurrence equals the one of core/fixed.hpp") {
    Draw draw(7);
    for (int k = 0; k < draws; ++k) {
        RecurrenceFormats formats{draw.number(8, 23), draw.number(8, 23), draw.number(8, 23), draw.number(8, 23), 0};
        formats.t = draw.number(0, std::min(23, formats.g + formats.h - least_product_shift));
        const std::int32_t f = draw.state(), i = draw.state(), g = draw.state(), h = draw.state();
        const std::int32_t one_minus_lower = k % 8 == 0 ? draw.number(0, 4) : draw.number(0, probability_one);
        const std::int64_t forget =
            round_shift(std::int64_t{one_minus_lower} * sigmoid(-f, formats.f), probability_bits);
        const std::int64_t candidate = shift_state(saturate24(silu(i, formats.i)), formats.i - formats.h);
        const std::int64_t next = h + round_shift(forget * (candidate - h), probability_bits);
        const GatedRecurrence recurrence(formats, device_sigmoid_entries.data());
        REQUIRE(advance(h, recurrence.prepare(f, i, one_minus_lower)) == next);
        const std::int64_t silu_h = silu(h, formats.h);
        REQUIRE(recurrence.gate(g, h) == saturate24(round_shift(silu_h * g, formats.g + formats.h - formats.t)));
    }
}

// The arithmetic of CUDA kernels against core/fixed.hpp, compiled for the host; no GPU needed.
#include "tests/backends/on_host.hpp"
// then what is tested
#include "backends/cuda/finish.cuh"
#include "backends/cuda/finish_many.cuh"
#include "backends/cuda/numerics.cuh"
#include "backends/cuda/recurrence_steps.cuh"
#include "tests/backends/draw.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::cuda;

TEST_CASE("accumulators become states as apply_scale says, for every scale") {
    Draw draw(1);
    for (int k = 0; k < draws; ++k) {
        const Scale scale = k % 100 == 0 ? Scale{} : (k % 2 == 0 ? draw.scale(-80, 30) : draw.scale(-16, 2));
        const std::int32_t sum = draw.number(-(1 << 20), 1 << 20);
        const std::int32_t accumulator = draw.number(-(1 << 20), 1 << 20) >> draw.number(0, 20);
        INFO(accumulator << " x " << scale.mantissa << " 2^" << scale.exponent);
        REQUIRE(state_of(accumulator + sum, ready_state(scale, sum)) == apply_scale(accumulator, scale));
    }
}

TEST_CASE("four activations of a word are quantize_activation's") {
    Draw draw(2);
    for (int k = 0; k < draws; ++k) {
        const std::int32_t peak = draw.number(1, std::int64_t{1} << draw.number(1, 30));
        const Scale scale = quantize_scale(static_cast<std::uint32_t>(peak));
        const Gained p{{peak, -peak, draw.number(-peak, peak), draw.number(-peak, peak)}};
        const auto word = static_cast<std::uint32_t>(quantized_word(p, quantizer(scale)));
        for (int j = 0; j < 4; ++j)
            REQUIRE(static_cast<std::int8_t>(word >> (8 * j)) == quantize_activation(p.p[j], scale));
    }
}

TEST_CASE("gate and residual sum without branches equal the plain ones") {
    Draw draw(3);
    for (int k = 0; k < draws; ++k) {
        ProductArguments formats{};
        formats.z_bits = draw.number(8, 23);
        formats.y_bits = draw.number(0, std::min(23, 2 * formats.z_bits));
        formats.shift = draw.number(-10, 25);
        const QuickFinish quick(formats, device_sigmoid_entries.data());
        const PlainFinish plain{formats};
        const std::int32_t z1 = draw.state(), z2 = draw.state(), x = draw.state(), state = draw.state();
        const std::int64_t silu_z1 = silu(z1, formats.z_bits);
        const std::int32_t y = saturate24(round_shift(silu_z1 * z2, 2 * formats.z_bits - formats.y_bits));
        INFO("z " << z1 << ", " << z2 << "; bits " << formats.z_bits << ", " << formats.y_bits);
        REQUIRE(plain.gate(z1, z2) == y);
        if (QuickFinish::fits(Finish::unit, formats)) REQUIRE(quick.gate(z1, z2) == y);
        const std::int32_t sum = saturate24(std::int64_t{shift_state(x, formats.shift)} + state);
        REQUIRE(plain.sum(x, state) == sum);
        REQUIRE(quick.sum(x, state) == sum);
    }
}

TEST_CASE("a step of the recurrence in two products equals the one of core/fixed.hpp") {
    Draw draw(4);
    for (int k = 0; k < draws; ++k) {
        RecurrenceFormats formats{draw.number(10, 22), draw.number(10, 22), draw.number(10, 22), draw.number(10, 22),
                                  0};
        formats.t = draw.number(0, formats.g + formats.h);
        const std::int32_t f = draw.state(), i = draw.state(), g = draw.state(), h = draw.state();
        const std::int32_t one_minus_lower = draw.number(0, probability_one);
        const std::int64_t forget =
            round_shift(std::int64_t{one_minus_lower} * sigmoid(-f, formats.f), probability_bits);
        const std::int64_t candidate = shift_state(saturate24(silu(i, formats.i)), formats.i - formats.h);
        const std::int64_t next = h + round_shift(forget * (candidate - h), probability_bits);
        REQUIRE(advance(h, recurrence_step(formats, f, i, one_minus_lower)) == next);
        const std::int64_t silu_h = silu(h, formats.h);
        if (formats.g + formats.h - formats.t <= 61)
            REQUIRE(mixed(formats, g, h) == saturate24(round_shift(silu_h * g, formats.g + formats.h - formats.t)));
    }
}

TEST_CASE("scales of 32 bits, by given tables, equal those of core/fixed.hpp") {
    Draw draw(8);
    for (int k = 0; k < draws; ++k) {
        const auto peak = static_cast<std::uint32_t>(draw.number(0, state_max) >> draw.number(0, 23)) + k % 2;
        const auto same = [](Scale a, Scale b) { return a.mantissa == b.mantissa && a.exponent == b.exponent; };
        REQUIRE(same(scale_of_peak(peak), to_scale(peak)));
        const Scale a = draw.scale(-40, 40);
        REQUIRE(same(device_reciprocal(a, detail::reciprocal_table.data()), reciprocal(a)));
        REQUIRE(same(device_inverse_sqrt(a, detail::inverse_sqrt_table.data()), inverse_sqrt(a)));
    }
}

TEST_CASE("states of many tokens are apply_scale's, for the scales that their finish takes") {
    Draw draw(5);
    for (int k = 0; k < draws; ++k) {
        const Scale scale = k % 100 == 0 ? Scale{} : (k % 2 == 0 ? draw.scale(-31, 0) : draw.scale(-12, 0));
        REQUIRE(countable(scale));
        const std::int32_t sum = draw.number(-(1 << 20), 1 << 20);
        const std::int32_t accumulator = draw.number(-(1 << 23) + 1, (1 << 23) - 1) >> draw.number(0, 20);
        const CountedState state = counted_state(scale, sum);
        INFO(accumulator << " x " << scale.mantissa << " 2^" << scale.exponent);
        REQUIRE(state_of(accumulator + sum, state.limits, state.add) == apply_scale(accumulator, scale));
    }
}

TEST_CASE("sigmoid and shift without branches equal those of core/fixed.hpp") {
    Draw draw(6);
    const SigmoidEntry* const table = device_sigmoid_entries.data();
    for (int bits = 0; bits <= 23; ++bits) {
        const SigmoidFormat format = sigmoid_format(bits);
        for (int k = 0; k < draws / 20; ++k) {
            const std::int32_t z = k == 0 ? -state_min : (k == 1 ? state_min : draw.state());
            REQUIRE(quick_sigmoid(z, format, table) == sigmoid(z, bits));
            if (z <= state_max) REQUIRE(quick_silu(z, format, table) == silu(z, bits));
        }
    }
    for (int shift = -23; shift <= 23; ++shift)
        for (int k = 0; k < draws / 40; ++k) {
            const std::int32_t a = k == 0 ? state_max : (k == 1 ? state_min : draw.state());
            REQUIRE(QuickShift(shift)(a) == shift_state(a, shift));
        }
}

TEST_CASE("a step along the tokens equals the one of core/fixed.hpp") {
    Draw draw(7);
    for (int k = 0; k < draws; ++k) {
        const RecurrenceFormats formats{draw.number(10, 22), draw.number(10, 22), draw.number(10, 22),
                                        draw.number(10, 22), draw.number(0, 4)};
        const std::int32_t f = draw.state(), i = draw.state(), g = draw.state(), h = draw.state();
        const std::int32_t one_minus_lower = k % 8 == 0 ? draw.number(0, 4) : draw.number(0, probability_one);
        const std::int64_t forget =
            round_shift(std::int64_t{one_minus_lower} * sigmoid(-f, formats.f), probability_bits);
        const std::int64_t candidate = shift_state(saturate24(silu(i, formats.i)), formats.i - formats.h);
        const std::int64_t next = h + round_shift(forget * (candidate - h), probability_bits);
        REQUIRE(QuickSteps::fits(formats));
        const QuickSteps quick(formats, device_sigmoid_entries.data());
        const PlainSteps plain{formats};
        for (const WalkStep& step : {quick.prepare(f, i, one_minus_lower), plain.prepare(f, i, one_minus_lower)})
            REQUIRE(static_cast<std::int32_t>(advance(static_cast<std::uint32_t>(h - state_min), step.keep, step.add)) +
                        state_min ==
                    next);
        REQUIRE(quick.finish(g, h) == plain.finish(g, h));
    }
}

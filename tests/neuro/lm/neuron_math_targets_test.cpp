// The vector loops of the neuron models against the definition, at the borders of the tables and of the 24 bits.
// (The vectors of neuron_math_test.cpp are shorter than one pass of those loops.)
#include <numeric>

#include "core/fixed.hpp"
#include "core/philox.hpp"
#include "neuro/lm/neuron_math.hpp"
#include "tests/neuro/on_every_target.hpp"

using namespace tephra;
using test::on_every_target;

namespace {

using States = std::vector<std::int32_t>;

constexpr Scale one{32768, -15};
constexpr std::size_t odd_size = 1723;  // leaves elements over at every vector length

std::uint32_t word(std::uint32_t stream, std::uint64_t id) {
    return random_words(17, stream, id, 0)[0];
}

/// States of all magnitudes: the extremes first, then random ones.
States mixed_states(std::uint32_t stream) {
    States x{state_min, state_min + 1, state_max, state_max - 1, 0, 1, -1};
    for (std::size_t j = x.size(); j < odd_size; ++j)
        x.push_back(static_cast<std::int32_t>(word(stream, j)) >> (8 + word(stream, j + 65536) % 24));
    return x;
}

/// Every border of the sigmoid's table in this format, and its neighbours, of both signs; then random states.
States sigmoid_borders(int fraction_bits) {
    States z = mixed_states(1);
    for (int k = 0; k <= 256; ++k)
        for (const int beside : {-1, 0, 1}) {
            const std::int64_t border = ((std::int64_t{k} << fraction_bits) >> 4) + beside;
            z.push_back(saturate24(border));
            z.push_back(saturate24(-border));
        }
    return z;
}

}  // namespace

TEST_CASE("the gated unit follows its formula across the whole sigmoid table on every target") {
    on_every_target([] {
        for (int bits = 0; bits <= 23; ++bits) {
            INFO("fraction bits " << bits);
            const BlockFormats formats{.z = bits, .y = std::min(bits + 3, 2 * bits)};
            const States z1 = sigmoid_borders(bits);
            States z2 = z1, expected, y(z1.size());
            std::rotate(z2.begin(), z2.begin() + 100, z2.end());
            for (std::size_t j = 0; j < z1.size(); ++j)
                expected.push_back(
                    saturate24(round_shift(std::int64_t{silu(z1[j], bits)} * z2[j], 2 * bits - formats.y)));
            gated_unit(formats, one, z1, z2, y);
            CHECK(y == expected);
        }
    });
}

TEST_CASE("the recurrence follows its formula in many formats on every target") {
    on_every_target([] {
        for (std::uint32_t round = 0; round < 40; ++round) {
            const auto bits = [&](std::uint32_t id) { return static_cast<int>(word(5, 8 * round + id) % 24); };
            BlockFormats formats{.f = bits(0), .i = bits(1), .g = bits(2), .h = bits(3)};
            formats.t = std::min(23, formats.g + formats.h);
            INFO("f " << formats.f << " i " << formats.i << " g " << formats.g << " h " << formats.h);
            const States f = mixed_states(6), i = mixed_states(7), g = mixed_states(8), before = mixed_states(9);
            States lower = mixed_states(10), h = before, t(h.size());
            for (std::int32_t& value : lower) value &= state_max;
            std::uint64_t second = 0;
            States expected_h, expected_t;
            for (std::size_t j = 0; j < h.size(); ++j) {
                const std::int64_t c = round_shift(std::int64_t{lower[j]} * sigmoid(-f[j], formats.f), 23);
                const std::int64_t u = shift_state(silu(i[j], formats.i), formats.i - formats.h);
                expected_h.push_back(saturate24(before[j] + round_shift(c * (u - before[j]), 23)));
                expected_t.push_back(saturate24(round_shift(std::int64_t{g[j]} * silu(expected_h[j], formats.h),
                                                            formats.g + formats.h - formats.t)));
                second += static_cast<std::uint64_t>(std::int64_t{g[j]} * g[j]);
            }
            CHECK(gated_recurrence(formats, {one, one, one}, {f, i, g, lower, h, t}) == second);
            CHECK(h == expected_h);
            CHECK(t == expected_t);
        }
    });
}

TEST_CASE("the residual shifts by every number of bits on every target") {
    on_every_target([] {
        const States x = mixed_states(2), acc = mixed_states(3);
        for (int shift = -24; shift <= 62; ++shift) {
            INFO("shift " << shift);
            States expected, out(x.size());
            for (std::size_t j = 0; j < x.size(); ++j)
                expected.push_back(saturate24(std::int64_t{shift_state(x[j], shift)} + acc[j]));
            add_residual(x, shift, acc, one, out);
            CHECK(out == expected);
        }
    });
}

TEST_CASE("quantized activations come with their sum on every target") {
    on_every_target([] {
        const States x = mixed_states(4);
        std::vector<std::int16_t> gain;
        for (std::size_t j = 0; j < x.size(); ++j)
            gain.push_back(static_cast<std::int16_t>(word(11, j) % 65535 - 32767));
        for (int exponent = -61; exponent <= 16; ++exponent) {
            INFO("exponent " << exponent);
            const Scale scale{51234, static_cast<std::int16_t>(exponent)};
            std::vector<std::int8_t> expected, q(x.size());
            for (std::size_t j = 0; j < x.size(); ++j)
                expected.push_back(quantize_activation(
                    static_cast<std::int32_t>(round_shift(std::int64_t{x[j]} * gain[j], 8)), scale));
            CHECK(quantize_states(x, gain, scale, q) == std::accumulate(expected.begin(), expected.end(), 0));
            CHECK(q == expected);
        }
    });
}

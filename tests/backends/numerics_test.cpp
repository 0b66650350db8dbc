// The arithmetic of CUDA kernels against core/fixed.hpp, compiled for the host; no GPU needed.
#include "tests/backends/on_host.hpp"
// then what is tested
#include "backends/cuda/finish.cuh"
#include "backends/cuda/numerics.cuh"
#include "core/philox.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::cuda;

namespace {

/// Numbers in [low, high] that follow from a seed.
class Draw {
public:
    explicit Draw(std::uint64_t seed) : seed_(seed) {}
    std::int64_t operator()(std::int64_t low, std::int64_t high) {
        const auto words = random_words(seed_, 1, next_++, 0);
        const std::uint64_t word = std::uint64_t{words[0]} << 32 | words[1];
        return low + static_cast<std::int64_t>(word % static_cast<std::uint64_t>(high - low + 1));
    }
    std::int32_t number(std::int64_t low, std::int64_t high) { return static_cast<std::int32_t>((*this)(low, high)); }
    /// A state of any magnitude.
    std::int32_t state() { return number(state_min, state_max) >> number(0, 23); }
    Scale scale(int smallest, int largest) {
        return {static_cast<std::uint16_t>((*this)(32768, 65535)),
                static_cast<std::int16_t>((*this)(smallest, largest))};
    }

private:
    std::uint64_t seed_, next_ = 0;
};

constexpr int draws = 200000;

}  // namespace

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
        const auto word = static_cast<std::uint32_t>(quantized_word(p, ready(scale)));
        for (int j = 0; j < 4; ++j)
            REQUIRE(static_cast<std::int8_t>(word >> (8 * j)) == quantize_activation(p.p[j], scale));
    }
}

TEST_CASE("gate and residual sum without branches equal the plain ones") {
    Draw draw(3);
    int2 table[256];
    for (std::size_t k = 0; k < 256; ++k) table[k] = {sigmoid_table[k], sigmoid_table[k] - sigmoid_table[k + 1]};
    for (int k = 0; k < draws; ++k) {
        ProductArguments formats{};
        formats.z_bits = draw.number(8, 23);
        formats.y_bits = draw.number(0, std::min(23, 2 * formats.z_bits));
        formats.shift = draw.number(-10, 25);
        const QuickFinish quick(formats, table);
        const PlainFinish plain{formats};
        const std::int32_t z1 = draw.state(), z2 = draw.state(), x = draw.state(), state = draw.state();
        const std::int64_t silu_z1 = silu(z1, formats.z_bits);
        const std::int32_t y = saturate24(round_shift(silu_z1 * z2, 2 * formats.z_bits - formats.y_bits));
        INFO("z " << z1 << ", " << z2 << "; bits " << formats.z_bits << ", " << formats.y_bits);
        REQUIRE(plain.gate(z1, z2) == y);
        if (QuickFinish::fits(Finish::unit, formats)) REQUIRE(quick.gate(z1, z2) == y);
        const std::int32_t sum = saturate24(std::int64_t{shift_state(x, formats.shift)} + state);
        REQUIRE(plain.sum(x, state) == sum);
        if (QuickFinish::fits(Finish::residual, formats)) REQUIRE(quick.sum(x, state) == sum);
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

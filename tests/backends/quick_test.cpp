// The persistent kernel's short forms against core/fixed.hpp, compiled for the host; no GPU needed.
#include "tests/backends/on_host.hpp"
// then what is tested
#include "backends/cuda/quick.cuh"
#include "tests/backends/draw.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::cuda;

namespace {

void require_equal(WideScale got, Scale want) {
    REQUIRE(got.mantissa == want.mantissa);
    if (want.mantissa != 0) REQUIRE(got.exponent == want.exponent);
}

/// Values of every magnitude, with those around powers of two, where mantissas carry.
std::uint64_t any_magnitude(Draw& draw, int bits) {
    const std::uint64_t v = static_cast<std::uint64_t>(draw(1, std::int64_t{1} << draw.number(1, bits)));
    const std::uint64_t power = std::uint64_t{1} << draw.number(0, bits);
    return draw.number(0, 3) == 0 ? power + static_cast<std::uint64_t>(draw.number(0, 2)) - 1 : v;
}

}  // namespace

TEST_CASE("short scales equal those of core/fixed.hpp") {
    Draw draw(11);
    for (int k = 0; k < draws; ++k) {
        const std::uint64_t v = any_magnitude(draw, 62);
        if (v == 0) continue;
        require_equal(quick_scale(v), to_scale(v));
        const auto word = static_cast<std::uint32_t>(any_magnitude(draw, 31));
        if (word != 0) require_equal(quick_scale(word), to_scale(word));
        const Scale a = draw.scale(-40, 40), b = k % 50 == 0 ? Scale{} : draw.scale(-40, 40);
        require_equal(quick_multiply(wide(a), wide(b)), multiply(a, b));
        require_equal(quick_reciprocal(wide(a), detail::reciprocal_table.data()), reciprocal(a));
        require_equal(quick_inverse_sqrt(wide(a), detail::inverse_sqrt_table.data()), inverse_sqrt(a));
    }
    for (std::uint32_t m = 32768; m < 65536; ++m) {
        const Scale even{static_cast<std::uint16_t>(m), 0}, odd{static_cast<std::uint16_t>(m), 1};
        require_equal(quick_reciprocal(wide(even), detail::reciprocal_table.data()), reciprocal(even));
        require_equal(quick_inverse_sqrt(wide(even), detail::inverse_sqrt_table.data()), inverse_sqrt(even));
        require_equal(quick_inverse_sqrt(wide(odd), detail::inverse_sqrt_table.data()), inverse_sqrt(odd));
    }
}

TEST_CASE("the short quantizer is the plain one, for every peak of 20 bits and many others") {
    Draw draw(12);
    const auto check = [](std::uint32_t peak) {
        const Quantizer got = quick_quantizer(peak, detail::reciprocal_table.data());
        const Quantizer want = quantizer(quantize_scale(peak));
        REQUIRE(got.factor == want.factor);
        if (peak != 0) REQUIRE(got.up == want.up);
    };
    for (std::uint32_t peak = 0; peak <= 1U << 20; ++peak) check(peak);
    for (int k = 0; k < draws; ++k) check(static_cast<std::uint32_t>(any_magnitude(draw, 30)));
}

TEST_CASE("the short inverse root mean square is the plain one") {
    Draw draw(13);
    for (int k = 0; k < draws; ++k) {
        NormConstants norm{};
        norm.epsilon = k % 3 == 0 ? 0 : any_magnitude(draw, 50);
        norm.second_epsilon = k % 2 == 0 ? draw.scale(-70, -1) : Scale{};
        const std::uint64_t sum = k % 7 == 0 ? 0 : any_magnitude(draw, 61);
        const std::uint64_t second = k % 5 == 0 ? 0 : any_magnitude(draw, 61);
        require_equal(
            quick_inverse_rms(norm.epsilon, wide(norm.second_epsilon), sum, second, detail::inverse_sqrt_table.data()),
            inverse_rms(norm, sum, second));
    }
}

TEST_CASE("sums become states by the short rule as apply_scale says, for every scale") {
    Draw draw(14);
    for (int k = 0; k < draws; ++k) {
        const Scale scale = k % 100 == 0 ? Scale{} : (k % 2 == 0 ? draw.scale(-80, 30) : draw.scale(-16, 2));
        const std::int32_t sum = draw.number(-(1 << 23), 1 << 23) >> draw.number(0, 23);
        INFO(sum << " x " << scale.mantissa << " 2^" << scale.exponent);
        REQUIRE(state_of(sum, state_rule(wide(scale))) == apply_scale(sum, scale));
    }
}

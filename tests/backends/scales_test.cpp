// The scales of CUDA kernels against core/fixed.hpp and neuro/lm/neuron_math.hpp, compiled for the host; no GPU needed.
#include "tests/backends/on_host.hpp"
// then what is tested
#include "backends/cuda/arithmetic/scales.cuh"
#include "neuro/lm/neuron_math.hpp"
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

TEST_CASE("scales in words equal those of core/fixed.hpp") {
    Draw draw(11);
    for (int k = 0; k < draws; ++k) {
        const std::uint64_t v = any_magnitude(draw, 62);
        if (v == 0) continue;
        require_equal(wide_scale(v), to_scale(v));
        const auto word = static_cast<std::uint32_t>(any_magnitude(draw, 31));
        if (word != 0) require_equal(wide_scale(word), to_scale(word));
        const Scale a = draw.scale(-40, 40), b = k % 50 == 0 ? Scale{} : draw.scale(-40, 40);
        require_equal(multiply(wide(a), wide(b)), multiply(a, b));
        require_equal(reciprocal(wide(a), detail::reciprocal_table.data()), reciprocal(a));
        require_equal(inverse_sqrt(wide(a), detail::inverse_sqrt_table.data()), inverse_sqrt(a));
    }
    for (std::uint32_t m = 32768; m < 65536; ++m) {
        const Scale even{static_cast<std::uint16_t>(m), 0}, odd{static_cast<std::uint16_t>(m), 1};
        require_equal(reciprocal(wide(even), detail::reciprocal_table.data()), reciprocal(even));
        require_equal(inverse_sqrt(wide(even), detail::inverse_sqrt_table.data()), inverse_sqrt(even));
        require_equal(inverse_sqrt(wide(odd), detail::inverse_sqrt_table.data()), inverse_sqrt(odd));
    }
}

TEST_CASE("an activation scale is 127 / peak, for every peak of 20 bits and many others") {
    Draw draw(12);
    const auto check = [](std::uint32_t peak) {
        const ActivationScale got = activation_scale(peak, detail::reciprocal_table.data());
        const Scale scale = multiply(Scale{127 << 9, -9}, reciprocal(to_scale(peak)));
        const int shift = -scale.exponent, up = std::max(25 - shift, 0);
        REQUIRE(got.factor == (peak == 0 ? 0 : static_cast<std::int32_t>(scale.mantissa) << (40 - shift - up)));
        if (peak != 0) REQUIRE(got.up == up);
    };
    for (std::uint32_t peak = 0; peak <= 1U << 20; ++peak) check(peak);
    for (int k = 0; k < draws; ++k) check(static_cast<std::uint32_t>(any_magnitude(draw, 30)));
}

TEST_CASE("the inverse root mean square is the one of the norm") {
    Draw draw(13);
    NormParameters norm;
    norm.outputs = 1;
    norm.factor[0] = {32768, -15};  // one, as is the peak: the scale that is left is the inverse root mean square
    for (int k = 0; k < draws; ++k) {
        norm.epsilon = k % 3 == 0 ? 0 : any_magnitude(draw, 50);
        norm.second_epsilon = k % 2 == 0 ? draw.scale(-70, -1) : Scale{};
        NormRecord record;
        record.sum = k % 7 == 0 ? 0 : any_magnitude(draw, 61);
        record.second = k % 5 == 0 ? 0 : any_magnitude(draw, 61);
        record.peak[0] = 1;
        require_equal(inverse_rms(norm.epsilon, wide(norm.second_epsilon), record.sum, record.second,
                                  detail::inverse_sqrt_table.data()),
                      norm_scales(norm, record).dequantize[0]);
    }
}

#pragma once
// The scales of core/fixed.hpp and of the norm of neuro/neuron_math.hpp on the device. Only what reads a table is
// written again here; everything else is core/fixed.hpp itself.
#include <cstdint>

#include "backends/cuda/views.hpp"
#include "core/fixed.hpp"

namespace tephra::cuda {

__device__ constexpr auto device_reciprocals = detail::reciprocal_table;
__device__ constexpr auto device_inverse_roots = detail::inverse_sqrt_table;

/// to_scale: the standard library's count of leading zeros does not work in device code.
__device__ inline Scale device_to_scale(std::uint64_t v) {
    if (v == 0) return {};
    const int width = 64 - __clzll(static_cast<long long>(v));
    if (width <= 16) return {static_cast<std::uint16_t>(v << (16 - width)), static_cast<std::int16_t>(width - 16)};
    const int shift = width - 16;
    const auto m = static_cast<std::uint32_t>((v >> shift) + ((v >> (shift - 1)) & 1));
    return detail::carry(m, shift);
}

/// seeds: device_reciprocals or a nearer copy.
__device__ inline Scale device_reciprocal(Scale a, const std::uint32_t* seeds = device_reciprocals.data()) {
    if (a.mantissa == 0) return {};
    const std::uint64_t seed = seeds[(a.mantissa >> 7) - 256];
    const std::uint64_t rest = (std::uint64_t{1} << 32) - a.mantissa * seed;
    const auto y = static_cast<std::uint32_t>((seed * rest + (std::uint64_t{1} << 30)) >> 31);
    return detail::carry(y, -31 - a.exponent);
}

/// seeds: device_inverse_roots or a nearer copy.
__device__ inline Scale device_inverse_sqrt(Scale a, const std::uint32_t* seeds = device_inverse_roots.data()) {
    if (a.mantissa == 0) return {};
    const int exponent = a.exponent + 16;
    const bool odd = (exponent & 1) != 0;
    const std::uint64_t u = odd ? a.mantissa : std::uint64_t{a.mantissa} << 1;
    const int half = (exponent + (odd ? 1 : 0)) / 2;
    const std::uint64_t seed = seeds[(u >> 8) - 128];
    const std::uint64_t t = (u * (seed * seed)) >> 17;
    const std::uint64_t rest = 3 * (std::uint64_t{1} << 30) - t;
    const auto y = static_cast<std::uint32_t>((seed * rest + (std::uint64_t{1} << 30)) >> 31);
    return detail::carry(y, -15 - half);
}

/// to_scale of 32 bits.
__device__ inline Scale scale_of_peak(std::uint32_t v) {
    if (v == 0) return {};
    const int width = 32 - __clz(static_cast<int>(v));
    if (width <= 16) return {static_cast<std::uint16_t>(v << (16 - width)), static_cast<std::int16_t>(width - 16)};
    const int shift = width - 16;
    return detail::carry((v >> shift) + ((v >> (shift - 1)) & 1), shift);
}

/// 127 / peak.
__device__ inline Scale quantize_scale(std::uint32_t peak, const std::uint32_t* seeds = device_reciprocals.data()) {
    return multiply(Scale{127 << 9, -9}, device_reciprocal(scale_of_peak(peak), seeds));
}

/// 1 / sqrt(sum + epsilon + second_epsilon x second).
__device__ inline Scale inverse_rms(const NormConstants& norm, std::uint64_t sum, std::uint64_t second,
                                    const std::uint32_t* seeds = device_inverse_roots.data()) {
    sum += norm.epsilon;
    const Scale extra = multiply(device_to_scale(second), norm.second_epsilon);
    if (extra.mantissa != 0) {
        if (extra.exponent >= 0)
            sum += std::uint64_t{extra.mantissa} << (extra.exponent < 46 ? extra.exponent : 46);
        else if (extra.exponent >= -17)
            sum += static_cast<std::uint64_t>(round_shift(extra.mantissa, -extra.exponent));
    }
    return device_inverse_sqrt(device_to_scale(sum > 1 ? sum : 1), seeds);
}

__device__ inline Scale dequantize_scale(Scale factor, std::uint32_t peak, Scale inverse) {
    return multiply(multiply(factor, scale_of_peak(peak)), inverse);
}

}  // namespace tephra::cuda

#pragma once
// Which instruction set the kernels use: chosen at run time, the best that this processor has. All give equal bits.
#include <cstdint>
#include <string_view>
#include <vector>

namespace tephra {

enum class SimdTarget : std::uint8_t {
    portable,     ///< plain loops
    avx2,         ///< 256 bit
    avx512_vnni,  ///< 512 bit with byte dot products (Ice Lake, Zen 4 and later)
};

/// "portable", "avx2" or "avx512-vnni".
std::string_view to_string(SimdTarget target);

/// The targets that this processor can run, slowest first.
std::vector<SimdTarget> supported_simd_targets();

/// Makes every kernel use one supported target from now on (tests, benchmarks). Call while no kernel is running.
void force_simd_target(SimdTarget target);

/// Returns to the best target.
void release_simd_target();

}  // namespace tephra

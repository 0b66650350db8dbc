// What the ternary kernels share: vectors of packed codes and their product with int8 activations, for the instruction
// set that Highway is compiling now. Included once for each by a file that uses foreach_target and, before it,
//     #define HWY_WANT_AVX3_DL
//     #define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
//
// A chunk of 64 packed bytes holds 256 codes w + 1 in four bit planes. Masking plane p leaves 64 codes scaled by 4^p,
// which one byte dot product (vpdpbusd, or maddubs) multiplies with 64 consecutive activations: nothing is shifted to
// unpack. The sums of plane p are multiples of 4^p, so one exact division at the end scales them back.
#if defined(TEPHRA_NEURO_TERNARY_VECTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TEPHRA_NEURO_TERNARY_VECTOR_INL
#undef TEPHRA_NEURO_TERNARY_VECTOR_INL
#else
#define TEPHRA_NEURO_TERNARY_VECTOR_INL
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "neuro/lm/ternary.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Products of `rows` rows of codes with one activation vector (neuro/lm/kernels.cpp).
void matvec(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q, std::int32_t q_sum,
            std::int32_t* out, const std::uint8_t* next);

#if HWY_TARGET <= HWY_AVX2

constexpr hn::ScalableTag<std::uint8_t> code_tag;
constexpr hn::ScalableTag<std::int8_t> activation_tag;
constexpr hn::ScalableTag<std::int32_t> sum_tag;
using Codes = hn::Vec<decltype(code_tag)>;
using Activations = hn::Vec<decltype(activation_tag)>;
using Sums = hn::Vec<decltype(sum_tag)>;
constexpr std::size_t vector_bytes = hn::MaxLanes(code_tag);
constexpr std::size_t lanes = hn::MaxLanes(sum_tag);
constexpr std::size_t plane_columns = 64;

#if HWY_TARGET == HWY_AVX3_DL

/// sums[i] + codes[4 i .. 4 i + 3] . activations[4 i .. 4 i + 3]
HWY_INLINE Sums dot(Sums sums, Codes codes, Activations activations) {
    // Not the intrinsic: Highway 1.0.3 compiles this target with AVX-VNNI, which Zen 4 lacks, in place of AVX-512 VNNI,
    // which every processor has that Highway picks it for. In order, or compilers run out of registers.
    asm volatile("vpdpbusd %2, %1, %0" : "+v"(sums.raw) : "v"(codes.raw), "v"(activations.raw));
    return sums;
}

#endif

template <std::size_t plane>
HWY_INLINE Codes mask_plane(Codes packed) {
    return hn::And(packed, hn::Set(code_tag, static_cast<std::uint8_t>(3U << (2 * plane))));
}

HWY_INLINE void prefetch(const std::uint8_t* address) {
    __builtin_prefetch(address, 0, 2);
}

/// Tokens that share tables.
constexpr std::size_t table_tokens = HWY_TARGET == HWY_AVX2 ? 16 : 4;

/// Products of `rows` rows of codes with a multiple of table_tokens activation vectors, out[token][row]. Activations in
/// [-127, 127]. next: as of ternary_matmul(). With AVX2 in neuro/lm/kernels_table.cpp, with AVX-512 in
/// neuro/lm/kernels_permute.cpp.
void multiply_by_tables(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q,
                        std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride,
                        const std::uint8_t* next);

#endif

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

// Matrix x vector. Bound by the memory that holds the weights.
// Compiled once for each instruction set by foreach_target.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/lm/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "neuro/lm/kernels.hpp"
#include "neuro/lm/ternary_vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {

#if HWY_TARGET <= HWY_AVX2

/// Bytes between use and prefetch, into the second cache: hides the way from memory and the borders of pages, where the
/// processor's own prefetching starts anew. Measured: 8 to 64 KiB read at the full rate, none or 4 KiB at 40 % of it.
/// The last of them go to the start of the next product: the rows behind this one's are often another thread's.
constexpr std::size_t prefetch_distance = 16384;

/// What to prefetch beside byte `place` of `end`, behind which `next` is read.
HWY_INLINE const std::uint8_t* ahead_of(const std::uint8_t* codes, std::size_t place, std::size_t end,
                                        const std::uint8_t* next) {
    place += prefetch_distance;
    return place < end || next == nullptr ? codes + place : next + (place - end);
}

#if HWY_TARGET == HWY_AVX2

using Parts = hn::Vec<hn::ScalableTag<std::int16_t>>;

/// Packed bytes of a row whose products 16 bits hold: a lane gets 8 times 2 planes of 2 x (4 x 2) x -128, -2^15 in all.
constexpr std::size_t part_bytes = 256;

/// Adds one vector of packed bytes. All planes lie in 16 bits, so nothing is widened, and one shift serves two of them.
HWY_INLINE void add_bytes(Parts& even, Parts& odd, Codes packed, const std::int8_t* q) {
    const auto product = [q](Codes codes, std::size_t plane) HWY_ATTR {
        const auto activations = hn::LoadU(activation_tag, q + plane * plane_columns);
        return Parts{_mm256_maddubs_epi16(codes.raw, activations.raw)};
    };
    const Codes upper{_mm256_srli_epi16(packed.raw, 4)};
    even = hn::Add(even, hn::Add(product(mask_plane<0>(packed), 0), product(mask_plane<0>(upper), 2)));
    odd = hn::Add(odd, hn::Add(product(mask_plane<1>(packed), 1), product(mask_plane<1>(upper), 3)));
}

template <std::size_t rows, std::size_t... row>
HWY_INLINE void dot_rows(const std::uint8_t* codes, std::size_t stride, const std::uint8_t* ahead, const std::int8_t* q,
                         std::int32_t q_sum, std::int32_t* out, std::index_sequence<row...>) {
    std::array<Sums, rows> sums;  // of 4 times the products
    ((sums[row] = hn::Zero(sum_tag)), ...);
    for (std::size_t begin = 0; begin < stride; begin += part_bytes) {
        std::array<Parts, rows> even, odd;  // planes 0 and 2; 4 times planes 1 and 3
        ((even[row] = odd[row] = Parts{_mm256_setzero_si256()}), ...);
        const std::size_t end = std::min(stride, begin + part_bytes);
        for (std::size_t byte = begin; byte < end; byte += ternary_chunk_bytes, q += ternary_chunk_columns) {
            (prefetch(ahead + row * stride + byte), ...);
            for (std::size_t at = 0; at < ternary_chunk_bytes; at += vector_bytes)
                (add_bytes(even[row], odd[row], hn::LoadU(code_tag, codes + row * stride + byte + at), q + at), ...);
        }
        const auto widen = [](Parts parts, std::int16_t scale)
                               HWY_ATTR { return Sums{_mm256_madd_epi16(parts.raw, _mm256_set1_epi16(scale))}; };
        ((sums[row] = hn::Add(sums[row], hn::Add(widen(even[row], 4), widen(odd[row], 1)))), ...);
    }
    ((out[row] = hn::GetLane(hn::SumOfLanes(sum_tag, sums[row])) / 4 - q_sum), ...);
}

/// One row at a time: memory read in order lets a Zen 3 decode 1.37 times as fast as pairs of rows do. Matrices with
/// shorter rows than this are in a cache, and pairs share their loads.
constexpr std::size_t min_row_alone = 256;

void matvec(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q, std::int32_t q_sum,
            std::int32_t* out, const std::uint8_t* next) {
    const std::size_t end = rows * stride;
    std::size_t r = 0;
    for (; stride < min_row_alone && r + 2 <= rows; r += 2)
        dot_rows<2>(codes + r * stride, stride, ahead_of(codes, r * stride, end, next), q, q_sum, out + r,
                    std::make_index_sequence<2>{});
    for (; r < rows; ++r)
        dot_rows<1>(codes + r * stride, stride, ahead_of(codes, r * stride, end, next), q, q_sum, out + r,
                    std::make_index_sequence<1>{});
}

#else

template <std::size_t rows>
using PlaneSums = std::array<Sums, 4 * rows>;  // [plane][row]

template <std::size_t rows, std::size_t plane, std::size_t... row>
HWY_INLINE void add_plane(PlaneSums<rows>& sums, const std::array<Codes, rows>& packed, Activations activations,
                          std::index_sequence<row...>) {
    ((sums[plane * rows + row] = dot(sums[plane * rows + row], mask_plane<plane>(packed[row]), activations)), ...);
}

template <std::size_t rows, std::size_t... plane>
HWY_INLINE void add_planes(PlaneSums<rows>& sums, const std::array<Codes, rows>& packed, const std::int8_t* q,
                           std::index_sequence<plane...>) {
    (add_plane<rows, plane>(sums, packed, hn::LoadU(activation_tag, q + plane * plane_columns),
                            std::make_index_sequence<rows>{}),
     ...);
}

template <std::size_t rows, std::size_t... row>
HWY_INLINE void dot_rows(const std::uint8_t* codes, std::size_t stride, const std::uint8_t* ahead, const std::int8_t* q,
                         std::int32_t q_sum, std::int32_t* out, std::index_sequence<row...> all_rows) {
    PlaneSums<rows> sums;
    sums.fill(hn::Zero(sum_tag));
    for (std::size_t byte = 0; byte < stride; byte += vector_bytes) {
        (prefetch(ahead + row * stride + byte), ...);
        const std::array<Codes, rows> packed{hn::LoadU(code_tag, codes + row * stride + byte)...};
        const std::size_t column = byte / ternary_chunk_bytes * ternary_chunk_columns + byte % ternary_chunk_bytes;
        add_planes<rows>(sums, packed, q + column, std::make_index_sequence<4>{});
    }
    (void)all_rows;
    const auto total = [&](std::size_t r) HWY_ATTR {
        Sums sum = hn::Add(sums[r], hn::ShiftRight<2>(sums[rows + r]));
        sum = hn::Add(sum, hn::ShiftRight<4>(sums[2 * rows + r]));
        sum = hn::Add(sum, hn::ShiftRight<6>(sums[3 * rows + r]));
        return hn::GetLane(hn::SumOfLanes(sum_tag, sum)) - q_sum;
    };
    ((out[row] = total(row)), ...);
}

void matvec(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q, std::int32_t q_sum,
            std::int32_t* out, const std::uint8_t* next) {
    constexpr std::size_t step = 4;
    const std::size_t end = rows * stride;
    const auto ahead = [&](std::size_t r) { return ahead_of(codes, r * stride, end, next); };
    std::size_t r = 0;
    for (; r + step <= rows; r += step)
        dot_rows<step>(codes + r * stride, stride, ahead(r), q, q_sum, out + r, std::make_index_sequence<step>{});
    for (; r < rows; ++r)
        dot_rows<1>(codes + r * stride, stride, ahead(r), q, q_sum, out + r, std::make_index_sequence<1>{});
}

#endif

#else

void matvec(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q, std::int32_t q_sum,
            std::int32_t* out, const std::uint8_t*) {
    for (std::size_t r = 0; r < rows; ++r, codes += stride) {
        std::int32_t sum = -q_sum;
        for (std::size_t chunk = 0; chunk < stride; chunk += ternary_chunk_bytes)
            for (std::size_t plane = 0; plane < 4; ++plane)
                for (std::size_t b = 0; b < ternary_chunk_bytes; ++b)
                    sum += (codes[chunk + b] >> (2 * plane) & 3) * q[chunk * 4 + plane * ternary_chunk_bytes + b];
        out[r] = sum;
    }
}

#endif

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tephra {

HWY_EXPORT(matvec);

std::int32_t activation_sum(std::span<const std::int8_t> q) {
    std::int32_t sum = 0;
    for (const std::int8_t value : q) sum += value;
    return sum;
}

void ternary_matvec(const TernaryMatrix& w, int row_begin, int row_end, std::span<const std::int8_t> q,
                    std::int32_t q_sum, std::span<std::int32_t> out, const std::uint8_t* next) {
    const auto rows = static_cast<std::size_t>(row_end - row_begin);
    assert(0 <= row_begin && row_begin <= row_end && row_end <= w.rows);
    assert(q.size() == padded_activations(w.cols) && out.size() == rows);
    const auto stride = static_cast<std::size_t>(ternary_row_bytes(w.cols));
    HWY_DYNAMIC_DISPATCH(matvec)
    (w.codes.data() + static_cast<std::size_t>(row_begin) * stride, stride, rows, q.data(), q_sum, out.data(), next);
}

}  // namespace tephra
#endif

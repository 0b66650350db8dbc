// Matrix x vector: a few rows at a time share the loads of the activations. Bound by the memory that holds the weights.
// Compiled once for each instruction set by foreach_target.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/lm/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

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
    constexpr std::size_t step = HWY_TARGET == HWY_AVX2 ? 2 : 4;
    const std::size_t end = rows * stride;
    const auto ahead = [&](std::size_t r) {
        const std::size_t place = r * stride + prefetch_distance;
        return place < end || next == nullptr ? codes + place : next + (place - end);
    };
    std::size_t r = 0;
    for (; r + step <= rows; r += step)
        dot_rows<step>(codes + r * stride, stride, ahead(r), q, q_sum, out + r, std::make_index_sequence<step>{});
    for (; r < rows; ++r)
        dot_rows<1>(codes + r * stride, stride, ahead(r), q, q_sum, out + r, std::make_index_sequence<1>{});
}

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

// Compiled once for each instruction set by foreach_target.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/spiking/add_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <array>
#include <cassert>

#include "neuro/spiking/add_rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::spiking::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Vectors of type D from i on, as many as fit; the place where they end.
template <typename D>
HWY_INLINE std::size_t add_vectors(D tag, const std::int16_t* weights, std::int32_t* sums, std::size_t i,
                                   std::size_t length, std::int32_t payload) {
    const hn::Rebind<std::int16_t, D> weight_tag;
    const std::size_t lanes = hn::Lanes(tag);
    if (payload == 1) {
        for (; i + lanes <= length; i += lanes)
            hn::StoreU(hn::Add(hn::LoadU(tag, sums + i), hn::PromoteTo(tag, hn::LoadU(weight_tag, weights + i))), tag,
                       sums + i);
        return i;
    }
    const auto factor = hn::Set(tag, payload);
    for (; i + lanes <= length; i += lanes)
        hn::StoreU(
            hn::Add(hn::LoadU(tag, sums + i), hn::Mul(hn::PromoteTo(tag, hn::LoadU(weight_tag, weights + i)), factor)),
            tag, sums + i);
    return i;
}

void add(const std::int16_t* weights, const WeightRow* rows, std::size_t count, std::int32_t* sums) {
    const hn::ScalableTag<std::int32_t> whole;
    const hn::CappedTag<std::int32_t, 4> four;
    for (std::size_t r = 0; r < count; ++r) {
        const WeightRow row = rows[r];
        const std::int16_t* w = weights + row.weight;
        std::int32_t* s = sums + row.sum;
        std::size_t i = add_vectors(whole, w, s, 0, row.length, row.payload);
        i = add_vectors(four, w, s, i, row.length, row.payload);
        for (; i < row.length; ++i)
            s[i] =
                static_cast<std::int32_t>(static_cast<std::uint32_t>(s[i]) +
                                          static_cast<std::uint32_t>(w[i]) * static_cast<std::uint32_t>(row.payload));
    }
}

/// Adds the sums of `vectors` vectors of columns from `from` on. 127 weights of 9 bits add up within 16.
template <std::size_t vectors>
HWY_INLINE void add_block(const std::int16_t* weights, const std::uint32_t* rows, std::size_t count, std::int32_t* sums,
                          std::size_t from) {
    const hn::ScalableTag<std::int16_t> tag;
    const hn::ScalableTag<std::int32_t> wide;
    const hn::Rebind<std::int16_t, decltype(wide)> narrow_tag;
    const std::size_t lanes = hn::Lanes(tag), wide_lanes = hn::Lanes(wide);
    HWY_ALIGN std::array<std::int16_t, HWY_MAX_BYTES / 2> words{};
    for (std::size_t first = 0; first < count; first += rows_in_16_bits) {
        const std::size_t last = count - first < rows_in_16_bits ? count : first + rows_in_16_bits;
        hn::Vec<decltype(tag)> total[vectors];  // NOLINT(modernize-avoid-c-arrays): vectors may have no size
        for (std::size_t k = 0; k < vectors; ++k) total[k] = hn::Zero(tag);
        for (std::size_t r = first; r < last; ++r) {
            const std::int16_t* row = weights + rows[r] + from;
            for (std::size_t k = 0; k < vectors; ++k) total[k] = hn::Add(total[k], hn::LoadU(tag, row + k * lanes));
        }
        for (std::size_t k = 0; k < vectors; ++k) {
            hn::Store(total[k], tag, words.data());
            for (std::size_t i = 0; i < lanes; i += wide_lanes) {
                std::int32_t* sum = sums + from + k * lanes + i;
                const auto more = hn::PromoteTo(wide, hn::LoadU(narrow_tag, words.data() + i));
                hn::StoreU(hn::Add(hn::LoadU(wide, sum), more), wide, sum);
            }
        }
    }
}

void add_narrow(const std::int16_t* weights, const std::uint32_t* rows, std::size_t count, std::size_t length,
                std::int32_t* sums) {
    const std::size_t lanes = hn::Lanes(hn::ScalableTag<std::int16_t>());
    std::size_t i = 0;
    for (; i + 8 * lanes <= length; i += 8 * lanes) add_block<8>(weights, rows, count, sums, i);
    for (; i + 2 * lanes <= length; i += 2 * lanes) add_block<2>(weights, rows, count, sums, i);
    for (; i + lanes <= length; i += lanes) add_block<1>(weights, rows, count, sums, i);
    for (std::size_t r = 0; r < count; ++r)
        for (std::size_t j = i; j < length; ++j)
            sums[j] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[j]) +
                                                static_cast<std::uint32_t>(weights[rows[r] + j]));
}

}  // namespace tephra::spiking::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tephra::spiking {

HWY_EXPORT(add);
HWY_EXPORT(add_narrow);

void add_rows(std::span<const std::int16_t> weights, std::span<const WeightRow> rows, std::span<std::int32_t> sums) {
    for ([[maybe_unused]] const WeightRow& row : rows) {
        assert(std::size_t{row.weight} + row.length <= weights.size());
        assert(std::size_t{row.sum} + row.length <= sums.size());
    }
    HWY_DYNAMIC_DISPATCH(add)(weights.data(), rows.data(), rows.size(), sums.data());
}

void add_narrow_rows(std::span<const std::int16_t> weights, std::span<const std::uint32_t> rows,
                     std::span<std::int32_t> sums) {
    for ([[maybe_unused]] const std::uint32_t row : rows) assert(std::size_t{row} + sums.size() <= weights.size());
    HWY_DYNAMIC_DISPATCH(add_narrow)(weights.data(), rows.data(), rows.size(), sums.size(), sums.data());
}

}  // namespace tephra::spiking
#endif

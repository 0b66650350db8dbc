// Compiled once for each instruction set by foreach_target.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/spiking/add_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

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

}  // namespace tephra::spiking::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tephra::spiking {

HWY_EXPORT(add);

void add_rows(std::span<const std::int16_t> weights, std::span<const WeightRow> rows, std::span<std::int32_t> sums) {
    for ([[maybe_unused]] const WeightRow& row : rows) {
        assert(std::size_t{row.weight} + row.length <= weights.size());
        assert(std::size_t{row.sum} + row.length <= sums.size());
    }
    HWY_DYNAMIC_DISPATCH(add)(weights.data(), rows.data(), rows.size(), sums.data());
}

}  // namespace tephra::spiking
#endif

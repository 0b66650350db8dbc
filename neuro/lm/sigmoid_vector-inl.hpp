// Vector form of sigmoid and silu of core/fixed.hpp, made like neuro/lm/fixed_vector-inl.hpp. The table is the hard
// part: a gather costs more than all arithmetic around it, so where bytes can be looked up in registers (AVX-512 VBMI)
// 64 states go together, one lookup for each byte of a table entry.
#if defined(TEPHRA_NEURO_SIGMOID_VECTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TEPHRA_NEURO_SIGMOID_VECTOR_INL
#undef TEPHRA_NEURO_SIGMOID_VECTOR_INL
#else
#define TEPHRA_NEURO_SIGMOID_VECTOR_INL
#endif

#include <array>

#include "neuro/lm/fixed_vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {

/// Vectors of states that pass through the table together.
constexpr std::size_t group_vectors = HWY_TARGET == HWY_AVX3_DL ? 4 : 1;
constexpr std::size_t group_lanes = group_vectors * lanes;
using Group = std::array<States, group_vectors>;

/// An entry of the table and its distance to the next one, T[k] and T[k] - T[k + 1].
struct Segment {
    Group value, step;
};

#if HWY_TARGET == HWY_AVX3_DL

/// Byte b of the numbers of the table: planes 0 to 2 of the values, 3 to 5 of the steps.
struct alignas(64) SigmoidBytes {
    std::array<std::array<std::uint8_t, 256>, 6> planes{};
};
constexpr SigmoidBytes make_sigmoid_bytes() {
    SigmoidBytes bytes;
    for (std::size_t k = 0; k < 256; ++k)
        for (std::size_t b = 0; b < 3; ++b) {
            bytes.planes[b][k] = static_cast<std::uint8_t>(sigmoid_table[k] >> (8 * b));
            bytes.planes[3 + b][k] = static_cast<std::uint8_t>((sigmoid_table[k] - sigmoid_table[k + 1]) >> (8 * b));
        }
    return bytes;
}
constexpr SigmoidBytes sigmoid_bytes = make_sigmoid_bytes();

/// A byte of the table for each of 64 indices.
HWY_INLINE __m512i look_up(const std::array<std::uint8_t, 256>& plane, __m512i indices, __mmask64 upper_half) {
    const __m512i low =
        _mm512_permutex2var_epi8(_mm512_load_si512(plane.data()), indices, _mm512_load_si512(plane.data() + 64));
    const __m512i high =
        _mm512_permutex2var_epi8(_mm512_load_si512(plane.data() + 128), indices, _mm512_load_si512(plane.data() + 192));
    return _mm512_mask_blend_epi8(upper_half, low, high);
}

/// 64 numbers from their bytes, in the order that index packing left: both go by the 128 bit blocks of the vectors.
HWY_INLINE Group join_bytes(__m512i low, __m512i middle, __m512i high) {
    const __m512i zero = _mm512_setzero_si512();
    const __m512i low01 = _mm512_unpacklo_epi8(low, middle), low23 = _mm512_unpackhi_epi8(low, middle);
    const __m512i high01 = _mm512_unpacklo_epi8(high, zero), high23 = _mm512_unpackhi_epi8(high, zero);
    return {States{_mm512_unpacklo_epi16(low01, high01)}, States{_mm512_unpackhi_epi16(low01, high01)},
            States{_mm512_unpacklo_epi16(low23, high23)}, States{_mm512_unpackhi_epi16(low23, high23)}};
}

/// The segments of places a in steps of 2^-12, [0, 2^20).
HWY_INLINE Segment segments(const Group& a) {
    const auto index = [&](std::size_t v) HWY_ATTR { return hn::ShiftRight<12>(a[v]).raw; };
    const __m512i indices = _mm512_packus_epi16(_mm512_packus_epi32(index(0), index(1)),  //
                                                _mm512_packus_epi32(index(2), index(3)));
    const __mmask64 upper_half = _mm512_movepi8_mask(indices);
    const auto byte = [&](std::size_t plane)
                          HWY_ATTR { return look_up(sigmoid_bytes.planes[plane], indices, upper_half); };
    return {join_bytes(byte(0), byte(1), byte(2)), join_bytes(byte(3), byte(4), byte(5))};
}

#else

/// sigmoid_table[k] in the low half of each lane, sigmoid_table[k + 1] in the high half.
HWY_INLINE Wide pair_at(Wide k) {
    return hn::GatherOffset(wide_tag, reinterpret_cast<const std::int64_t*>(sigmoid_table.data()), hn::ShiftLeft<2>(k));
}

/// The segments of places a in steps of 2^-12, [0, 2^20): a gather of 64 bits brings both ends of one.
HWY_INLINE Segment segments(const Group& a) {
    const Wide index = hn::BitCast(wide_tag, hn::ShiftRight<12>(a[0]));
    const Wide even = pair_at(hn::And(index, wide(0xFFFFFFFF)));
    const Wide odd = pair_at(hn::ShiftRight<32>(index));
    const States value = narrow({even, odd});
    const States next = hn::OddEven(hn::BitCast(states_tag, odd), odd_lanes(hn::BitCast(states_tag, even)));
    return {{value}, {hn::Sub(value, next)}};
}

#endif

/// sigmoid and silu of states with a fixed number of fraction bits.
class Sigmoid {
public:
    explicit Sigmoid(int fraction_bits)
        : left_(std::max(0, 16 - fraction_bits)),
          right_(std::max(0, fraction_bits - 16)),
          half_(states(static_cast<std::int32_t>(half_of(right_)))),
          limit_(states(left_ == 0 ? 1 << 24 : (last >> left_) + 1)) {}
    HWY_INLINE Group operator()(const Group& z) const {
        Group a;
        for (std::size_t v = 0; v < group_vectors; ++v) {
            const States magnitude = hn::Min(hn::Abs(z[v]), limit_);  // the shift to the left stays below 2^21
            const States shifted = hn::ShiftLeftSame(hn::ShiftRightSame(hn::Add(magnitude, half_), right_), left_);
            a[v] = hn::Min(shifted, states(last));
        }
        const Segment segment = segments(a);
        Group result;
        for (std::size_t v = 0; v < group_vectors; ++v) {
            const States product = hn::Mul(segment.step[v], hn::And(a[v], states(4095)));  // below 2^17 x 2^12
            const States tail = hn::Sub(segment.value[v], hn::ShiftRight<12>(hn::Add(product, states(2048))));
            result[v] = hn::IfThenElse(hn::Lt(z[v], states(0)), tail, hn::Sub(states(probability_one), tail));
        }
        return result;
    }
    HWY_INLINE Group silu(const Group& z) const {
        Group result = (*this)(z);
        for (std::size_t v = 0; v < group_vectors; ++v)
            result[v] = narrow_shift<probability_bits>(multiply(z[v], result[v]));
        return result;
    }

private:
    static constexpr std::int32_t last = (1 << 20) - 1;
    int left_, right_;
    States half_, limit_;
};

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

// Vector form of the operations of core/fixed.hpp for the instruction set that Highway is compiling now: included once
// for each by a file that uses foreach_target. Every lane equals the scalar function of the same name.
#if defined(TEPHRA_NEURO_FIXED_VECTOR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TEPHRA_NEURO_FIXED_VECTOR_INL
#undef TEPHRA_NEURO_FIXED_VECTOR_INL
#else
#define TEPHRA_NEURO_FIXED_VECTOR_INL
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "core/fixed.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using tephra::saturate24;  // beside the vector overloads below

constexpr hn::ScalableTag<std::int32_t> states_tag;
constexpr hn::ScalableTag<std::int64_t> wide_tag;
using States = hn::Vec<decltype(states_tag)>;
using Wide = hn::Vec<decltype(wide_tag)>;
constexpr std::size_t lanes = hn::MaxLanes(states_tag);

/// 64-bit results of a vector of states: those of the even lanes and those of the odd lanes.
struct Products {
    Wide even, odd;
};

HWY_INLINE States states(std::int32_t value) {
    return hn::Set(states_tag, value);
}
HWY_INLINE Wide wide(std::int64_t value) {
    return hn::Set(wide_tag, value);
}

/// The odd lanes at the places of the even ones; the upper halves of the 64-bit lanes are not used.
HWY_INLINE States odd_lanes(States a) {
    return hn::BitCast(states_tag, hn::ShiftRight<32>(hn::BitCast(hn::ScalableTag<std::uint64_t>(), a)));
}

HWY_INLINE Products multiply(States a, States b) {
    return {hn::MulEven(a, b), hn::MulEven(odd_lanes(a), odd_lanes(b))};
}

/// The low 32 bits of each result.
HWY_INLINE States narrow(Products a) {
    const States odd = hn::BitCast(states_tag, hn::ShiftLeft<32>(a.odd));
    return hn::OddEven(odd, hn::BitCast(states_tag, a.even));
}

/// round_shift whose result fits 32 bits; then the bits that an unsigned shift brings in are cut off by narrow.
template <int shift>
HWY_INLINE States narrow_shift(Products a) {
    const hn::ScalableTag<std::uint64_t> bits;
    const Wide half = wide(half_of(shift));
    const auto shifted = [&](Wide v) HWY_ATTR { return hn::ShiftRight<shift>(hn::BitCast(bits, hn::Add(v, half))); };
    return narrow({hn::BitCast(wide_tag, shifted(a.even)), hn::BitCast(wide_tag, shifted(a.odd))});
}

HWY_INLINE States saturate24(Products a) {
    const Wide low = wide(state_min), high = wide(state_max);
    return narrow({hn::Min(hn::Max(a.even, low), high), hn::Min(hn::Max(a.odd, low), high)});
}

/// saturate24 of a sum of two states.
HWY_INLINE States saturate24(States a) {
    return hn::Min(hn::Max(a, states(state_min)), states(state_max));
}

/// saturate24(round(a factor / 2^shift)): apply_scale, or the rounding of a product.
class Rescale {
public:
    explicit Rescale(Scale scale) {
        if (scale.exponent <= -62) return;
        factor_ =
            states(static_cast<std::int32_t>(std::uint32_t{scale.mantissa} << std::clamp<int>(scale.exponent, 0, 15)));
        set_shift(std::max<int>(0, -scale.exponent));
    }
    /// Takes away `fraction_bits` fraction bits, [0, 62].
    explicit Rescale(int fraction_bits) : factor_(states(1)) { set_shift(fraction_bits); }
    HWY_INLINE States operator()(States a) const {
        return rounded({hn::MulEven(a, factor_), hn::MulEven(odd_lanes(a), factor_)});
    }
    /// Whether every product |a| < 2^30 rounds to 32 bits; then `unsaturated` gives it.
    [[nodiscard]] bool fits() const { return shift_ >= 15; }
    HWY_INLINE States unsaturated(States a) const {
        const auto rounded = [&](States b) HWY_ATTR {
            return hn::ShiftRightSame(hn::Add(hn::MulEven(b, factor_), half_), shift_);
        };
        return narrow({rounded(a), rounded(odd_lanes(a))});
    }
    /// saturate24(round_shift(a, shift))
    HWY_INLINE States rounded(Products a) const {
        return saturate24(
            {hn::ShiftRightSame(hn::Add(a.even, half_), shift_), hn::ShiftRightSame(hn::Add(a.odd, half_), shift_)});
    }

private:
    void set_shift(int shift) {
        shift_ = shift;
        half_ = wide(half_of(shift));
    }

    States factor_ = states(0);
    Wide half_ = wide(0);
    int shift_ = 0;
};

/// shift_state by a fixed number of fraction bits, [-24, 62], in 32 bits: what a shift to the left would push out of
/// them is cut down to the first value that saturates; a shift to the right by 25 or more leaves 0.
class ShiftState {
public:
    explicit ShiftState(int fraction_bits)
        : left_(std::max(0, -fraction_bits)),
          right_(std::clamp(fraction_bits, 0, 25)),
          low_(states(state_min >> left_)),
          high_(states((state_max >> left_) + 1)),
          half_(states(static_cast<std::int32_t>(half_of(right_)))) {}
    HWY_INLINE States operator()(States a) const {
        const States near = hn::Min(hn::Max(a, low_), high_);
        return saturate24(hn::ShiftLeftSame(hn::ShiftRightSame(hn::Add(near, half_), right_), left_));
    }

private:
    int left_, right_;
    States low_, high_, half_;
};

/// Gains: int16 in the low half of each lane, zero in the high half.
struct Gains {
    States bits;
};

/// A state as high 2^shift + low, both int16. round_shift(x gain, shift) is then high gain + round_shift(low gain,
/// shift): two products of 32 bits in place of one of 64.
template <int shift>
struct SplitStates {
    static_assert(shift >= 8 && shift <= 15, "the parts of 24 bits fit 16");
    explicit HWY_INLINE SplitStates(States x)
        : high(hn::ShiftRight<shift>(x)), low(hn::And(x, states((1 << shift) - 1))) {}
    HWY_INLINE States times(Gains gain) const {
        const States rounded = hn::Add(product(low, gain), states(1 << (shift - 1)));
        return hn::Add(product(high, gain), hn::ShiftRight<shift>(rounded));
    }
    States high, low;

private:
    /// Products of the low halves: those of the high halves, which are added, have a zero factor.
    static HWY_INLINE States product(States a, Gains gain) {
#if HWY_TARGET == HWY_AVX2
        return States{_mm256_madd_epi16(a.raw, gain.bits.raw)};
#else
        return States{_mm512_madd_epi16(a.raw, gain.bits.raw)};
#endif
    }
};

/// `lanes` states, gains or activations from memory and to it.
HWY_INLINE States load(const std::int32_t* from) {
    return hn::LoadU(states_tag, from);
}
HWY_INLINE Gains load(const std::int16_t* from) {
    const hn::Rebind<std::uint16_t, decltype(states_tag)> halves;
    const auto gains = hn::LoadU(halves, reinterpret_cast<const std::uint16_t*>(from));
    return {hn::BitCast(states_tag, hn::PromoteTo(hn::ScalableTag<std::uint32_t>(), gains))};
}
HWY_INLINE void store(States a, std::int32_t* to) {
    hn::StoreU(a, states_tag, to);
}
HWY_INLINE void store(States a, std::int8_t* to) {
    const hn::Rebind<std::int8_t, decltype(states_tag)> bytes;
    hn::StoreU(hn::DemoteTo(bytes, a), bytes, to);
}

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

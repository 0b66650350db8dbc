// Compiled once for each instruction set by foreach_target.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/spiking/lif_vectors.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "neuro/spiking/lif_vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::spiking::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::ScalableTag<double>;
using Words = hn::Rebind<std::int32_t, Doubles>;
using Vector = hn::Vec<Doubles>;

HWY_INLINE Vector load(const std::int32_t* values, std::size_t i) {
    return hn::PromoteTo(Doubles(), hn::LoadU(Words(), values + i));
}
/// Sums of a port; none: zeros.
HWY_INLINE Vector load_port(const std::int32_t* sums, std::size_t i) {
    return sums == nullptr ? hn::Zero(Doubles()) : load(sums, i);
}
HWY_INLINE void store(Vector values, std::int32_t* to, std::size_t i) {
    hn::StoreU(hn::DemoteTo(Words(), values), Words(), to + i);
}

/// A constant of each neuron, or one that all share.
class Constant {
public:
    Constant(const NeuronConstant& constant, std::size_t first)
        : each_(constant.neurons() == 0 ? nullptr : constant.values().data() + first),
          shared_(constant.values().front()) {}
    HWY_INLINE Vector at(std::size_t i) const {
        return each_ == nullptr ? hn::Set(Doubles(), shared_) : load(each_, i);
    }

private:
    const std::int32_t* each_;
    double shared_;
};

std::size_t step(const LifParameters& p, const LifRows& rows, std::optional<std::size_t>& overflow) {
    const Doubles d;
    const auto set = [d](double value) { return hn::Set(d, value); };
    const std::size_t lanes = hn::Lanes(d);
    const Constant current_decay(p.cuba.current_decay, rows.first), voltage_decay(p.cuba.voltage_decay, rows.first),
        drive(p.cuba.drive, rows.first), bias(p.cuba.bias, rows.first), threshold(p.threshold, rows.first);
    const auto part = set(1.0 / decay_one), turn = set(2.0 * wrap_at), edge = set(wrap_at), below = set(-1.0 * wrap_at);
    const auto exponent = set(std::ldexp(1.0, p.cuba.bias_exponent)), alignment = set(1 << state_alignment);
    const auto limit = set(largest_voltage);
    std::size_t i = 0;
    for (; i + lanes <= rows.neurons; i += lanes) {
        const auto keep_u = hn::Mul(hn::Sub(set(largest_decay), current_decay.at(i)), part);
        const auto sum = hn::Mul(hn::Add(load_port(rows.current, i), drive.at(i)), alignment);
        auto u = hn::Add(hn::Trunc(hn::Mul(load(rows.u, i), keep_u)), sum);
        u = hn::IfThenElse(hn::Gt(u, edge), hn::Sub(u, turn), hn::IfThenElse(hn::Le(u, below), hn::Add(u, turn), u));
        const auto mantissa = hn::Add(bias.at(i), load_port(rows.bias, i));
        const auto bad = hn::Or(hn::Or(hn::Gt(u, edge), hn::Le(u, below)),
                                hn::Or(hn::Lt(mantissa, set(least_bias)), hn::Gt(mantissa, set(largest_bias))));
        if (!hn::AllFalse(d, bad)) {
            overflow = i + hn::FindKnownFirstTrue(d, bad);
            return i;
        }
        const auto keep_v = hn::Mul(hn::Sub(set(decay_one), voltage_decay.at(i)), part);
        auto v =
            hn::Add(hn::Add(hn::Trunc(hn::Mul(load(rows.v, i), keep_v)), u), hn::Floor(hn::Mul(mantissa, exponent)));
        v = hn::Max(hn::Min(v, limit), hn::Neg(limit));
        const auto reached = hn::Mul(threshold.at(i), alignment);
        const auto spikes = p.threshold_rule == ThresholdRule::above ? hn::Gt(v, reached) : hn::Ge(v, reached);
        const auto after = p.reset_rule == ResetRule::to_zero ? hn::Zero(d) : hn::Sub(v, reached);
        store(u, rows.u, i);
        store(hn::IfThenElse(spikes, after, v), rows.v, i);
        store(hn::IfThenElseZero(spikes, set(1)), rows.messages, i);
    }
    return i;
}

}  // namespace tephra::spiking::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tephra::spiking {

HWY_EXPORT(step);

std::size_t step_lif_vectors(const LifParameters& parameters, const LifRows& rows,
                             std::optional<std::size_t>& overflow) {
    return HWY_DYNAMIC_DISPATCH(step)(parameters, rows, overflow);
}

}  // namespace tephra::spiking
#endif

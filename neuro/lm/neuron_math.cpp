// Compiled once for each instruction set by foreach_target. Each loop has two forms: whole vectors, where the target
// has them, then the definition in terms of core/fixed.hpp for the rest, which on the portable target is
// everything.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/lm/neuron_math.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "neuro/lm/neuron_math.hpp"
#if HWY_TARGET <= HWY_AVX2
#include "neuro/lm/sigmoid_vector-inl.hpp"
#endif

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {

/// Norm record of `size` states from state `begin` of the vector.
NormRecord statistics(const NormParameters& norm, const std::int32_t* x, std::size_t size, std::size_t begin) {
    NormRecord record;
    const auto outputs = static_cast<std::size_t>(norm.outputs);
    const std::int16_t* rms_gain = norm.rms_gain.data() + begin;
    std::array<const std::int16_t*, 3> gain{};
    for (std::size_t k = 0; k < outputs; ++k) gain[k] = norm.gain[k].data() + begin;
    std::size_t j = 0;
#if HWY_TARGET <= HWY_AVX2
    Products sum{wide(0), wide(0)};
    std::array<States, 3> peak{states(0), states(0), states(0)};
    for (; j + lanes <= size; j += lanes) {
        const States values = load(x + j);
        const States a = SplitStates<15>(values).times(load(rms_gain + j));
        const SplitStates<8> split(values);
        const Products square = multiply(a, a);
        sum = {hn::Add(sum.even, square.even), hn::Add(sum.odd, square.odd)};
        for (std::size_t k = 0; k < outputs; ++k) peak[k] = hn::Max(peak[k], hn::Abs(split.times(load(gain[k] + j))));
    }
    record.sum = static_cast<std::uint64_t>(hn::GetLane(hn::SumOfLanes(wide_tag, hn::Add(sum.even, sum.odd))));
    for (std::size_t k = 0; k < outputs; ++k)
        record.peak[k] = static_cast<std::uint32_t>(hn::GetLane(hn::MaxOfLanes(states_tag, peak[k])));
#endif
    for (; j < size; ++j) {
        const std::int64_t a = round_shift(std::int64_t{x[j]} * rms_gain[j], 15);
        record.sum += static_cast<std::uint64_t>(a * a);
        for (std::size_t k = 0; k < outputs; ++k) {
            const auto p = static_cast<std::int32_t>(round_shift(std::int64_t{x[j]} * gain[k][j], 8));
            record.peak[k] = std::max(record.peak[k], static_cast<std::uint32_t>(p < 0 ? -p : p));
        }
    }
    return record;
}

/// Returns the sum of the activations.
std::int32_t quantize(const std::int32_t* x, const std::int16_t* gain, std::size_t size, Scale scale, std::int8_t* q) {
    std::int32_t sum = 0;
    std::size_t j = 0;
#if HWY_TARGET <= HWY_AVX2
    const Rescale rescale(scale);
    States sums = states(0);
    const auto quantize_all = [&](const auto& rounded) HWY_ATTR {
        for (; j + lanes <= size; j += lanes) {
            const States value = rounded(SplitStates<8>(load(x + j)).times(load(gain + j)));
            const States activation = hn::Min(hn::Max(value, states(-127)), states(127));
            sums = hn::Add(sums, activation);
            store(activation, q + j);
        }
    };
    if (rescale.fits())  // but for a vector of almost nothing
        quantize_all([&](States p) HWY_ATTR { return rescale.unsaturated(p); });
    else
        quantize_all([&](States p) HWY_ATTR { return rescale(p); });
    sum = hn::GetLane(hn::SumOfLanes(states_tag, sums));
#endif
    for (; j < size; ++j) {
        const auto p = static_cast<std::int32_t>(round_shift(std::int64_t{x[j]} * gain[j], 8));
        q[j] = quantize_activation(p, scale);
        sum += q[j];
    }
    return sum;
}

std::uint64_t recur(const BlockFormats& formats, const std::array<Scale, 3>& dequantize, const RecurrenceSlice& slice) {
    std::uint64_t second = 0;
    std::size_t j = 0;
#if HWY_TARGET <= HWY_AVX2
    const Rescale to_f(dequantize[0]), to_i(dequantize[1]), to_g(dequantize[2]);
    const Rescale to_t(formats.g + formats.h - formats.t);
    const ShiftState i_to_h(formats.i - formats.h);
    const Sigmoid sigmoid_f(formats.f), sigmoid_i(formats.i), sigmoid_h(formats.h);
    Products squares{wide(0), wide(0)};
    for (; j + group_lanes <= slice.h.size(); j += group_lanes) {
        Group f, i, h;
        for (std::size_t v = 0; v < group_vectors; ++v) {
            f[v] = hn::Neg(to_f(load(slice.f_acc.data() + j + v * lanes)));
            i[v] = to_i(load(slice.i_acc.data() + j + v * lanes));
        }
        const Group one_minus_f = sigmoid_f(f), activated = sigmoid_i.silu(i);
        for (std::size_t v = 0; v < group_vectors; ++v) {
            const States lower = load(slice.one_minus_lower.data() + j + v * lanes);
            const States forget = narrow_shift<probability_bits>(multiply(lower, one_minus_f[v]));
            const States old = load(slice.h.data() + j + v * lanes);
            const States distance = hn::Sub(i_to_h(activated[v]), old);
            h[v] = saturate24(hn::Add(old, narrow_shift<probability_bits>(multiply(forget, distance))));
            store(h[v], slice.h.data() + j + v * lanes);
        }
        const Group output = sigmoid_h.silu(h);
        for (std::size_t v = 0; v < group_vectors; ++v) {
            const States g = to_g(load(slice.g_acc.data() + j + v * lanes));
            store(to_t.rounded(multiply(g, output[v])), slice.t.data() + j + v * lanes);
            const Products square = multiply(g, g);
            squares = {hn::Add(squares.even, square.even), hn::Add(squares.odd, square.odd)};
        }
    }
    second = static_cast<std::uint64_t>(hn::GetLane(hn::SumOfLanes(wide_tag, hn::Add(squares.even, squares.odd))));
#endif
    for (; j < slice.h.size(); ++j) {
        const std::int32_t f = apply_scale(slice.f_acc[j], dequantize[0]);
        const std::int32_t i = apply_scale(slice.i_acc[j], dequantize[1]);
        const std::int64_t g = apply_scale(slice.g_acc[j], dequantize[2]);
        const std::int64_t forget =
            round_shift(std::int64_t{slice.one_minus_lower[j]} * sigmoid(-f, formats.f), probability_bits);
        const std::int32_t candidate = shift_state(silu(i, formats.i), formats.i - formats.h);
        const std::int32_t h =
            saturate24(slice.h[j] + round_shift(forget * (candidate - slice.h[j]), probability_bits));
        slice.h[j] = h;
        slice.t[j] = saturate24(round_shift(g * silu(h, formats.h), formats.g + formats.h - formats.t));
        second += static_cast<std::uint64_t>(g * g);
    }
    return second;
}

void gate(const BlockFormats& formats, Scale dequantize, const std::int32_t* z1_acc, const std::int32_t* z2_acc,
          std::int32_t* y, std::size_t size) {
    std::size_t j = 0;
#if HWY_TARGET <= HWY_AVX2
    const Rescale to_z(dequantize), to_y(2 * formats.z - formats.y);
    const Sigmoid sigmoid_z(formats.z);
    for (; j + group_lanes <= size; j += group_lanes) {
        Group z1;
        for (std::size_t v = 0; v < group_vectors; ++v) z1[v] = to_z(load(z1_acc + j + v * lanes));
        const Group activated = sigmoid_z.silu(z1);
        for (std::size_t v = 0; v < group_vectors; ++v) {
            const States z2 = to_z(load(z2_acc + j + v * lanes));
            store(to_y.rounded(multiply(activated[v], z2)), y + j + v * lanes);
        }
    }
#endif
    for (; j < size; ++j) {
        const std::int32_t z1 = apply_scale(z1_acc[j], dequantize);
        const std::int32_t z2 = apply_scale(z2_acc[j], dequantize);
        y[j] = saturate24(round_shift(std::int64_t{silu(z1, formats.z)} * z2, 2 * formats.z - formats.y));
    }
}

void residual(const std::int32_t* x, int shift, const std::int32_t* acc, Scale dequantize, std::int32_t* out,
              std::size_t size) {
    std::size_t j = 0;
#if HWY_TARGET <= HWY_AVX2
    const Rescale to_x(dequantize);
    const ShiftState change(shift);
    for (; j + lanes <= size; j += lanes) store(saturate24(hn::Add(change(load(x + j)), to_x(load(acc + j)))), out + j);
#endif
    for (; j < size; ++j) out[j] = saturate24(std::int64_t{shift_state(x[j], shift)} + apply_scale(acc[j], dequantize));
}

void rescale(const std::int32_t* acc, Scale dequantize, std::int32_t* out, std::size_t size) {
    std::size_t j = 0;
#if HWY_TARGET <= HWY_AVX2
    const Rescale to_state(dequantize);
    for (; j + lanes <= size; j += lanes) store(to_state(load(acc + j)), out + j);
#endif
    for (; j < size; ++j) out[j] = apply_scale(acc[j], dequantize);
}

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tephra {

HWY_EXPORT(statistics);
HWY_EXPORT(quantize);
HWY_EXPORT(recur);
HWY_EXPORT(gate);
HWY_EXPORT(residual);
HWY_EXPORT(rescale);

NormRecord norm_statistics(const NormParameters& norm, std::span<const std::int32_t> x, int begin) {
    return HWY_DYNAMIC_DISPATCH(statistics)(norm, x.data(), x.size(), static_cast<std::size_t>(begin));
}

NormScales norm_scales(const NormParameters& norm, const NormRecord& record) {
    std::uint64_t sum = record.sum + norm.epsilon;
    const Scale extra = multiply(to_scale(record.second), norm.second_epsilon);
    if (extra.mantissa != 0) {
        if (extra.exponent >= 0)
            sum += std::uint64_t{extra.mantissa} << std::min<int>(extra.exponent, 46);
        else if (extra.exponent >= -17)
            sum += static_cast<std::uint64_t>(round_shift(extra.mantissa, -extra.exponent));
    }
    const Scale inverse_rms = inverse_sqrt(to_scale(std::max<std::uint64_t>(sum, 1)));
    constexpr Scale activation_max{127 << 9, -9};
    NormScales scales;
    for (std::size_t k = 0; k < static_cast<std::size_t>(norm.outputs); ++k) {
        const Scale peak = to_scale(record.peak[k]);
        scales.quantize[k] = multiply(activation_max, reciprocal(peak));
        scales.dequantize[k] = multiply(multiply(norm.factor[k], peak), inverse_rms);
    }
    return scales;
}

std::int32_t quantize_states(std::span<const std::int32_t> x, std::span<const std::int16_t> gain, Scale scale,
                             std::span<std::int8_t> q) {
    return HWY_DYNAMIC_DISPATCH(quantize)(x.data(), gain.data(), x.size(), scale, q.data());
}

std::uint64_t gated_recurrence(const BlockFormats& formats, const std::array<Scale, 3>& dequantize,
                               const RecurrenceSlice& slice) {
    return HWY_DYNAMIC_DISPATCH(recur)(formats, dequantize, slice);
}

void gated_unit(const BlockFormats& formats, Scale dequantize, std::span<const std::int32_t> z1_acc,
                std::span<const std::int32_t> z2_acc, std::span<std::int32_t> y) {
    HWY_DYNAMIC_DISPATCH(gate)(formats, dequantize, z1_acc.data(), z2_acc.data(), y.data(), y.size());
}

void add_residual(std::span<const std::int32_t> x, int shift, std::span<const std::int32_t> acc, Scale dequantize,
                  std::span<std::int32_t> out) {
    HWY_DYNAMIC_DISPATCH(residual)(x.data(), shift, acc.data(), dequantize, out.data(), out.size());
}

void read_out(std::span<const std::int32_t> acc, Scale dequantize, std::span<std::int32_t> logits) {
    HWY_DYNAMIC_DISPATCH(rescale)(acc.data(), dequantize, logits.data(), logits.size());
}

}  // namespace tephra
#endif

#pragma once
// A step of the gated linear recurrence: what depends on f and i, which all tokens can make ready at once, and the step
// itself.
#include "backends/cuda/arithmetic/states.cuh"

namespace tephra::cuda {

/// A step of the recurrence on s = h + 2^23, which is in [0, 2^24): s' = (s keep + add) >> 32, the high word of the
/// product.
///
/// With c = forget and u = candidate, h' = h + ((c (u - h) + 2^22) >> 23), and h 2^23 is a whole number of steps, so
///     s' = (s (2^23 - c) + c (u + 2^23) + 2^22) >> 23.
/// Both factors 2^9 larger: keep = 2^32 - 2^9 c, add = 2^9 c (u + 2^23) + 2^31 < 2^57, all of them unsigned. keep does
/// not fit 32 bits for c = 0, where s' = s: there 2^32 - 1 and 2^31 do, since 0 < 2^31 - s < 2^32.
/// The law's saturation has nothing to do: 0 <= c <= 2^23, so rounded c (u - h) / 2^23 lies between 0 and u - h, and
/// h' between h and u, which have 24 bits.
struct RecurrenceStep {
    std::uint32_t keep;
    std::uint64_t add;
};

__device__ inline RecurrenceStep recurrence_step(std::int32_t forget, std::int32_t candidate) {
    const auto c = static_cast<std::uint32_t>(forget), u = static_cast<std::uint32_t>(candidate - state_min);
    return {c == 0 ? ~0U : 0U - (c << 9), std::uint64_t{u << 8} * (c << 1) + (std::uint64_t{1} << 31)};
}

/// s after the step.
__device__ inline std::uint32_t advance(std::uint32_t s, std::uint32_t keep, std::uint64_t add) {
#ifdef __CUDA_ARCH__
    std::uint32_t high;  // the compiler joins the two to one instruction
    asm("{\n"
        ".reg .u32 low;\n"
        "mad.lo.cc.u32 low, %1, %2, %3;\n"
        "madc.hi.u32 %0, %1, %2, %4;\n"
        "}\n"
        : "=r"(high)
        : "r"(s), "r"(keep), "r"(static_cast<std::uint32_t>(add)), "r"(static_cast<std::uint32_t>(add >> 32)));
    return high;
#else
    return static_cast<std::uint32_t>((std::uint64_t{s} * keep + add) >> 32);
#endif
}
/// h after the step.
__device__ inline std::int32_t advance(std::int32_t h, const RecurrenceStep& step) {
    return static_cast<std::int32_t>(advance(static_cast<std::uint32_t>(h - state_min), step.keep, step.add)) +
           state_min;
}

/// The recurrence of a block's formats; table: the sigmoid's entries, in shared memory or not.
struct GatedRecurrence {
    SigmoidFormat f, i, h;
    StateShift shift;
    StateProduct product;
    const SigmoidEntry* table;

    __device__ GatedRecurrence(const RecurrenceFormats& formats, const SigmoidEntry* sigmoids)
        : f(sigmoid_format(formats.f)),
          i(sigmoid_format(formats.i)),
          h(sigmoid_format(formats.h)),
          shift(formats.i - formats.h),
          product(formats.g + formats.h - formats.t),
          table(sigmoids) {}
    /// From the pre-activations f and i and from 1 - lower bound.
    __device__ RecurrenceStep prepare(std::int32_t f_state, std::int32_t i_state, std::int32_t one_minus_lower) const {
        return recurrence_step(times_probability(one_minus_lower, sigmoid_of(-f_state, f, table)),
                               shift(silu_of(i_state, i, table)));
    }
    /// t = g silu(h).
    __device__ std::int32_t gate(std::int32_t g, std::int32_t state) const {
        return product(g, silu_of(state, h, table));
    }
};

}  // namespace tephra::cuda

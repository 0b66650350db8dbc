#pragma once
// Arithmetic on states without branches: what depends on a format is computed once, and the sigmoid reads a table.
#include <array>

#include "backends/cuda/arithmetic/fixed.cuh"

namespace tephra::cuda {

/// A value of the sigmoid's table, and how far it falls to the next.
struct alignas(8) SigmoidEntry {
    std::int32_t value, fall;
};

/// One entry more than the table: it stands for all magnitudes of 16 or more, whose sigmoid is that of the largest
/// magnitude below. And one that makes the size a multiple of 16 bytes.
inline constexpr int sigmoid_entries = 258;

constexpr auto make_sigmoid_entries() {
    std::array<SigmoidEntry, sigmoid_entries> entries{};
    for (std::size_t k = 0; k < 256; ++k) entries[k] = {sigmoid_table[k], sigmoid_table[k] - sigmoid_table[k + 1]};
    entries[256].value = sigmoid_table[255] - ((entries[255].fall * 4095 + 2048) >> 12);
    return entries;
}
alignas(16) __device__ constexpr auto device_sigmoid_entries = make_sigmoid_entries();

/// Thread `thread` of `threads` copies its part of the entries; to: shared memory, 16-byte aligned.
__device__ inline void copy_sigmoids(SigmoidEntry* to, unsigned thread, unsigned threads) {
    constexpr unsigned words = sigmoid_entries * sizeof(SigmoidEntry) / sizeof(int4);
#pragma unroll 1
    for (unsigned k = thread; k < words; k += threads)
        reinterpret_cast<int4*>(to)[k] = __ldg(reinterpret_cast<const int4*>(device_sigmoid_entries.data()) + k);
}

__device__ constexpr auto device_reciprocals = detail::reciprocal_table;
__device__ constexpr auto device_inverse_roots = detail::inverse_sqrt_table;

/// The tables of core/fixed.hpp in shared memory, for kernels that read them between two dependent steps, or whose grid
/// barriers would drop them from the first-level cache.
struct SharedTables {
    alignas(16) SigmoidEntry sigmoids[sigmoid_entries];
    std::uint32_t reciprocals[256], inverse_roots[384];

    /// Thread `thread` of `threads` copies its part.
    __device__ void fill(unsigned thread, unsigned threads) {
        copy_sigmoids(sigmoids, thread, threads);
        for (unsigned k = thread; k < 256; k += threads) reciprocals[k] = device_reciprocals[k];
        for (unsigned k = thread; k < 384; k += threads) inverse_roots[k] = device_inverse_roots[k];
    }
};

/// |z| from which on the sigmoid is flat, with 16 fraction bits.
constexpr std::int32_t sigmoid_limit = 1 << 20;

/// What the sigmoid needs to know of a format.
struct SigmoidFormat {
    std::int32_t cap, scale, half;
    int down;
};

__device__ inline SigmoidFormat sigmoid_format(int fraction_bits) {
    const int down = max(fraction_bits - 16, 0), up = max(16 - fraction_bits, 0);
    return {(sigmoid_limit >> up) << down, 1 << up, (1 << down) >> 1, down};
}

/// sigmoid of core/fixed.hpp; table: the entries.
__device__ inline std::int32_t sigmoid_of(std::int32_t z, const SigmoidFormat& format, const SigmoidEntry* table) {
    const std::int32_t a = min(abs(z), format.cap) * format.scale + format.half;
    const SigmoidEntry entry = table[a >> (format.down + 12)];
    const std::int32_t tail = entry.value - ((entry.fall * ((a >> format.down) & 4095) + 2048) >> 12);
    return z < 0 ? tail : probability_one - tail;
}

__device__ inline std::int32_t silu_of(std::int32_t z, const SigmoidFormat& format, const SigmoidEntry* table) {
    return times_probability(z, sigmoid_of(z, format, table));
}

/// saturate24(round_shift(a b, shift)) of two states by one shift, which is least_product_shift at least: before it
/// saturates the result then fits 32 bits.
struct StateProduct {
    std::int64_t add;
    int low, high;

    __device__ explicit StateProduct(int shift) : add(half_of(shift)), low(min(shift, 31)), high(shift - low) {}
    __device__ std::int32_t operator()(std::int32_t a, std::int32_t b) const {
        const std::int32_t v = shift_right(multiply_wide(a, b, add), low) >> high;  // 2^30 at most
        return __viaddmin_s32_relu(v, -state_min, state_max - state_min) + state_min;
    }
};

/// shift_state: a 24-bit state shifted right by more than 25 is zero, so 32 bits do.
struct StateShift {
    std::int32_t least, most, scale, half;
    int right;

    __device__ explicit StateShift(int shift) {
        const int left = min(max(-shift, 0), 24);
        right = min(max(shift, 0), 30);
        least = state_min >> left;       // reaches the smallest state
        most = (state_max >> left) + 1;  // passes the largest
        scale = 1 << left;
        half = (1 << right) >> 1;
    }
    __device__ std::int32_t operator()(std::int32_t a) const {
        return min((max(least, min(most, a)) * scale + half) >> right, state_max);
    }
};

}  // namespace tephra::cuda

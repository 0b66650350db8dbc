#pragma once
// How the serving warps of all blocks exchange what each has: elements of a vector, sums of squares, candidates of the
// greedy choice (ExchangeView, decode.hpp).
#include "backends/cuda/decode/worker.cuh"

namespace tephra::cuda {

/// The number of a token and layer in the exchange.
struct Version {
    std::uint32_t layer;  ///< layers that went through, this one included
    std::uint32_t token;  ///< tokens that did
    __device__ std::uint32_t flag(int stage) const { return (stage == head_stage ? token : layer) & 1; }
};

/// A lane's element of the input of a stage.
struct Element {
    std::int32_t value = 0, gate = 0;  ///< gate: g, where the input is the mixer's t
    std::int32_t rms = 0, gain[3] = {};
    int row = 0;
    bool owned = false;  ///< whether there is one, padding included; without one, the value is zero
};

/// Largest of the warp, for all lanes.
__device__ inline std::uint32_t largest(std::uint32_t v) {
    return __reduce_max_sync(full_warp, v);
}
__device__ inline std::uint64_t largest(std::uint64_t v) {
    const auto high = static_cast<std::uint32_t>(v >> 32);
    const std::uint32_t highest = largest(high);
    return std::uint64_t{highest} << 32 | largest(high == highest ? static_cast<std::uint32_t>(v) : 0U);
}

/// The exchange of a stage's input as one serving warp sees it.
template <int stage>
class Exchange {
public:
    static constexpr int inputs = inputs_of(stage);
    /// The stage whose rows are the elements.
    static constexpr int producer = stage == mixer_stage || stage == head_stage ? down_stage : stage - 1;

    __device__ Exchange(const DecodeWorker& worker, int server, int lane, Version version)
        : to_(worker.a.exchanges.stages[stage]),
          blocks_(worker.a.plan.blocks),
          server_(server),
          lane_(opaque(lane)),
          flag_(version.flag(stage)) {
        // Lanes beyond the last record read the first again.
        sums_in_ = to_.sums + (4 * lane_ < blocks_ ? 4 * lane_ : 0);
        sums_out_ = to_.sums + server_ * blocks_ + blockIdx.x;
    }

    /// Whether this serving warp has elements, in one block at least.
    __device__ bool writes() const { return server_ < writers(); }

    __device__ void publish(const Element& element) const {
        std::uint32_t* const to = to_.p + element.row;
#pragma unroll
        for (int k = 0; k < inputs; ++k)
            if (element.owned)
                store_relaxed(to + k * to_.pitch,
                              static_cast<std::uint32_t>(gained(element.value, element.gain[k])) << 1 | flag_);
    }
    __device__ void publish_sums(const Element& element) const {
        const std::int32_t a = normalized(element.value, element.rms);
        const std::uint64_t sum = reduce_warp(static_cast<std::uint64_t>(multiply_wide(a, a)));
        if (lane_ == 0) store_relaxed(sums_out_, sum << 1 | flag_);
        if constexpr (stage == output_stage) {
            const std::uint64_t squares =
                reduce_warp(static_cast<std::uint64_t>(multiply_wide(element.gate, element.gate)));
            if (lane_ == 0) store_relaxed(sums_out_ + blocks_, squares << 1 | flag_);
        }
    }
    /// Waits for the squares that all blocks published, and sums them: of x and of g.
    __device__ void read_sums(std::uint64_t& sum, std::uint64_t& second) const {
        constexpr int most = stage == down_stage ? serving_warps : (stage == output_stage ? 2 : 1);
        ulonglong2 v[most][2];
        std::uint32_t stale = 1;
        for (unsigned waits = 0; __any_sync(full_warp, (stale & 1) != 0); trap_if_stuck(waits)) {
#pragma unroll
            for (int k = 0; k < most; ++k) {
                const int list = k < sum_lists() ? k * blocks_ : 0;  // reads the first again where there is no other
                v[k][0] = load_relaxed_pair(sums_in_ + list);
                v[k][1] = load_relaxed_pair(sums_in_ + list + 2);
            }
            stale = 0;
#pragma unroll
            for (int k = 0; k < most; ++k)
                stale |=
                    (static_cast<std::uint32_t>(v[k][0].x) ^ flag_) | (static_cast<std::uint32_t>(v[k][0].y) ^ flag_) |
                    (static_cast<std::uint32_t>(v[k][1].x) ^ flag_) | (static_cast<std::uint32_t>(v[k][1].y) ^ flag_);
        }
        const bool counts = 4 * lane_ < blocks_;
        const auto of_lane = [&](int k) {
            const std::uint64_t all = (v[k][0].x >> 1) + (v[k][0].y >> 1) + (v[k][1].x >> 1) + (v[k][1].y >> 1);
            return counts && k < sum_lists() ? all : 0;
        };
        if constexpr (stage == output_stage) second = reduce_warp(of_lane(1));
        std::uint64_t mine = of_lane(0);
        if constexpr (stage == down_stage) {
#pragma unroll
            for (int k = 1; k < most; ++k) mine += of_lane(k);
        }
        sum = reduce_warp(mine);
    }

private:
    __device__ int writers() const {
        return stage == down_stage ? to_.writers : 1;
    }
    __device__ int sum_lists() const {
        return stage == output_stage ? 2 : writers();
    }

    ExchangeView to_;
    int blocks_, server_, lane_;
    std::uint32_t flag_;
    const std::uint64_t* sums_in_;
    std::uint64_t* sums_out_;
};

/// The best of all blocks' candidates, as a token.
__device__ inline int choose_token(const DecodeWorker& worker, int server, int lane, std::uint64_t best,
                                   Version version) {
    const std::uint64_t tag = 1 + version.token % 65535;
    const int blocks = worker.a.plan.blocks;
    best = largest(best);
    if (lane == 0) store_relaxed(worker.a.exchanges.candidates + server * blocks + blockIdx.x, best | tag);
    best = 0;
    const std::uint64_t* const from = worker.a.exchanges.candidates;
    for (int at = 2 * lane; at < serving_warps * blocks; at += 64) {
        ulonglong2 v{};
        for (unsigned waits = 0; (v.x & 0xFFFF) != tag || (v.y & 0xFFFF) != tag; trap_if_stuck(waits))
            v = load_relaxed_pair(from + at);
        best = max(best, static_cast<std::uint64_t>(max(v.x, v.y)));
    }
    __syncwarp();
    return candidate_token(largest(best));
}

}  // namespace tephra::cuda

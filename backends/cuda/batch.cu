// What a batch needs beside its products and its recurrence: embedding, norms, the greedy choice.
#include "backends/cuda/batch.hpp"

#include "backends/cuda/launch.cuh"
#include "backends/cuda/norm.cuh"

namespace tephra::cuda {
namespace {

constexpr int embed_threads = 256;

__global__ void __launch_bounds__(embed_threads)
    embed(EmbeddingView table, const std::int32_t* ids, std::int32_t* x, int stride) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const int n = blockIdx.y;
    const int c = blockIdx.x * embed_threads + threadIdx.x;
    if (c < table.cols) x[static_cast<std::size_t>(n) * stride + c] = embedded(table, ids[n], c);
}

/// gates: g of the output norm, [tokens x stride], or null.
template <int outputs, int quads>
__global__ void __launch_bounds__(norm_threads)
    normalize(NormView norm, const std::int32_t* states, int stride, const std::int32_t* gates, ActivationView out) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const std::size_t line = static_cast<std::size_t>(blockIdx.x) * stride;
    Held<quads> held;
#pragma unroll
    for (int i = 0; i < quads; ++i) held.x[i] = load_states(states + line, column_of<quads>(i), stride);
    std::int64_t squares = 0;
    if (gates != nullptr) {
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const int c = column_of<quads>(i);
            add_gate_squares(load_states(gates + line, c, stride), c, norm.size, squares);
        }
    }
    normalize_held<outputs, quads>(norm, held, blockIdx.x, squares, out);
}

__global__ void __launch_bounds__(1024) pick(const std::int32_t* logits, int vocabulary, std::int32_t* ids) {
    __shared__ unsigned long long best;
    let_next_kernel_start();
    wait_for_previous_kernel();
    if (threadIdx.x == 0) best = 0;
    __syncthreads();
    const std::int32_t* const row = logits + static_cast<std::size_t>(blockIdx.x) * vocabulary;
    std::uint64_t mine = 0;
    for (int v = threadIdx.x; v < vocabulary; v += 1024) mine = max(mine, candidate(row[v], v));
    for (int distance = 16; distance > 0; distance /= 2) mine = max(mine, __shfl_xor_sync(full_warp, mine, distance));
    if (threadIdx.x % 32 == 0) atomicMax(&best, static_cast<unsigned long long>(mine));
    __syncthreads();
    if (threadIdx.x == 0) ids[blockIdx.x] = candidate_token(best);
}

}  // namespace

void launch_pick(const std::int32_t* logits, int vocabulary, int tokens, std::int32_t* ids, Stream stream) {
    launch_overlapped(pick, dim3(static_cast<unsigned>(tokens)), 1024, 0, stream, logits, vocabulary, ids);
}

void launch_embed(const EmbeddingView& table, const std::int32_t* ids, int tokens, std::int32_t* x, int stride,
                  Stream stream) {
    const dim3 grid(static_cast<unsigned>(ceil_div(table.cols, embed_threads)), static_cast<unsigned>(tokens));
    launch_overlapped(embed, grid, embed_threads, 0, stream, table, ids, x, stride);
}

void launch_normalize(const NormView& norm, const std::int32_t* x, int stride, const std::int32_t* gates, int tokens,
                      const ActivationView& out, Stream stream) {
    constexpr int many = 512;
    if (tokens >= many && launch_normalize_many(norm, x, stride, gates, tokens, out, stream)) return;
    const dim3 grid(static_cast<unsigned>(tokens));
    const int quads = ceil_div(round_up(norm.size, tile_columns), 4 * norm_threads);
    const auto launch = [&](auto kernel) {
        launch_overlapped(kernel, grid, norm_threads, 0, stream, norm, x, stride, gates, out);
    };
    if (norm.outputs == 3) {
        if (quads == 1) return launch(normalize<3, 1>);
        return launch(quads == 2 ? normalize<3, 2> : (quads == 3 ? normalize<3, 3> : normalize<3, widest>));
    }
    if (quads <= 2) return launch(quads == 1 ? normalize<1, 1> : normalize<1, 2>);
    if (quads <= 6) return launch(quads == 3 ? normalize<1, 3> : normalize<1, 6>);
    launch(quads == 7 ? normalize<1, 7> : normalize<1, widest>);
}

}  // namespace tephra::cuda

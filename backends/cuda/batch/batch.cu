// What a batch needs beside its products, norms and recurrence: embedding and the greedy choice.
#include "backends/cuda/batch/batch.hpp"

#include "backends/cuda/arithmetic/reduce.cuh"
#include "backends/cuda/hardware/launch.cuh"
#include "backends/cuda/layout.hpp"

namespace tephra::cuda {
namespace {

constexpr int embed_threads = 256, pick_threads = 1024, take_threads = 128;

__global__ void __launch_bounds__(embed_threads)
    embed(EmbeddingView table, const std::int32_t* ids, std::int32_t* x, int stride) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const int n = blockIdx.y;
    const int c = blockIdx.x * embed_threads + threadIdx.x;
    if (c < table.cols) x[static_cast<std::size_t>(n) * stride + c] = embedded(table, ids[n], c);
}

__global__ void __launch_bounds__(pick_threads) pick(const std::int32_t* logits, int vocabulary, std::int32_t* ids) {
    __shared__ unsigned long long best;
    let_next_kernel_start();
    wait_for_previous_kernel();
    if (threadIdx.x == 0) best = 0;
    __syncthreads();
    const std::int32_t* const row = logits + static_cast<std::size_t>(blockIdx.x) * vocabulary;
    std::uint64_t mine = 0;
    for (int v = threadIdx.x; v < vocabulary; v += pick_threads) mine = max(mine, candidate(row[v], v));
    for (int distance = 16; distance > 0; distance /= 2) mine = max(mine, __shfl_xor_sync(full_warp, mine, distance));
    if (threadIdx.x % 32 == 0) atomicMax(&best, static_cast<unsigned long long>(mine));
    __syncthreads();
    if (threadIdx.x == 0) ids[blockIdx.x] = candidate_token(best);
}

__global__ void __launch_bounds__(take_threads) take(std::uint64_t* best, int tokens, std::int32_t* ids) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const int n = blockIdx.x * take_threads + threadIdx.x;
    if (n >= tokens) return;
    ids[n] = candidate_token(best[n]);
    best[n] = 0;
}

}  // namespace

void launch_take(std::uint64_t* best, int tokens, std::int32_t* ids, Stream stream) {
    launch_overlapped(take, dim3(static_cast<unsigned>(ceil_div(tokens, take_threads))), take_threads, 0, stream, best,
                      tokens, ids);
}

void launch_pick(const std::int32_t* logits, int vocabulary, int tokens, std::int32_t* ids, Stream stream) {
    launch_overlapped(pick, dim3(static_cast<unsigned>(tokens)), pick_threads, 0, stream, logits, vocabulary, ids);
}

void launch_embed(const EmbeddingView& table, const std::int32_t* ids, int tokens, std::int32_t* x, int stride,
                  Stream stream) {
    const dim3 grid(static_cast<unsigned>(ceil_div(table.cols, embed_threads)), static_cast<unsigned>(tokens));
    launch_overlapped(embed, grid, embed_threads, 0, stream, table, ids, x, stride);
}

}  // namespace tephra::cuda

// How long it takes all blocks of a device to hand a vector to all: what the persistent kernel of batch 1 waits for
// four times a layer. Each block publishes words that carry the round's number; all read all of them, by three ways of
// waiting; meanwhile each streams weights as fast as it may. Prints cycles of a round. Usage: tephra_gpu_exchange
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <vector>

#include "backends/cuda/decode/worker.cuh"
#include "backends/cuda/device.hpp"
#include "benchmarks/gpu/demand.hpp"

namespace tephra::cuda {
namespace {

using gpu::demand;

constexpr int readers = 448;       ///< threads of a block that read; one more warp streams
constexpr int most_loads = 5;      ///< of 16 bytes a thread
constexpr int piece_bytes = 4096;  ///< of the stream
constexpr int most_ahead = 48;     ///< pieces on the way
constexpr int rounds = 2000;
constexpr std::size_t streamed_bytes = std::size_t{1} << 30;
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;  ///< of a round; the next one has another
constexpr int records_at = 1 << 19;

enum class Wait : int {
    all,      ///< every thread polls all of its words at once
    first,    ///< every thread polls its first words, then reads the others
    records,  ///< a warp polls one record of each block, then all read
    only_records,
};

struct Setting {
    std::uint8_t* memory;
    const std::uint8_t* stream;
    std::int64_t* cycles;  ///< [blocks] of all rounds
    int words;             ///< of a block
    Wait wait;
    int pieces, ahead;  ///< streamed a round by each block; on the way at most
};

__device__ bool is(const uint4& v, std::uint32_t round) {
    return v.x == round && v.y == round && v.z == round && v.w == round;
}

/// One thread: the pieces of a round as soon as the round before is over.
__device__ void stream(const Setting& s, const volatile int& over, std::uint32_t ring, std::uint32_t barriers) {
    const std::size_t every = std::size_t{gridDim.x} * piece_bytes, first = std::size_t{blockIdx.x} * piece_bytes;
    std::size_t at = first;
    int issued = 0;
    for (int round = 0; round < rounds; ++round) {
        while (over < round) __nanosleep(40);
#pragma unroll 1
        for (int piece = 0; piece < s.pieces; ++piece, ++issued) {
            const int slot = issued % s.ahead;
            const std::uint32_t barrier = barriers + 8 * slot;
            if (issued >= s.ahead) barrier_wait_local(barrier, (issued / s.ahead - 1) & 1);
            barrier_expect(barrier, piece_bytes);
            bulk_copy(ring + piece_bytes * slot, s.stream + at, piece_bytes, barrier);
            at = at + every + piece_bytes > streamed_bytes ? first : at + every;
        }
    }
#pragma unroll 1
    for (int k = max(0, issued - s.ahead); k < issued; ++k)
        barrier_wait_local(barriers + 8 * (k % s.ahead), k / s.ahead & 1);
}

__device__ void read_all(const Setting& s, const std::uint8_t* vector, std::uint32_t round) {
    const int loads = static_cast<int>(gridDim.x) * s.words / 4;
    if (s.wait == Wait::first && static_cast<int>(threadIdx.x) < loads)
        while (!is(load_relaxed(vector + 16 * threadIdx.x), round)) {
        }
    for (bool waiting = true; waiting;) {
        uint4 v[most_loads];
#pragma unroll
        for (int k = 0; k < most_loads; ++k) {
            const int load = static_cast<int>(threadIdx.x) + readers * k;
            v[k] = load < loads ? load_relaxed(vector + 16 * load) : uint4{round, round, round, round};
        }
        waiting = false;
#pragma unroll
        for (int k = 0; k < most_loads; ++k) waiting = waiting || !is(v[k], round);
    }
}

__global__ void __launch_bounds__(readers + 32) exchange(const __grid_constant__ Setting s) {
    extern __shared__ __align__(128) std::uint8_t ring[];
    __shared__ std::uint64_t barriers[most_ahead];
    __shared__ volatile int over;
    const std::uint32_t barrier = shared_address(barriers);
    const int lane = threadIdx.x % 32;
    if (threadIdx.x == 0) {
        over = 0;
        for (int k = 0; k < most_ahead; ++k) barrier_init(barrier + 8 * k, 1);
        barrier_init_fence();
    }
    __syncthreads();
    if (threadIdx.x >= readers) {
        if (lane == 0 && s.pieces > 0) stream(s, over, shared_address(ring), barrier);
        return;
    }
    const std::int64_t start = clock64();
    for (std::uint32_t round = 1; round <= rounds; ++round) {
        std::uint8_t* const vector = s.memory + round % 2 * buffer_bytes;
        std::uint8_t* const records = vector + records_at;
        if (threadIdx.x < 32) {
            for (int word = lane; word < s.words; word += 32)
                store_relaxed(vector + 4 * (blockIdx.x * s.words + word), round);
            if (s.wait >= Wait::records) {
                if (lane == 0) store_relaxed(records + 4 * blockIdx.x, round);
                const std::uint8_t* const from = records + 16 * (4 * lane < static_cast<int>(gridDim.x) ? lane : 0);
                while (__any_sync(full_warp, !is(load_relaxed(from), round))) {
                }
            }
        }
        if (s.wait >= Wait::records) asm volatile("bar.sync 1, %0;" ::"n"(readers) : "memory");
        if (s.wait != Wait::only_records) read_all(s, vector, round);
        asm volatile("bar.sync 1, %0;" ::"n"(readers) : "memory");
        if (threadIdx.x == 0) over = static_cast<int>(round);
    }
    if (threadIdx.x == 0) s.cycles[blockIdx.x] = clock64() - start;
}

/// Prints a line.
void run(Setting s, int blocks) {
    constexpr int ring_bytes = most_ahead * piece_bytes;
    void* parameters[] = {&s};
    demand(cudaMemset(s.memory, 0, 2 * buffer_bytes), "clear");
    demand(cudaFuncSetAttribute(exchange, cudaFuncAttributeMaxDynamicSharedMemorySize, ring_bytes), "set up");
    demand(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(exchange), dim3(blocks), dim3(readers + 32),
                                       parameters, ring_bytes, nullptr),
           "start");
    demand(cudaDeviceSynchronize(), "run");
    std::vector<std::int64_t> cycles(static_cast<std::size_t>(blocks));
    demand(cudaMemcpy(cycles.data(), s.cycles, cycles.size() * sizeof(std::int64_t), cudaMemcpyDeviceToHost), "fetch");
    std::ranges::sort(cycles);
    constexpr const char* names[] = {"poll all", "poll the first", "records, then all", "records alone"};
    std::printf("exchange %3d blocks %5.1f KB  %-19s stream %2d KB, %3d KB on the way: %6.0f cycles\n", blocks,
                blocks * s.words * 4 / 1024.0, names[static_cast<int>(s.wait)], s.pieces * 4, s.ahead * 4,
                static_cast<double>(cycles[cycles.size() / 2]) / rounds);
    std::fflush(stdout);
}

struct Traffic {
    int pieces, ahead;
};

}  // namespace
}  // namespace tephra::cuda

int main() {
    using namespace tephra::cuda;
    const auto device = open_device();
    if (!device) demand(tl::unexpected(device.error()));
    Buffer<std::uint8_t> memory, streamed;
    Buffer<std::int64_t> cycles;
    demand(memory.allocate(2 * buffer_bytes));
    demand(streamed.allocate(streamed_bytes));
    demand(cycles.allocate(128));
    Setting s{memory.data(), streamed.data(), cycles.data(), 0, Wait::all, 0, 1};
    for (const Traffic traffic : {Traffic{0, 1}, Traffic{4, 4}, Traffic{8, 8}, Traffic{8, 48}}) {
        s.pieces = traffic.pieces;
        s.ahead = traffic.ahead;
        for (const int blocks : {32, 64, 128}) {
            for (const int words : {4, 16, 48}) {
                s.words = words;
                for (const Wait wait : {Wait::all, Wait::first, Wait::records, Wait::only_records}) {
                    s.wait = wait;
                    run(s, blocks);
                }
            }
        }
    }
    return 0;
}

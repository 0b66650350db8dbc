// The product through mma.sync: runs on every device of compute capability 8.0 or higher.
#include "backends/cuda/batch/finish.cuh"
#include "backends/cuda/hardware/launch.cuh"
#include "backends/cuda/layout.hpp"

namespace tephra::cuda {
namespace {

constexpr int warps = 4;

__device__ inline void multiply_add(std::int32_t* d, const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
    asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// A warp computes 16 rows x token_tiles x 8 tokens; activations come through the first-level cache.
template <Finish finish, int token_tiles>
__global__ void __launch_bounds__(32 * warps) product_mma(ProductArguments arguments) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const StageView& weights = arguments.weights;
    const int lane = threadIdx.x % 32;
    const int pair = blockIdx.x * warps + threadIdx.x / 32;
    const int matrix = blockIdx.z;
    const auto row_bytes = static_cast<std::size_t>(weights.chunks) * tile_bytes;
    const auto* upper =
        reinterpret_cast<const uint4*>(weights.tiles + tile_row_of(weights, 2 * pair, matrix) * row_bytes) + lane;
    const auto* lower =
        reinterpret_cast<const uint4*>(weights.tiles + tile_row_of(weights, 2 * pair + 1, matrix) * row_bytes) + lane;
    const std::int8_t* const q = arguments.activations.q + matrix * arguments.activations.output_stride;
    const int groups = arguments.activations.tokens / 8;
    std::int32_t sums[4 * token_tiles] = {};
    for (int chunk = 0; chunk < weights.chunks; ++chunk, upper += tile_bytes / 16, lower += tile_bytes / 16) {
        const uint4 u = __ldg(upper), l = __ldg(lower);
        const auto* const words = reinterpret_cast<const std::uint32_t*>(
            q + (static_cast<std::size_t>(chunk) * groups + blockIdx.y * token_tiles) * 2048);
#pragma unroll
        for (int step = 0; step < 8; ++step) {
            std::uint32_t a[4];
            unpack(u, l, step / 4, step % 4, a);
#pragma unroll
            for (int tile = 0; tile < token_tiles; ++tile) {
                const std::uint32_t* const b = words + tile * 512 + step * 64 + lane;
                multiply_add(sums + 4 * tile, a, b[0], b[32]);
            }
        }
    }
    __shared__ StateRules<8 * token_tiles> rules;
    const int first = blockIdx.y * 8 * token_tiles;
    for (int n = threadIdx.x; n < 8 * token_tiles; n += 32 * warps) {
        const int at = matrix * arguments.activations.tokens + first + n;
        if (first + n < arguments.tokens)
            rules.set(n, state_rule(arguments.activations.dequantize[at], arguments.activations.sums[at]));
    }
    __syncthreads();
    finish_registers<finish>(arguments, {matrix, pair, lane, first}, rules, device_sigmoid_entries.data(), sums);
}

template <Finish finish>
void launch(const ProductArguments& arguments, Stream stream) {
    const int tokens = arguments.activations.tokens;
    const int tile = tokens % 64 == 0 ? 64 : 16;
    const dim3 grid(static_cast<unsigned>(tile_rows_seen(arguments.weights) / (2 * warps)),
                    static_cast<unsigned>(ceil_div(arguments.tokens, tile)), arguments.weights.matrices == 3 ? 3 : 1);
    if (tile == 64)
        launch_overlapped(product_mma<finish, 8>, grid, 32 * warps, 0, stream, arguments);
    else
        launch_overlapped(product_mma<finish, 2>, grid, 32 * warps, 0, stream, arguments);
}

}  // namespace

void launch_product_mma(Finish finish, const ProductArguments& arguments, Stream stream) {
    switch (finish) {
        case Finish::states:
            return launch<Finish::states>(arguments, stream);
        case Finish::residual:
            return launch<Finish::residual>(arguments, stream);
        case Finish::unit:
            return launch<Finish::unit>(arguments, stream);
        case Finish::choose:  // of launch_product_many alone
            return;
    }
}

}  // namespace tephra::cuda

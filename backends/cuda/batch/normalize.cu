// The norm of the tokens of a batch. Of many tokens, each has a few warps: then all are under way at once, and the
// arithmetic of scales, which every warp of a token repeats, is not repeated often.
#include "backends/cuda/batch/norm.cuh"
#include "backends/cuda/hardware/launch.cuh"

namespace tephra::cuda {
namespace {

/// Blocks of a multiprocessor, by what a thread holds.
constexpr int residents(int held_quads) {
    return held_quads <= 6 ? 3 : (held_quads <= 15 ? 2 : 1);
}

/// A block takes norm_threads / (32 warps) tokens; a thread holds `quads` times four columns of one.
template <int outputs, int warps, int quads>
__global__ void __launch_bounds__(norm_threads, residents(outputs* quads))
    normalize(const __grid_constant__ NormView norm, const __grid_constant__ Halves halves,
              const __grid_constant__ NormArguments a) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    constexpr int group_threads = 32 * warps, groups = norm_threads / group_threads;
    const int n = static_cast<int>(blockIdx.x * groups + threadIdx.x / group_threads);
    if (n >= a.tokens) return;
    const Columns<warps, quads> columns(norm.size);
    const std::size_t line = static_cast<std::size_t>(n) * a.stride;
    NormInput<quads> in;
#pragma unroll
    for (int i = 0; i < quads; ++i) in.x[i] = load_states(a.x + line, columns.column(i), a.stride);
    in.gated = a.gates != nullptr;
    in.gate_squares = 0;
#pragma unroll
    for (int i = 0; in.gated && i < quads; ++i) {
        const int c = columns.column(i);
        const int4 g = load_states(a.gates + line, c, a.stride);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const std::int32_t mine = c + j < columns.size ? state_at(g, j) : 0;
            in.gate_squares = multiply_wide(mine, mine, in.gate_squares);
        }
    }
    normalize_token<outputs, warps, quads>(norm, halves, in, n, a.out);
}

template <int outputs, int warps, int quads>
void launch(const NormView& norm, const NormArguments& a, Stream stream) {
    const dim3 grid(static_cast<unsigned>(ceil_div(a.tokens, norm_threads / (32 * warps))));
    constexpr auto* kernel = normalize<outputs, warps, quads>;
    launch_overlapped(kernel, grid, norm_threads, 0, stream, norm, Halves{}, a);
}

template <int outputs>
void choose(const NormView& norm, const NormArguments& a, Stream stream) {
    const int size = round_up(norm.size, tile_columns);
    if (has_many_tokens(a.tokens)) {
        if (size <= 256) return launch<outputs, 1, 2>(norm, a, stream);
        if (size <= 512) return launch<outputs, 1, 4>(norm, a, stream);
        if constexpr (outputs == 1)
            if (size <= 768) return launch<outputs, 1, 6>(norm, a, stream);
        if (size <= 1024) return launch<outputs, 2, 4>(norm, a, stream);
        if (size <= 2048) return launch<outputs, 4, 4>(norm, a, stream);
        if (size <= 2560) return launch<outputs, 4, 5>(norm, a, stream);
        if constexpr (outputs == 1) {
            if (size <= 2816) return launch<outputs, 4, 6>(norm, a, stream);
            if (size <= 5632) return launch<outputs, 4, 11>(norm, a, stream);
            if (size <= 7168) return launch<outputs, 4, 14>(norm, a, stream);
        }
    }
    constexpr int warps = norm_threads / 32;
    if (size <= 1024) return launch<outputs, warps, 1>(norm, a, stream);
    if (size <= 2048) return launch<outputs, warps, 2>(norm, a, stream);
    if (size <= 3072) return launch<outputs, warps, 3>(norm, a, stream);
    if constexpr (outputs == 1)
        if (size <= 7168) return launch<outputs, warps, 7>(norm, a, stream);
    launch<outputs, warps, norm_most_quads>(norm, a, stream);
}

}  // namespace

void launch_normalize(const NormView& norm, const NormArguments& arguments, Stream stream) {
    if (norm.outputs == 3)
        choose<3>(norm, arguments, stream);
    else
        choose<1>(norm, arguments, stream);
}

}  // namespace tephra::cuda

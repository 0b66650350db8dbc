#pragma once
// Kernels for many tokens at once: a batch of streams that each take one token, or a run of tokens of one stream.
// Launches are asynchronous on `stream`; errors come from cudaGetLastError.
#include <cstdint>

#include "backends/cuda/layout.hpp"
#include "backends/cuda/views.hpp"

namespace tephra::cuda {

/// Batches of so many tokens, padding included, run the kernels that are made for prompts.
inline constexpr int many_tokens = 512;
constexpr bool has_many_tokens(int tokens) {
    return padded_tokens(tokens) >= many_tokens;
}

/// x[n] = embedding of ids[n]; x: [tokens x stride].
void launch_embed(const EmbeddingView& table, const std::int32_t* ids, int tokens, std::int32_t* x, int stride,
                  Stream stream);

/// What a norm reads: x: [tokens x stride]; gates: g of the output norm, in the same order, or null. What it makes.
struct NormArguments {
    const std::int32_t* x;
    int stride;
    const std::int32_t* gates;
    int tokens;
    ActivationView out;
};

/// Normalises and quantizes.
void launch_normalize(const NormView& norm, const NormArguments& arguments, Stream stream);

/// Pre-activations f, i, g as states: [3][tokens x stride].
struct MixerStates {
    const std::int32_t* states;
    std::size_t matrix_stride;
    int stride;
};

/// A step of the recurrence for streams 0 .. tokens - 1, or `tokens` steps of one stream.
struct RecurrenceArguments {
    MixerStates mixer;
    std::int32_t* h;            ///< state of the stream, or of stream 0
    std::size_t stream_stride;  ///< from a stream's state to the next
    int tokens;
    std::int32_t* t;  ///< [tokens x stride]: g silu(h); of streams also null, where nobody asks for it
};

/// One step for each stream, then the output norm of t.
void launch_recur_and_normalize(const BlockView& block, const RecurrenceArguments& arguments, const ActivationView& out,
                                Stream stream);

/// The recurrence along the tokens of one stream.
void launch_recur_along(const BlockView& block, const RecurrenceArguments& arguments, Stream stream);

/// ids[n] = the token with the largest logit, the lowest of equals. logits: [tokens x vocabulary].
void launch_pick(const std::int32_t* logits, int vocabulary, int tokens, std::int32_t* ids, Stream stream);

/// ids[n] = the token of best[n], which becomes zero.
void launch_take(std::uint64_t* best, int tokens, std::int32_t* ids, Stream stream);

/// What becomes of the accumulators of a product.
enum class Finish : int {
    states,    ///< out[m][n][row] = accumulator x scale; two matrices side by side: out[n][m rows + row]
    residual,  ///< out[n][row] = saturate(shift(x[n][row]) + accumulator x scale)
    unit,      ///< out[n][row] = silu(z1) z2
    choose,    ///< best[n] = the larger of itself and the candidates of all rows: launch_product_many alone
};

struct ProductArguments {
    StageView weights;
    ActivationView activations;
    int tokens;         ///< real tokens
    std::int32_t* out;  ///< [tokens x stride]
    int stride;
    std::size_t matrix_stride;  ///< of out, for several matrices
    const std::int32_t* x;      ///< residual only: [tokens x stride]
    int shift;                  ///< residual only
    int z_bits, y_bits;         ///< unit only
    std::uint64_t* best;        ///< choose only: [tokens] candidates (backends/cuda/arithmetic/reduce.cuh)
};

/// Ternary matrices x activations, any device of compute capability 8.0 or higher.
void launch_product_mma(Finish finish, const ProductArguments& arguments, Stream stream);

/// The same through Hopper's warpgroup instructions: compute capability 9.0 only.
void launch_product_wgmma(Finish finish, const ProductArguments& arguments, Stream stream);

/// The same for numbers of tokens that 128 divides. Finish::choose: 4 divides the stride, which is the number of rows.
void launch_product_many(Finish finish, const ProductArguments& arguments, Stream stream);

}  // namespace tephra::cuda

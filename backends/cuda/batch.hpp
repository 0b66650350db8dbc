#pragma once
// Kernels for many tokens at once: a batch of streams that each take one token, or a run of tokens of one stream.
// Launches are asynchronous on `stream`; errors come from cudaGetLastError.
#include <cstdint>

#include "backends/cuda/views.hpp"

struct CUstream_st;

namespace tephra::cuda {

using Stream = CUstream_st*;

/// x[n] = embedding of ids[n]; x: [tokens x stride].
void launch_embed(const EmbeddingView& table, const std::int32_t* ids, int tokens, std::int32_t* x, int stride,
                  Stream stream);

/// Normalises and quantizes x: [tokens x stride]; gates: g of the output norm, laid out like x, or null.
void launch_normalize(const NormView& norm, const std::int32_t* x, int stride, const std::int32_t* gates, int tokens,
                      const ActivationView& out, Stream stream);

/// The same arranged for many tokens; false, and nothing launched, for vectors that it does not take.
bool launch_normalize_many(const NormView& norm, const std::int32_t* x, int stride, const std::int32_t* gates,
                           int tokens, const ActivationView& out, Stream stream);

/// Pre-activations f, i, g as states: [3][tokens x stride].
struct MixerStates {
    const std::int32_t* states;
    std::size_t matrix_stride;
    int stride;
};

/// One step of the recurrence for streams 0 .. tokens-1, then the output norm: t: [tokens x stride], h: stream n's
/// state at h + n stream_stride.
void launch_recur_and_normalize(const BlockView& block, const MixerStates& mixer, std::int32_t* h,
                                std::size_t stream_stride, int tokens, std::int32_t* t, const ActivationView& out,
                                Stream stream);

/// The recurrence along `tokens` tokens of one stream: t: [tokens x stride].
void launch_recur_along(const BlockView& block, const MixerStates& mixer, std::int32_t* h, int tokens, std::int32_t* t,
                        Stream stream);

/// ids[n] = the token with the largest logit, the lowest of equals. logits: [tokens x vocabulary].
void launch_pick(const std::int32_t* logits, int vocabulary, int tokens, std::int32_t* ids, Stream stream);

/// What becomes of the accumulators of a product.
enum class Finish : int {
    states,    ///< out[m][n][row] = accumulator x scale; two matrices side by side: out[n][m rows + row]
    residual,  ///< out[n][row] = saturate(shift(x[n][row]) + accumulator x scale)
    unit,      ///< out[n][row] = silu(z1) z2
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
};

/// Ternary matrices x activations, any device of compute capability 8.0 or higher.
void launch_product_mma(Finish finish, const ProductArguments& arguments, Stream stream);

/// The same through Hopper's warpgroup instructions: compute capability 9.0 only.
void launch_product_wgmma(Finish finish, const ProductArguments& arguments, Stream stream);

/// The same for numbers of tokens that 128 divides.
void launch_product_many(Finish finish, const ProductArguments& arguments, Stream stream);

}  // namespace tephra::cuda

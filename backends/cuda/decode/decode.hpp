#pragma once
// Greedy decoding of one stream in one persistent kernel: blocks stay on their multiprocessors through all stages of
// all tokens and hand vectors to each other through memory.
#include <cstdint>

#include "backends/cuda/decode/plan.hpp"
#include "backends/cuda/views.hpp"

struct CUstream_st;

namespace tephra::cuda {

/// How the input of a stage goes from the blocks that own its elements to all blocks. The lowest bit of every word is
/// its flag. It alternates from version to version, so that a value and its flag are one store.
struct ExchangeView {
    std::uint32_t* p;     ///< [inputs][pitch] what is quantized, 2 p + flag
    std::uint64_t* sums;  ///< [sum lists][blocks] 2 sum of squares + flag: of x by writers, then of g
    int writers;          ///< serving warps of a block that have elements
    int columns;          ///< that are published: whole packs
    int pitch;            ///< columns, rounded up to whole chunks
};

struct Exchanges {
    ExchangeView stages[stage_count];
    std::uint64_t* candidates;  ///< [serving_warps][blocks] best token: candidate(), a 16-bit tag below
};

struct DecodeArguments {
    DecodePlan plan;
    Exchanges exchanges;      ///< all zero before the first launch
    const BlockView* blocks;  ///< [layers], in device memory
    int layers;
    const std::uint8_t* tiles[stage_count];  ///< of block 0, and of the head
    std::uint64_t block_bytes;               ///< from one block's tiles to the next's
    StageView head;
    NormView head_norm;
    EmbeddingView embedding;
    std::int32_t* h;             ///< [layers x d] state of the stream
    const std::int32_t* first;   ///< token that is fed first
    int steps;                   ///< tokens to feed; each after the first is the greedy choice
    std::uint32_t version;       ///< layers that went through the exchange before this launch
    std::uint32_t head_version;  ///< tokens that did
    std::int32_t* logits;        ///< [V] of the last step, or null
    std::int32_t* chosen;        ///< [steps] greedy choice after each step, or null: then steps is 1
};

/// Starts the kernel, which needs compute capability 9.0; errors come from the return value and cudaGetLastError.
int launch_decode(const DecodeArguments& arguments, CUstream_st* stream);

}  // namespace tephra::cuda

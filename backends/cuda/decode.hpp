#pragma once
// Greedy decoding of one stream in one persistent kernel: blocks stay on their multiprocessors through all stages of
// all tokens and hand vectors to each other through memory.
#include <cstdint>

#include "backends/cuda/plan.hpp"
#include "backends/cuda/views.hpp"

struct CUstream_st;

namespace tephra::cuda {

/// Where blocks publish what they computed; all zero before the first launch.
struct ExchangeView {
    std::uint32_t* x;           ///< [round_up(d, 8)] residual; a word is a 24-bit state and an 8-bit tag
    std::uint32_t* attended;    ///< [round_up(d, 8)]
    std::uint32_t* mixed;       ///< [round_up(d, 8)]
    std::uint32_t* unit;        ///< [round_up(f, 8)]
    std::uint64_t* squares;     ///< [blocks][2] sums of g^2: 32 bits and a 32-bit tag each
    std::uint64_t* candidates;  ///< [blocks] best token: see candidate(), a 16-bit tag below
};

struct DecodeArguments {
    DecodePlan plan;
    ExchangeView exchange;
    const BlockView* blocks;  ///< [layers], in device memory
    int layers;
    const std::uint8_t* tiles[decode_stages];  ///< of block 0, and of the head
    std::uint64_t block_bytes;                 ///< from one block's tiles to the next's
    StageView head;
    NormView head_norm;
    EmbeddingView embedding;
    std::int32_t* h;            ///< [layers x d] state of the stream
    const std::int32_t* first;  ///< token that is fed first
    int steps;                  ///< tokens to feed; each after the first is the greedy choice
    std::uint32_t version;      ///< of the exchange: grows by steps (layers + 1) from launch to launch
    std::int32_t* logits;       ///< [V] of the last step, or null
    std::int32_t* chosen;       ///< [steps] greedy choice after each step, or null: then steps is 1
};

/// Starts the kernel; errors come from the return value and cudaGetLastError.
int launch_decode(const DecodeArguments& arguments, CUstream_st* stream);

}  // namespace tephra::cuda

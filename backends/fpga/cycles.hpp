#pragma once
// How many cycles a token takes, without simulating it.
#include <cstdint>

#include "backends/fpga/simulated_core.hpp"
#include "neuro/deployment.hpp"

namespace tephra::fpga {

/// Cycles of one token of every stream of the core with an ideal memory (a word every cycle), by what the core does.
/// Exact: tests compare it with the simulated core. Vectors shorter than 32 elements can take a few cycles more.
struct CycleCount {
    std::uint64_t rows = 0;      ///< weights and records stream in
    std::uint64_t quantize = 0;  ///< products become activations, one a cycle
    std::uint64_t scales = 0;    ///< scales of complete vectors
    std::uint64_t drain = 0;     ///< the last elements of a phase go through the pipelines
    std::uint64_t control = 0;   ///< headers, the start of a token
    std::uint64_t embedding = 0;
    std::uint64_t words = 0;         ///< that come from memory
    std::uint64_t weight_words = 0;  ///< of them, those that hold weights
    std::uint64_t products = 0;      ///< phases with a product: before each, memory runs ahead
    [[nodiscard]] std::uint64_t total() const { return rows + quantize + scales + drain + control + embedding; }
};

/// `head`: none leaves the head out.
CycleCount count_cycles(const ModelConfig& config, FloatType embedding, const CoreShape& shape, HeadMode head);

/// Cycles of the core with the SDRAM of rtl/tephra_board.sv, which has twice its clock: pages, refresh, and what the
/// buffers before the core hide. Within 0.5 % of the simulated board. Words have 32 bits.
std::uint64_t sdram_cycles(const CycleCount& count);

}  // namespace tephra::fpga

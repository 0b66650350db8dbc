#pragma once
// How many cycles a token takes, without simulating it.
#include <cstdint>

#include "backends/fpga/simulated_core.hpp"
#include "neuro/lm/deployment.hpp"

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

/// Words that stand in buffers before the core when a product starts: rtl/tephra_fetch.sv.
inline constexpr double fetched_words = 32;

/// Cycles of the core with a memory that takes `cycles_per_word` for a word, of which `buffered` are there before each
/// product. As total() where a word takes one cycle or less.
std::uint64_t memory_cycles(const CycleCount& count, double cycles_per_word, double buffered = fetched_words);

/// Words of the memory image of a model, as pack_image() packs it.
std::uint64_t image_words(const ModelConfig& config, FloatType embedding, const CoreShape& shape);

/// Cycles of the core with the SDRAM of rtl/tephra_board.sv, which has twice its clock: pages, refresh, and what the
/// buffers before the core hide. Within 0.5 % of the simulated board. Words have 32 bits.
std::uint64_t sdram_cycles(const CycleCount& count);
/// Cycles of the core that a word of that SDRAM takes.
double sdram_cycles_per_word();

}  // namespace tephra::fpga

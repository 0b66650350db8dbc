#pragma once
// The core of rtl/tephra_core.sv as a C++ object: cycle-accurate, made by Verilator.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backends/fpga/core_shape.hpp"
#include "backends/fpga/memory_model.hpp"

namespace tephra::fpga {

/// What happened in the cycles of a token.
struct TokenCycles {
    std::uint64_t total = 0;    ///< from the token's offer to its end
    std::uint64_t words = 0;    ///< that came from memory
    std::uint64_t starved = 0;  ///< cycles in which the core would have taken a word and memory had none
};

/// What an observer sees of a token, in the order of cycles. Vectors go by element, for each element all streams.
class CoreObserver {
public:
    CoreObserver() = default;
    CoreObserver(const CoreObserver&) = delete;
    CoreObserver& operator=(const CoreObserver&) = delete;
    virtual ~CoreObserver() = default;
    virtual void phase() = 0;  ///< rows of a phase begin; its activations came before
    virtual void scaled(int op, int row, std::int32_t value) = 0;  ///< a sum as a state: op, row of its element
    virtual void h(std::int32_t value) = 0;                        ///< a new recurrent state
    virtual void state(std::int32_t value) = 0;                    ///< t, y or x for the norm behind
    virtual void activation(std::int32_t value) = 0;               ///< by stream, output, element
    virtual void embedded(std::int32_t value) = 0;                 ///< x of an active stream, by stream
};

enum class HeadMode : std::uint8_t { none = 0, greedy = 1, logits = 2 };

/// One token for each active stream.
struct TokenRequest {
    std::span<const std::int32_t> ids;  ///< [streams]
    std::uint64_t active = 1;           ///< bit s: stream s
    HeadMode head = HeadMode::logits;
    std::size_t vocabulary = 0;
    std::uint64_t cycle_limit = 0;     ///< after which the core counts as stuck
    double host_pause = 0;             ///< chance that the host takes no logit in a cycle
    CoreObserver* observer = nullptr;  ///< may be none
};

class SimulatedCore {
public:
    SimulatedCore() = default;
    SimulatedCore(const SimulatedCore&) = delete;
    SimulatedCore& operator=(const SimulatedCore&) = delete;
    virtual ~SimulatedCore() = default;
    [[nodiscard]] virtual const CoreShape& shape() const = 0;
    virtual void reset() = 0;
    /// Runs a token. `logits`: [vocabulary x streams] when wanted. `choice`: [streams], the greedy choices.
    /// Errors: device when the core reports a bad image, reads beyond it, or does not end within the limit.
    virtual Result<TokenCycles> run(const TokenRequest& request, MemoryModel& memory, std::span<std::int32_t> logits,
                                    std::span<std::int32_t> choice) = 0;
    virtual void read_h(int stream, std::span<std::int32_t> h) = 0;
    virtual void write_h(int stream, std::span<const std::int32_t> h) = 0;
};

/// Shapes that this program was built with; none in a build without Verilator.
std::span<const CoreShape> built_shapes();

/// A core of a built shape: an element of built_shapes(), by index.
std::unique_ptr<SimulatedCore> make_core(std::size_t shape);

}  // namespace tephra::fpga

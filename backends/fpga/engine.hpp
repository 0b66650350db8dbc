#pragma once
// The RTL engine: the integer model in the simulated FPGA core, equal bits.
#include <memory>

#include "backends/fpga/simulated_core.hpp"
#include "neuro/lm/engine.hpp"

namespace tephra {

struct RtlEngineOptions {
    int streams = 1;
    int lanes = 0;                ///< of the core; 0: the widest that was built
    fpga::MemoryTiming memory{};  ///< default: ideal
    double host_pause = 0;        ///< chance that the host takes no logit in a cycle
};

class RtlEngine : public Engine {
public:
    [[nodiscard]] virtual const fpga::CoreShape& shape() const = 0;
    /// Cycles of the last token of decode() or prefill(), of the last group of streams.
    [[nodiscard]] virtual fpga::TokenCycles cycles() const = 0;
    /// Greedy choice of each stream that decode() fed last; its logits were wanted.
    [[nodiscard]] virtual std::span<const std::int32_t> choices() const = 0;
};

/// Errors: device (built without Verilator); usage (no such number of lanes, with those that there are); does_not_fit
/// (backends/fpga/core_shape.hpp); as check_options().
Result<std::unique_ptr<RtlEngine>> make_rtl_engine(std::shared_ptr<const Deployment> model,
                                                   const RtlEngineOptions& options);

}  // namespace tephra

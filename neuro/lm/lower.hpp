#pragma once
// lower: LayerGraph -> Program. docs/architecture.md draws the populations of one block.
#include <memory>
#include <string>

#include "core/json.hpp"
#include "neuro/lm/deployment.hpp"
#include "neuro/program.hpp"

namespace tephra {

/// Lowers a model to populations and projections. Never fails on a loaded Deployment.
Program lower(std::shared_ptr<const Deployment> model);

/// Counts per token that follow from the graph alone, before it is mapped (messages at full activity).
struct ProgramCost {
    int steps = 0;              ///< barrier steps a token takes
    std::int64_t neurons = 0;   ///< that fire per token
    std::int64_t synops = 0;    ///< weights read per token when no activation is zero
    std::int64_t messages = 0;  ///< neuron messages per token, per source (before fan-out to cores)
    std::int64_t synaptic_bytes_ternary2 = 0, synaptic_bytes_int8 = 0;
    std::int64_t state_bits = 0;  ///< recurrent state per stream
};
ProgramCost program_cost(const Program& program);

}  // namespace tephra

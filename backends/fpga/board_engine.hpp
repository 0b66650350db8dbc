#pragma once
// The engine on a board with the FPGA core, over its serial line, equal bits.
#include <memory>

#include "backends/fpga/link.hpp"
#include "neuro/lm/engine.hpp"

namespace tephra {

/// Loads the model into the board's memory and clears its state. A board shows no taps: set_tap() keeps none.
/// Errors: device (backends/fpga/link.hpp); does_not_fit: a model larger than the board's core, or more streams than it
/// has; as check_options().
Result<std::unique_ptr<Engine>> make_board_engine(std::shared_ptr<const Deployment> model, const EngineOptions& options,
                                                  std::unique_ptr<fpga::Transport> transport);

}  // namespace tephra

#pragma once
// The input of a network as the host of a machine sends it.
#include <memory>

#include "neuro/program.hpp"
#include "neuro/spiking/lower.hpp"
#include "neuro/spiking/network_input.hpp"
#include "simulator/frame_feed.hpp"
#include "simulator/spares.hpp"

namespace tephra::spiking {

/// How the host sends an input: once where it is the same in every step.
HostInput host_input(const NetworkInput& input);

/// The frames of `input` for `steps` steps, 1 to most_steps; zeros where it has none. `input` must outlive it.
/// `reader`: takes what the program's sink sends in each step; may be empty.
FrameFeed network_feed(const Program& program, NetworkInput& input, int steps, FrameFeed::Reader reader = {});

/// What measure_spares() runs of a network: `steps` steps with an input. `program`: lowered for host_input(input).
SparesWork step_work(std::shared_ptr<const Program> program, NetworkInput input, int steps);

}  // namespace tephra::spiking

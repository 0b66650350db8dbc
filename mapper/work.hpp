#pragma once
// Work: a bound on what one token costs a machine, so that the mapper's sums of times cannot overflow.
#include "core/error.hpp"
#include "mapper/machine.hpp"
#include "neuro/program.hpp"

namespace tephra {

/// Time that cores and links can be busy with one token, summed over all of them, whatever the mapping. Each weight,
/// identity synapse and record counts as a message that is sent, crosses each kind of link, is received and uses a
/// weight. Each neuron is updated once. The longest time of a mapped program, with its routes and barriers, is
/// longest_token_time (simulator/longest_time.hpp).
/// Errors: bad_input, "times too long for this model", when it reaches longest_time.
Result<Picoseconds> work_bound(const Program& program, const Machine& machine);

}  // namespace tephra

#pragma once
// Work: a bound on what one token costs a machine, so that sums of times cannot overflow.
#include "core/error.hpp"
#include "mapper/machine.hpp"
#include "neuro/program.hpp"

namespace tephra {

/// Sums of times stay below this many picoseconds (53 days), half of what 64 bits hold.
inline constexpr std::int64_t longest_work_ps = std::int64_t{1} << 62;

/// Picoseconds that cores and links can be busy with one token, summed over all of them, whatever the mapping;
/// INT64_MAX when it is more than 64 bits hold. Each weight, identity synapse and record counts as a message that is
/// sent, crosses each kind of link, is received and uses a weight. Each neuron is updated once.
std::int64_t work_bound(const Program& program, const Machine& machine);

/// Errors: bad_input when the machine's times are so long that work_bound() reaches longest_work_ps.
Result<void> check_work(const Program& program, const Machine& machine);

}  // namespace tephra

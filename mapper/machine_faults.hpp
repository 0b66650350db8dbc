#pragma once
// What is dead or slow on a machine, in its file: dead_cores, dead_links, dead_mesh_links, dead_routers, slow_cores.
#include "core/object_reader.hpp"
#include "mapper/machine.hpp"

namespace tephra {

/// Reads these keys of the machine's object; the machine's shape must be known. Each may be missing: nothing is dead.
/// Errors: bad_input with its place: a part that the machine has not, ends that are no neighbours, a part listed twice,
/// a factor that is no number of thousandths above 1.
Result<void> read_machine_faults(ObjectReader& top, Machine& machine);

}  // namespace tephra

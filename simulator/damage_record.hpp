#pragma once
// Dead and slow parts of a machine in run files.
#include <optional>
#include <string>

#include "mapper/machine.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// The dead and slow parts of a machine; none where it is whole.
std::optional<DamageRecord> record_damage(const Machine& machine);

/// Parts are those of a machine of this shape, each once, in ascending order. Errors: bad_input with the JSON pointer
/// below `place`, that of the record.
Result<void> check_damage(const DamageRecord& damage, const Geometry& geometry, const std::string& place);

}  // namespace tephra

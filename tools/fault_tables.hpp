#pragma once
// simulate --faults: what errors of links did, where, and what it did to the results.
#include <span>
#include <string>

#include "mapper/machine.hpp"
#include "simulator/lm/text_change.hpp"
#include "simulator/run.hpp"
#include "tools/command.hpp"
#include "tools/table.hpp"

namespace tephra::tools {

/// --faults, --fault-seed.
void add_fault_options(CLI::App& command, bool& faults, std::uint64_t& seed);
/// Refuses them where no link of the machine errs.
void check_fault_options(const CLI::App& command, const Machine& machine);

/// A row for each round, link and population that sent, and for each slice that missed something.
Table fault_rows(const Run& run);

/// Sums of all faults.
Table fault_summary(const Run& run);
void add_change(const TextChange& change, Table& summary);
/// `name`: of a layer. `differ` of its `all` messages (neurons x steps) are not those of the run without faults.
void add_change(const std::string& name, std::int64_t differ, std::int64_t all, Table& summary);

}  // namespace tephra::tools

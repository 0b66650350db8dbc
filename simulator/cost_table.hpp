#pragma once
// Cost table: what one counted event costs, and what a powered chip draws. Read from JSON (docs/formats.md); every
// entry carries its range, its kind and its source. Derivations: docs/validation.md.
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "core/object_reader.hpp"
#include "core/units.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// Where a number comes from. Two kinds are never averaged.
enum class Evidence : std::uint8_t {
    measured,   ///< on silicon, by its publisher or by us
    cited,      ///< published, but not measured: simulation, fit, specification
    derived,    ///< arithmetic on the others; the source names the place of the arithmetic
    assumed,    ///< nobody published it; the source says why this value
    simulated,  ///< a result of this program
};
std::string_view evidence_name(Evidence kind);
/// Kinds that an entry of a file may have: all but `simulated`.
inline constexpr std::array<Evidence, 4> price_evidence = {Evidence::measured, Evidence::cited, Evidence::derived,
                                                           Evidence::assumed};
/// Reads the name of one of the `allowed` kinds at `key`; faults are the reader's.
Evidence read_evidence(ObjectReader& reader, std::string_view key, std::span<const Evidence> allowed);

/// What an energy or a power covers. Each scope holds the ones before it.
enum class PowerScope : std::uint8_t {
    neurocores,  ///< cores, mesh and links of the chips
    board,       ///< an accelerator with its memory and voltage regulators, without a host
    system,      ///< also embedded processors, board and what else the supply feeds
};
/// Names in files, reports and pages, in the order of the enumerators.
const std::vector<std::string>& scope_names();
const std::string& scope_name(PowerScope scope);
/// Reads a scope at `key`; "chips", the name that neurocores had, is taken too. Faults are the reader's.
PowerScope read_scope(ObjectReader& reader, std::string_view key);

/// One price with its plausible range, low <= value <= high.
struct Price {
    double low = 0, value = 0, high = 0;
    Evidence kind = Evidence::assumed;
    std::string source;
};

struct CostTable {
    std::string name;                           ///< "loihi2"
    std::string about;                          ///< one sentence for reports
    std::vector<std::string> machine_kinds;     ///< Machine::kind values that it prices
    PowerScope scope = PowerScope::neurocores;  ///< of events, chip_step and chip_static
    std::array<Price, event_kinds> energy;      ///< pJ per event
    Price chip_step;                            ///< pJ of a powered chip in a barrier step, whatever its cores do in it
    Price chip_static;                          ///< mW per powered chip
    bool system_included = false;               ///< false: chip_system.source says why the table has no system scope
    Price chip_system;           ///< mW per powered chip that the system scope adds: processors and board
    bool host_included = false;  ///< false: host.source says why the host is not charged
    Price host;                  ///< mW of the host while the run lasts; only where there is a system scope
    Hash128 hash;                ///< of the canonical JSON

    [[nodiscard]] const Price& operator[](EventKind kind) const { return energy[static_cast<std::size_t>(kind)]; }
    /// The scopes that an energy can be given for, least first.
    [[nodiscard]] std::vector<PowerScope> scopes() const;
};

/// Reads a cost table. Errors: bad_input with file and JSON pointer: an entry missing, unknown, negative, out of its
/// range or without a source; a zero price without a reason.
Result<CostTable> parse_cost_table(std::string_view text, const std::string& place);
Result<CostTable> read_cost_table(const std::string& path);

/// A cost table by path, or by the name of a file in machines/costs that ships ("loihi2").
Result<CostTable> find_cost_table(const std::string& name_or_path);

}  // namespace tephra

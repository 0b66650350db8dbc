#pragma once
// Published FPGA designs of ternary language models beside what bounds them, and beside this core on the same device.
// Rows of a ledger (simulator/ledger.hpp) in validation/fpga/, whose recipe has the kind "fpga-design".
#include <optional>
#include <string>
#include <vector>

#include "backends/fpga/estimate.hpp"
#include "core/error.hpp"
#include "simulator/ledger.hpp"
#include "simulator/repeat.hpp"

namespace tephra::fpga {

struct Design {
    LedgerRow row;
    std::string model;  ///< a known shape, or a name with a number of weights in the recipe
    int streams = 1;
    double rate = 0;  ///< published tokens a second, all streams
    std::optional<double> watts;
    double memory_rate = 0;            ///< streams x bandwidth x efficiency / bytes of the weights
    std::optional<double> lanes_rate;  ///< lanes x clock x utilisation / weights; none: its lanes are not known
    std::optional<FpgaEstimate> core;  ///< of this core, with the best lanes that fit
    std::string why_no_core;

    /// The lesser of the two rates, where both are known.
    [[nodiscard]] std::optional<double> predicted() const;
    [[nodiscard]] std::optional<double> error_percent() const;
};

/// Carries out a recipe "fpga-design". Errors: bad_input (recipe, device, model).
Result<Design> design_of(const LedgerRow& row);

/// The row repeated: predicted() for tokens/s, why not for what else it holds.
Result<RowResult> repeat_design(const LedgerRow& row);

/// The designs that ship: validation/fpga/designs.json.
Result<std::vector<Design>> shipped_designs();

/// The table of backends/fpga/README.md.
std::string designs_markdown(const std::vector<Design>& designs);

}  // namespace tephra::fpga

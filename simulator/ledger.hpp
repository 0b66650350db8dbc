#pragma once
// The ledger: published measurements of the simulated chips, what each may be used for, and how to repeat it, as data.
// Read from validation/*.json (docs/formats.md).
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/json.hpp"
#include "simulator/cost_table.hpp"

namespace tephra {

/// What a measured figure may be used for.
enum class LedgerUse : std::uint8_t {
    fit,       ///< constants were, or may be, derived from it: agreement with it is no prediction
    check,     ///< no constant was derived from it, but it was known to whoever chose them
    hold_out,  ///< must never be used to fit anything: predictions are judged by it
};
/// "fit", "check", "hold-out".
const std::vector<std::string>& use_names();
const std::string& use_name(LedgerUse use);

/// One published number.
struct LedgerFigure {
    std::string quantity;             ///< "energy"
    double value = 0;                 ///< above zero
    std::optional<double> low, high;  ///< its own uncertainty, where it is stated
    std::string unit;                 ///< "mJ/token"
    std::optional<PowerScope> scope;  ///< of an energy or a power
    Evidence kind = Evidence::measured;
    LedgerUse use = LedgerUse::check;
    std::optional<double> wanted_percent;  ///< how close a prediction is wanted
    std::vector<std::string> fits;         ///< constants whose value was derived from it; of fits alone
    std::vector<std::string> bounds;       ///< constants of which it gave an end of the range, not the value
    std::string note;
    Json at;  ///< arguments of the recipe for this figure alone; null: none
};

/// A network on a device, with all that was measured of it.
struct LedgerRow {
    std::string id;  ///< "mmfree-370m-generate"
    std::string network, device, source;
    std::vector<LedgerFigure> figures;
    std::string recipe;     ///< "kind" of the recipe, one of recipe_names()
    std::string synthetic;  ///< what in the repetition was made up, because it is not public; else empty
    Json repeat;            ///< the recipe, an object (simulator/repeat.hpp)
};

/// Kinds of recipes: "language-model", "idle", "event", "barrier", "network", "network-file", "fpga-design", "spiking".
const std::vector<std::string>& recipe_names();

/// Reads a file of rows. Errors: bad_input with file and JSON pointer: unknown keys, two rows of one id, a figure that
/// is fitted although its use is not fit, a unit of energy without scope.
Result<std::vector<LedgerRow>> parse_ledger(std::string_view text, const std::string& place);

/// The ledger that ships: every file of validation/, by name.
Result<std::vector<LedgerRow>> shipped_ledger();

}  // namespace tephra

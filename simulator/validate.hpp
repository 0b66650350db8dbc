#pragma once
// validate: the ledger beside what came out here. One list of lines is behind text, JSON, CSV, HTML and
// docs/validation.md, so that they can't disagree.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/json.hpp"
#include "simulator/ledger.hpp"
#include "simulator/repeat.hpp"

namespace tephra {

/// One figure, measured and predicted.
struct ValidationLine {
    const LedgerRow* row = nullptr;
    const LedgerFigure* figure = nullptr;
    Predicted predicted;
    std::optional<double> error_percent;  ///< 100 (predicted / measured - 1)
    /// Whether the measured value lies between the ends of the prediction's range; none: no prediction, or no range.
    std::optional<bool> in_range;
    std::optional<bool> as_wanted;  ///< none: no prediction, or no wish
};

/// Every figure of the rows in order. `results` are of some of the rows, by id. Errors: bad_input (a result of an
/// unknown row, or with another number of figures). The lines point into `ledger`.
Result<std::vector<ValidationLine>> validation_lines(const std::vector<LedgerRow>& ledger,
                                                     const std::vector<RowResult>& results);

/// "27.5 us/step", "405 mJ/token (system)".
std::string measured_text(const LedgerFigure& figure);
/// "36.1 (25.8 to 61.8)", or why there is none.
std::string predicted_text(const Predicted& predicted);
/// "+28 %", or "".
std::string error_text(const ValidationLine& line);
/// "fit", "check, wanted within 10 %: missed".
std::string judgement_text(const ValidationLine& line);

/// What the uses mean.
std::string validation_legend();

/// Version, then the results with all of their figures.
Json validation_json(const std::vector<ValidationLine>& lines, const std::vector<RowResult>& results,
                     const std::string& version);

/// Reads the results out of what validation_json() wrote. Errors: bad_input with the JSON pointer.
Result<std::vector<RowResult>> parse_results(std::string_view text, const std::string& place);

/// The lines as a table of docs/validation.md.
std::string validation_markdown(const std::vector<ValidationLine>& lines);

}  // namespace tephra

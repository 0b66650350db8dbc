#include "simulator/validate.hpp"

#include <algorithm>
#include <cmath>

#include "core/object_reader.hpp"
#include "core/text.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr double most_figure = 1e300;
constexpr double least_error = 0.05;  // %, as text

void judge(ValidationLine& line) {
    const Predicted& predicted = line.predicted;
    const LedgerFigure& figure = *line.figure;
    if (!predicted.value) return;
    line.error_percent = 100 * (*predicted.value / figure.value - 1);
    if (predicted.low && predicted.high && *predicted.low < *predicted.high)
        line.in_range = *predicted.low <= figure.value && figure.value <= *predicted.high;
    if (figure.wanted_percent) line.as_wanted = std::fabs(*line.error_percent) <= *figure.wanted_percent;
}

Json optional_flag(const std::optional<bool>& flag) {
    return flag ? Json(*flag) : Json();
}

Json texts(const std::vector<std::string>& strings) {
    Json::Array array;
    for (const auto& text : strings) array.emplace_back(text);
    return array;
}

Json line_json(const ValidationLine& line) {
    const LedgerFigure& figure = *line.figure;
    return Json::Object{{"quantity", figure.quantity},
                        {"unit", figure.unit},
                        {"scope", figure.scope ? Json(scope_name(*figure.scope)) : Json()},
                        {"kind", std::string(evidence_name(figure.kind))},
                        {"use", use_name(figure.use)},
                        {"measured", figure.value},
                        {"measured_low", json_of(figure.low)},
                        {"measured_high", json_of(figure.high)},
                        {"predicted", json_of(line.predicted.value)},
                        {"low", json_of(line.predicted.low)},
                        {"high", json_of(line.predicted.high)},
                        {"why_not", line.predicted.why_not},
                        {"error_percent", json_of(line.error_percent)},
                        {"in_range", optional_flag(line.in_range)},
                        {"wanted_percent", json_of(figure.wanted_percent)},
                        {"as_wanted", optional_flag(line.as_wanted)},
                        {"fits", texts(figure.fits)},
                        {"bounds", texts(figure.bounds)},
                        {"note", figure.note}};
}

std::optional<double> number_or_none(ObjectReader& reader, std::string_view key) {
    if (reader.value(key).is_null()) return {};
    return reader.number(key, 0, most_figure);
}

/// What parse_results keeps of a figure; the rest is the ledger's.
Result<Predicted> parse_predicted(const Json& json, const std::string& place) {
    ObjectReader reader(json, place);
    Predicted predicted;
    predicted.value = number_or_none(reader, "predicted");
    predicted.low = number_or_none(reader, "low");
    predicted.high = number_or_none(reader, "high");
    predicted.why_not = reader.string("why_not");
    if (predicted.value.has_value() != predicted.why_not.empty() && !reader.failed())
        reader.fault("why_not", "there is a prediction, or a reason why there is none");
    if (json.object() != nullptr)
        for (const auto& member : *json.object()) reader.ignore(member.first);
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return predicted;
}

Result<RowResult> parse_result(const Json& json, const std::string& place) {
    ObjectReader reader(json, place);
    RowResult result;
    result.id = reader.string("id");
    result.inputs = reader.string("inputs");
    result.trace = reader.string("trace");
    for (const char* key : {"network", "device", "source", "synthetic"}) reader.ignore(key);
    const Json::Array& figures = reader.array("figures");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    for (std::size_t k = 0; k < figures.size(); ++k) {
        auto predicted = parse_predicted(figures[k], reader.place("figures") + "/" + std::to_string(k));
        if (!predicted) return tl::unexpected(predicted.error());
        result.figures.push_back(std::move(*predicted));
    }
    return result;
}

/// A cell of a Markdown table.
std::string cell(std::string text) {
    for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
    return " " + text + " |";
}

}  // namespace

Result<std::vector<ValidationLine>> validation_lines(const std::vector<LedgerRow>& ledger,
                                                     const std::vector<RowResult>& results) {
    std::vector<ValidationLine> lines;
    for (const RowResult& result : results) {
        const auto row = std::ranges::find(ledger, result.id, &LedgerRow::id);
        if (row == ledger.end()) return bad_input("the ledger has no row \"" + result.id + "\"", "results");
        if (row->figures.size() != result.figures.size())
            return bad_input("the row has " + std::to_string(row->figures.size()) + " figures, its result " +
                                 std::to_string(result.figures.size()),
                             result.id);
        for (std::size_t k = 0; k < row->figures.size(); ++k) {
            ValidationLine line;
            line.row = &*row;
            line.figure = &row->figures[k];
            line.predicted = result.figures[k];
            judge(line);
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

std::string measured_text(const LedgerFigure& figure) {
    std::string text = number_text(figure.value);  // as it was published
    if (figure.low) text += " (" + figure_text(*figure.low, 3) + " to " + figure_text(*figure.high, 3) + ")";
    text += " " + figure.unit;
    return figure.scope ? text + ", " + scope_name(*figure.scope) : text;
}

std::string predicted_text(const Predicted& predicted) {
    if (!predicted.value) return predicted.why_not;
    std::string text = figure_text(*predicted.value);
    if (predicted.low && predicted.high && *predicted.low < *predicted.high)
        text += " (" + figure_text(*predicted.low, 3) + " to " + figure_text(*predicted.high, 3) + ")";
    return text;
}

std::string error_text(const ValidationLine& line) {
    if (!line.error_percent) return "";
    if (std::fabs(*line.error_percent) < least_error) return "0 %";
    return (*line.error_percent > 0 ? "+" : "") + figure_text(*line.error_percent, 2) + " %";
}

std::string judgement_text(const ValidationLine& line) {
    const LedgerFigure& figure = *line.figure;
    std::string text = use_name(figure.use);
    if (!figure.wanted_percent) return text;
    text += ", wanted within " + figure_text(*figure.wanted_percent, 2) + " %";
    return line.as_wanted ? text + (*line.as_wanted ? ": met" : ": missed") : text;
}

std::string validation_legend() {
    return "fit: constants were or may be derived from it, so agreement is no prediction. check: not used, but known. "
           "hold-out: never used to fit, predictions are judged by it. Ranges take all prices low or all high at once.";
}

Json validation_json(const std::vector<ValidationLine>& lines, const std::vector<RowResult>& results,
                     const std::string& version) {
    Json::Array rows;
    for (const RowResult& result : results) {
        Json::Array figures;
        const LedgerRow* row = nullptr;
        for (const ValidationLine& line : lines) {
            if (line.row->id != result.id) continue;
            row = line.row;
            figures.emplace_back(line_json(line));
        }
        if (row == nullptr) continue;
        rows.emplace_back(Json::Object{{"id", row->id},
                                       {"network", row->network},
                                       {"device", row->device},
                                       {"source", row->source},
                                       {"synthetic", row->synthetic},
                                       {"inputs", result.inputs},
                                       {"trace", result.trace},
                                       {"figures", std::move(figures)}});
    }
    return Json::Object{{"version", version}, {"rows", std::move(rows)}};
}

Result<std::vector<RowResult>> parse_results(std::string_view text, const std::string& place) {
    auto json = parse_json(text, place);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    reader.string("version");
    const Json::Array& rows = reader.array("rows");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    std::vector<RowResult> results;
    for (std::size_t k = 0; k < rows.size(); ++k) {
        auto result = parse_result(rows[k], reader.place("rows") + "/" + std::to_string(k));
        if (!result) return tl::unexpected(result.error());
        results.push_back(std::move(*result));
    }
    return results;
}

std::string validation_markdown(const std::vector<ValidationLine>& lines) {
    std::string out = "| row | quantity | measured | predicted (range) | error | use |\n|---|---|---|---|---|---|\n";
    const ValidationLine* last = nullptr;
    for (const ValidationLine& line : lines) {
        const bool first = last == nullptr || line.row != last->row;
        const bool repeated = !first && !line.predicted.value && line.predicted.why_not == last->predicted.why_not;
        last = &line;
        out += "|" + cell(first ? line.row->id : "") + cell(line.figure->quantity) +
               cell(measured_text(*line.figure) + " (" + std::string(evidence_name(line.figure->kind)) + ")") +
               cell(repeated ? "as above" : predicted_text(line.predicted)) + cell(error_text(line)) +
               cell(judgement_text(line)) + "\n";
    }
    return out;
}

}  // namespace tephra

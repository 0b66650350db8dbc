#include "simulator/lm/comparison_text.hpp"

#include <array>

#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

std::string ratio_text(const std::optional<double>& ratio, RatioBound bound, bool doubtful) {
    if (!ratio) return "-";
    const char* sign = bound == RatioBound::at_least ? ">= " : (bound == RatioBound::at_most ? "<= " : "");
    return sign + figure_text(*ratio, 3) + "x" + (doubtful ? "*" : "");
}

std::string_view bound_name(RatioBound bound) {
    constexpr std::array<std::string_view, 3> names = {"exact", "at_least", "at_most"};
    return names[static_cast<std::size_t>(bound)];
}

}  // namespace

std::string speed_ratio_text(const ComparisonRow& row) {
    return ratio_text(row.speed, RatioBound::exact, !row.unlike.empty());
}

std::string energy_ratio_text(const ComparisonRow& row) {
    return ratio_text(row.energy_ratio, row.energy_bound, !row.unlike.empty() || row.other_length);
}

double energy_of_millijoule(const Comparison& comparison) {
    return round_words(comparison.round).energy_of_joule / 1e3;
}

const std::string& task_name(const Comparison& comparison, RunMode mode) {
    return comparison.round == RoundKind::token ? mode_name(mode) : round_words(comparison.round).many;
}

std::string ratio_legend() {
    return ">=, <=: the scopes of power differ; at the wider of the two, the ratio is at least, at most, this. "
           "*: a ratio of unlike figures; \"differs\" says how.";
}

Json comparison_json(const Comparison& comparison) {
    const auto texts = [](const std::vector<std::string>& strings) {
        Json::Array array;
        for (const auto& text : strings) array.emplace_back(text);
        return array;
    };
    const auto number = [](const auto& value) { return value ? Json(*value) : Json(); };
    const RoundWords& words = round_words(comparison.round);
    const double of_mj = energy_of_millijoule(comparison);
    Json::Array rows, predictions;
    for (std::size_t k = 0; k < comparison.rows.size(); ++k) {
        const ComparisonRow& row = comparison.rows[k];
        const Baseline& data = row.data;
        Json::Object object{{"device", data.device},
                            {"software", data.software},
                            {"model", data.model},
                            {"mode", task_name(comparison, data.mode)},
                            {"batch", number(data.batch)},
                            {"length", number(data.length)},
                            {words.rate_key, data.tokens_per_s},
                            {words.energy_key, data.mj_per_token * of_mj},
                            {"watts", number(data.watts)},
                            {"power_includes", scope_name(data.scope)},
                            {"kind", std::string(evidence_name(data.kind))},
                            {"source", data.source},
                            {"date", data.date},
                            {"reference", k == comparison.reference},
                            {"speed_ratio", number(row.speed)},
                            {"energy_ratio", number(row.energy_ratio)},
                            {"energy_bound", std::string(bound_name(row.energy_bound))},
                            {"unlike", texts(row.unlike)},
                            {"cautions", texts(row.cautions)}};
        if (row.run) {
            object.emplace_back(words.energy_key + "_low", millijoules(row.energy_range.low) * of_mj);
            object.emplace_back(words.energy_key + "_high", millijoules(row.energy_range.high) * of_mj);
        }
        rows.emplace_back(std::move(object));
    }
    for (const Prediction& p : comparison.predictions)
        predictions.emplace_back(Json::Object{{"run", p.run},
                                              {"published", p.published},
                                              {"mode", mode_name(p.mode)},
                                              {"quantity", p.quantity},
                                              {"simulated", p.simulated},
                                              {"published_value", p.value},
                                              {"error_percent", p.error_percent},
                                              {"role", p.calibrates ? "used to derive prices or times" : "prediction"},
                                              {"scope", p.scope}});
    return Json::Object{{"reference_why", comparison.reference_why},
                        {"rows", std::move(rows)},
                        {"predictions", std::move(predictions)},
                        {"notes", texts(comparison.notes)}};
}

}  // namespace tephra

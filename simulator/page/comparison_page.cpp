#include "simulator/page/comparison_page.hpp"

#include <vector>

#include "core/markup.hpp"
#include "core/text.hpp"
#include "simulator/lm/comparison_text.hpp"
#include "simulator/page/comparison_chart.hpp"
#include "simulator/page/style.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

std::vector<std::string> column_names(const Comparison& comparison) {
    const RoundWords& words = round_words(comparison.round);
    return {"device", "model", "mode", "batch", words.rate, words.energy, "power of", "kind", "speed", "energy"};
}

/// Two lines of the table: figures, then what differs and the source, which need the width of the page.
void add_row(Markup& table, const Comparison& comparison, const ComparisonRow& row) {
    const Baseline& data = row.data;
    table.open("tr", {{"class", "figures"}}).element("td", data.device + ", " + data.software, {{"class", "device"}});
    table.element("td", data.model).element("td", task_name(comparison, data.mode));
    table.element("td", data.batch ? std::to_string(*data.batch) : "?", {{"class", "number"}});
    table.element("td", figure_text(data.tokens_per_s), {{"class", "number"}});
    table.element("td", figure_text(data.mj_per_token * energy_of_millijoule(comparison)), {{"class", "number"}});
    table.element("td", scope_name(data.scope)).element("td", std::string(evidence_name(data.kind)));
    table.element("td", speed_ratio_text(row), {{"class", "number"}});
    table.element("td", energy_ratio_text(row), {{"class", "number"}}).close();
    std::string differs = joined(row.unlike);
    if (!row.cautions.empty()) differs += (differs.empty() ? "" : ", ") + joined(row.cautions);
    table.open("tr").open("td", {{"colspan", std::to_string(column_names(comparison).size())}});
    table.element("div", (differs.empty() ? "" : "differs: " + differs + ". ") + "Source: " + data.source,
                  {{"class", "source"}});
    table.close().close();
}

std::string rows_card(const Comparison& comparison) {
    Markup table;
    table.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const std::string& name : column_names(comparison)) table.element("th", name);
    table.close().close().open("tbody");
    for (const ComparisonRow& row : comparison.rows) add_row(table, comparison, row);
    const Baseline& reference = comparison.rows[comparison.reference].data;
    return page_card("All rows",
                     "Speed and energy are row / reference: " + reference.device + ", " + reference.software + " (" +
                         comparison.reference_why + "). " + ratio_legend() +
                         " -: another task or a reference of zero, no ratio.",
                     table.take());
}

}  // namespace

std::string comparison_cards(const Comparison& comparison) {
    std::string out =
        page_card("Beside other machines", "Same model, mode and batch; logarithmic scales. Kinds are never averaged.",
                  comparison_chart(comparison));
    if (!comparison.predictions.empty())
        out += page_card(
            "Predictions",
            "Published figures of the simulated hardware. No price or time was fitted to those called predictions.",
            prediction_table(comparison));
    return out;
}

std::string comparison_page(const Comparison& comparison) {
    Markup head;
    head.open("header").element("h1", "Comparison of " + comparison.rows.front().data.model);
    head.element("p", "Simulated, measured, cited and derived rows side by side.", {{"class", "lead"}}).close();
    Markup notes;
    notes.open("ul", {{"class", "notes"}});
    for (const auto& note : comparison.notes) notes.element("li", note);
    return html_page("tephra comparison", head.take() + comparison_cards(comparison) + rows_card(comparison) +
                                              page_card("Notes", "", notes.take()));
}

}  // namespace tephra

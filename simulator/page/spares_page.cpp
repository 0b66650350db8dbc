#include "simulator/page/spares_page.hpp"

#include <algorithm>

#include "core/markup.hpp"
#include "core/text.hpp"
#include "simulator/page/charts.hpp"
#include "simulator/page/style.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

std::string row_name(const SparesSummary& row) {
    return row.dead == 0 ? "none dead" : std::to_string(row.dead) + " dead";
}

std::string ran_text(const SparesSummary& row) {
    return std::to_string(row.ran) + " of " + std::to_string(row.draws);
}

using Figure = SparesSummary::Spread SparesSummary::*;

/// A bar for the median of each number, with a whisker from the least draw to the most.
std::string chart(const std::vector<SparesSummary>& rows, Figure figure, const std::string& unit,
                  const std::string& css_class, const std::string& title) {
    std::vector<BarRow> bars;
    for (const SparesSummary& row : rows) {
        BarRow bar{row_name(row), css_class, 0, {}, {}, "none ran", {}};
        if (row.ran > 0) {
            const auto& [least, median, most] = row.*figure;
            bar.value = median, bar.low = least, bar.high = most;
            bar.label = figure_text(median, 3) + " " + unit;
        }
        bar.hover = row_name(row) + ": " + bar.label + "; " + ran_text(row) + " draws ran";
        bars.push_back(std::move(bar));
    }
    return bar_chart(bars, title);
}

std::string table(const std::vector<SparesSummary>& rows) {
    Markup out;
    out.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const char* head : {"dead", "draws that ran", "time, least", "median", "most (us)", "energy, least", "median",
                             "most (uJ)", "median time, % more", "median energy, % more"})
        out.element("th", head, {{"class", "number"}});
    out.close().close().open("tbody");
    for (const SparesSummary& row : rows) {
        out.open("tr");
        std::vector<std::string> cells = {std::to_string(row.dead), ran_text(row)};
        for (const Figure figure : {&SparesSummary::microseconds, &SparesSummary::microjoules})
            for (const double value : {(row.*figure).least, (row.*figure).median, (row.*figure).most})
                cells.push_back(row.ran > 0 ? figure_text(value) : "-");
        for (const Figure figure : {&SparesSummary::microseconds, &SparesSummary::microjoules}) {
            const auto more = percent_more(rows.front(), row, figure);
            cells.push_back(more ? figure_text(*more, 3) : "-");
        }
        for (const std::string& cell : cells) out.element("td", cell, {{"class", "number"}});
        out.close();
    }
    return out.take();
}

/// Each reason once, with the number of draws that have it.
std::string refusals(const Spares& spares) {
    Markup out;
    out.open("ul", {{"class", "notes"}});
    std::vector<std::pair<std::string, int>> reasons;
    for (const SparesTrial& trial : spares.trials) {
        if (trial.refused.empty()) continue;
        const auto same = std::ranges::find(reasons, trial.refused, &std::pair<std::string, int>::first);
        if (same == reasons.end())
            reasons.emplace_back(trial.refused, 1);
        else
            ++same->second;
    }
    if (reasons.empty()) return "";
    for (const auto& [reason, count] : reasons) out.element("li", std::to_string(count) + " draws: " + reason);
    return page_card("Draws that did not run", "What the mapper says.", out.take());
}

}  // namespace

std::string spares_page(const Spares& spares) {
    const auto rows = summaries(spares);
    const std::string what = spare_part_names()[static_cast<std::size_t>(spares.part)];
    const std::string round = round_words(spares.round).one;
    Markup head;
    head.open("header").element("h1", spares.model + " on " + spares.machine + " with dead " + what);
    head.element("p",
                 "Each draw kills so many of the machine's " + std::to_string(spares.parts) + " " +
                     spare_part_words(spares.part) +
                     " at random; the mapper then places and routes around them, and the same work of " +
                     std::to_string(spares.rounds) + " " + round_words(spares.round).many +
                     " runs again. Bars are medians over the draws that ran, whiskers reach from the least to the "
                     "most. Simulated; prices: " +
                     spares.costs + ", " + scope_name(spares.scope) + ". Seed " + std::to_string(spares.seed) + ".",
                 {{"class", "lead"}});
    head.close();
    std::string body = head.take();
    body += page_card("Time of a " + round, "Elapsed time of the run over its " + round_words(spares.round).many + ".",
                      chart(rows, &SparesSummary::microseconds, "us", "c-run", "Time of a " + round));
    body += page_card("Energy of a " + round, "Of the " + scope_name(spares.scope) + ", static power included.",
                      chart(rows, &SparesSummary::microjoules, "uJ", "c-synapse", "Energy of a " + round));
    body += page_card("The same as a table", "Per " + round + ".", table(rows));
    return html_page("tephra spares", body + refusals(spares));
}

}  // namespace tephra

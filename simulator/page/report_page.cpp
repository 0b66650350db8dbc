#include "simulator/page/report_page.hpp"

#include <algorithm>

#include "core/markup.hpp"
#include "core/ratio.hpp"
#include "core/text.hpp"
#include "simulator/page/charts.hpp"
#include "simulator/page/chip_map.hpp"
#include "simulator/page/comparison_page.hpp"
#include "simulator/page/fault_card.hpp"
#include "simulator/page/over_time_chart.hpp"
#include "simulator/page/style.hpp"
#include "simulator/page/validation_page.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr std::array<const char*, energy_groups> group_classes = {"c-synapse", "c-neuron", "c-network", "c-chip-links",
                                                                  "c-steps",   "c-static", "c-system",  "c-host"};

/// Energy with the unit that keeps it readable; input in mJ.
std::string energy_text(double millijoules) {
    if (millijoules == 0) return "0";
    if (millijoules < 1e-3) return figure_text(millijoules * 1e6, 3) + " nJ";
    if (millijoules < 1) return figure_text(millijoules * 1e3, 3) + " µJ";
    return figure_text(millijoules, 3) + " mJ";
}

struct Tile {
    std::string what, figure, unit, range;
    Evidence kind = Evidence::simulated;
};

std::string tiles(const std::vector<Tile>& list) {
    Markup out;
    out.open("div", {{"class", "tiles"}});
    for (const Tile& tile : list) {
        out.open("div", {{"class", "tile"}}).element("div", tile.what, {{"class", "what"}});
        out.open("div", {{"class", "figure"}}).text(tile.figure + " ").element("small", tile.unit).close();
        out.element("div", tile.range, {{"class", "range"}});
        out.element("span", std::string(evidence_name(tile.kind)), {{"class", "kind"}}).close();
    }
    return out.take();
}

/// "12.3 %", or "-" where the share is not defined.
std::string percent_text(const std::optional<double>& percent) {
    return percent ? fixed_text(*percent, 1) + " %" : "-";
}
std::string share_text(const std::optional<double>& share) {
    return percent_text(share ? std::optional(100 * *share) : share);
}

/// The rate in steady state, and what the rate of the whole run, `whole`, has beside it.
Tile speed_tile(const Run& run, const Report& report, const std::string& whole) {
    const std::string steady = figure_text(report.steady_tokens_per_s, 3);
    const std::string& unit = round_words(report.round).rate;
    if (report.round == RoundKind::time_step)
        return {"steady rate", steady, unit, whole + " with filling and draining", Evidence::simulated};
    if (run.mode == RunMode::prefill)
        return {"prefill, pipeline full", steady, unit, whole + " with filling and head", Evidence::simulated};
    return {"generating", steady, unit, whole + " with the prompt", Evidence::simulated};
}

/// The figures that a reader looks for first.
std::vector<Tile> header_tiles(const Run& run, const Report& report) {
    const RoundWords& words = round_words(report.round);
    const std::string whole = figure_text(report.tokens_per_s, 3);
    std::vector<Tile> list = {speed_tile(run, report, whole)};
    if (report.round == RoundKind::time_step)
        list.push_back({"time of a " + words.one, figure_text(1e6 / report.tokens_per_s, 4), "µs", "mean of the run",
                        Evidence::simulated});
    if (report.first_token)
        list.push_back(
            {"time to first token", figure_text(seconds(*report.first_token) * 1e3, 3), "ms", "", Evidence::simulated});
    for (const ScopeEnergy& scope : report.scopes) {
        const EnergyRange& energy = scope.steady_per_token;
        const auto figure = [&](Picojoules value) { return figure_text(joules(value) * words.energy_of_joule, 3); };
        list.push_back({"energy, " + scope_name(scope.scope), figure(energy.value), words.energy,
                        figure(energy.low) + " to " + figure(energy.high), Evidence::derived});
        list.push_back(
            {"power, " + scope_name(scope.scope), figure_text(scope.steady_watts, 3), "W", "", Evidence::derived});
    }
    list.push_back({"core utilisation", share_text(report.utilisation_mean), "",
                    "busiest core " + share_text(report.utilisation_max), Evidence::simulated});
    const double planned = static_cast<double>(report.messages) + report.messages_saved;
    list.push_back({"zero messages", percent_text(percent_of(report.skipped, report.updates)), "not sent",
                    percent_text(ratio(100 * report.messages_saved, planned)) + " of packets saved",
                    Evidence::simulated});
    return list;
}

std::string header(const Run& run, const Report& report) {
    const std::string title = run_title(run);
    const auto colon = title.find(": ");
    Markup out;
    out.open("header").element("h1", title.substr(0, colon));
    out.element("p",
                title.substr(colon + 2) + "; " + std::to_string(report.static_chips) + " of " +
                    std::to_string(run.machine_chips) + " chips powered, " + std::to_string(report.cores.size()) +
                    " cores mapped, " + std::to_string(report.tokens) + " " + round_words(report.round).many +
                    ". Priced as " + report.table_name + ": " + report.table_about,
                {{"class", "lead"}});
    out.close();
    return out.take() + tiles(header_tiles(run, report));
}

std::string energy_card(const Report& report) {
    const double per_token = 1e3 / static_cast<double>(report.tokens), axis = energy_each(report);
    const RoundWords& words = round_words(report.round);
    std::vector<ChartPart> parts;
    for (std::size_t g = 0; g < energy_groups; ++g) {
        const double value = joules(report.groups[g].value) * per_token;
        parts.push_back(
            {std::string(group_name(static_cast<EnergyGroup>(g))), group_classes[g], value, energy_text(value)});
    }
    std::vector<BarRow> rows;
    for (const EnergyTerm& term : report.terms) {
        if (term.count == 0 || term.energy.high.value() == 0) continue;
        const double value = joules(term.energy.value) * per_token;
        if (term.over_time) continue;  // power would dwarf the rest; the bar above shows it
        rows.push_back({term.name, group_classes[static_cast<std::size_t>(term.group)],
                        joules(term.energy.value) * axis, joules(term.energy.low) * axis,
                        joules(term.energy.high) * axis,
                        energy_text(value) + ", " + std::string(evidence_name(term.kind)),
                        std::to_string(term.count) + " counted; price: " + term.source});
    }
    Markup content;
    content.raw(stacked_bar(parts, "Energy per " + words.one + " by group"));
    content.element(
        "p", "Dynamic energy by kind of event, " + words.energy + "; whiskers span the plausible range of each price.",
        {{"class", "note"}});
    content.raw(bar_chart(rows, "Dynamic energy per " + words.one + " by event"));
    return page_card("Where the energy goes",
                     "Per " + words.one + " over the whole run, of the " + scope_name(report.widest().scope) +
                         ": counted events x price, and power of " + std::to_string(report.static_chips) +
                         " powered chips x time.",
                     content.take());
}

std::string time_card(const Run& run, const Report& report) {
    constexpr const char* classes[] = {"c-synapse", "c-neuron",     "c-sending", "c-network",
                                       "c-barrier", "c-management", "c-host"};  // as phases_of()
    std::vector<ChartPart> parts;
    for (std::size_t k = 0; k < report.phases.size(); ++k) {
        const double ms = seconds(report.phases[k].time) * 1e3;
        parts.push_back({report.phases[k].name, classes[k], ms, figure_text(ms, 3) + " ms"});
    }
    Markup content;
    content.raw(stacked_bar(parts, "Time by phase"));
    const RoundWords& words = round_words(report.round);
    content.element("p", "Each " + words.one + " from its entry to its exit:", {{"class", "note"}});
    content.raw(token_timeline(run, "From entry to exit over simulated time, " + words.many));
    return page_card("Where the time goes", "What the critical path waited for, and the way of each " + words.one + ".",
                     content.take());
}

std::string layer_card(const Report& report) {
    const double per_token = 1e3 / static_cast<double>(report.tokens), axis = energy_each(report);
    const RoundWords& words = round_words(report.round);
    std::vector<BarRow> rows;
    for (const LayerAccount& layer : report.layers) {
        const double value = joules(layer.dynamic.value) * per_token;
        rows.push_back(
            {layer.name + (layer.on_host ? " (host)" : ""), layer.on_host ? "c-host" : "c-synapse",
             joules(layer.dynamic.value) * axis, joules(layer.dynamic.low) * axis, joules(layer.dynamic.high) * axis,
             energy_text(value) + ", " + percent_text(percent_of(layer.skipped, layer.updates)) + " zero", ""});
    }
    return page_card("Layer by layer",
                     "Dynamic energy, " + words.energy + ", with the share of " + words.firings +
                         " whose message was zero and was not sent.",
                     bar_chart(rows, "Dynamic energy per " + words.one + " by layer"));
}

std::string source_card(const Report& report) {
    Markup table;
    table.open("details").element("summary", "Every number with its kind and source");
    table.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const char* head : {"number", "of", "value", "low", "high", "unit", "kind", "source"})
        table.element("th", head);
    table.close().close().open("tbody");
    for (const ReportRow& row : report_rows(report)) {
        table.open("tr").element("td", row.section + ": " + row.name).element("td", row.scope);
        table.element("td", figure_text(row.value), {{"class", "number"}});
        table.element("td", row.low ? figure_text(*row.low, 3) : "", {{"class", "number"}});
        table.element("td", row.high ? figure_text(*row.high, 3) : "", {{"class", "number"}});
        table.element("td", row.unit).element("td", std::string(evidence_name(row.kind)));
        table.element("td", row.source, {{"class", "source"}}).close();
    }
    table.close().close().close().close();
    Markup content;
    content.open("ul", {{"class", "notes"}});
    for (const auto& note : report.notes) content.element("li", note);
    content.element("li", "on the host ran: " + (report.on_host.empty() ? "nothing" : joined(report.on_host)));
    content.element("li",
                    "ranges take all prices low or all high at once; prices derived from one sum move against "
                    "each other, so the true interval is narrower");
    content.close().raw(table.take());
    return page_card(
        "What to know before quoting",
        "Simulated numbers are counts and times of the model; prices are measured, cited, derived or assumed.",
        content.take());
}

std::string text_card(const Run& run) {
    if (run.text.empty()) return "";
    Markup content;
    for (std::size_t at = 0; at <= run.text.size();) {
        const std::size_t end = std::min(run.text.find('\f', at), run.text.size());
        content.element("blockquote", run.text.substr(at, end - at));
        at = end + 1;
    }
    return page_card("What it wrote", "Text of the simulated cores.", content.take());
}

std::string over_time_card(const Run& run) {
    const std::string chart = over_time_chart(run);
    if (chart.empty()) return "";
    return page_card("Spikes over time",
                     "Neurons that send in a time step, as a share of each layer: a spike, or a graded message that is "
                     "not zero. The layers in the order of data flow.",
                     chart);
}

std::string measured_cards(const std::vector<ValidationLine>& measured) {
    if (measured.empty()) return "";
    return validation_cards(measured, "Measured on silicon, beside this run: ");
}

std::string footer(const Run& run, const Report& report) {
    Markup out;
    out.element("footer", "tephra " + run.version + " · seed " + std::to_string(run.seed) + " · model " +
                              to_string(run.model) + " · machine " + to_string(run.machine) + " · mapping " +
                              to_string(run.mapping) + " · trace " + to_string(run.trace) + " · costs " +
                              to_string(report.table_hash));
    return out.take();
}

}  // namespace

std::string report_page(const Run& run, const Report& report, const Comparison* comparison,
                        const std::vector<ValidationLine>& measured) {
    std::string body = header(run, report) + measured_cards(measured) + over_time_card(run) + energy_card(report) +
                       time_card(run, report);
    body += page_card("The machine from above", "Every powered chip with its cores. Point at a core for its numbers.",
                      chip_map(run, report));
    body += fault_card(run) + layer_card(report);
    if (comparison != nullptr) body += comparison_cards(*comparison);
    body += text_card(run) + source_card(report) + footer(run, report);
    return html_page("tephra report: " + run.model_name + " on " + run.machine_name, body);
}

}  // namespace tephra

#include "simulator/report_rows.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "core/ratio.hpp"
#include "core/text.hpp"
#include "simulator/fault_rows.hpp"

namespace tephra {
namespace {

constexpr double milli = 1e3, micro = 1e6;

/// Collects the rows of one section after the other.
class Rows {
public:
    void section(std::string name) { section_ = std::move(name); }
    template <typename... Fields>
    void simulated(std::string name, std::optional<double> value, Fields&&... unit_and_source) {
        rows_.push_back(simulated_row(section_, std::move(name), value, std::forward<Fields>(unit_and_source)...));
    }
    void priced(std::string name, PowerScope scope, const EnergyRange& energy, double factor, std::string unit,
                Evidence kind, std::string source) {
        const EnergyRange scaled = energy * factor;
        rows_.push_back({section_, std::move(name), scope_name(scope), joules(scaled.value), joules(scaled.low),
                         joules(scaled.high), std::move(unit), kind, std::move(source)});
    }
    std::vector<ReportRow> take() { return std::move(rows_); }

private:
    std::string section_;
    std::vector<ReportRow> rows_;
};

std::string table_source(const Report& report) {
    return "simulated counts and times x cost table " + report.table_name;
}

/// The least scope that holds all counted events which cost something.
PowerScope dynamic_scope(const Report& report) {
    PowerScope scope = report.scopes.front().scope;
    for (const EnergyTerm& term : report.terms)
        if (!term.over_time && term.energy.high.value() > 0) scope = std::max(scope, term.scope);
    return scope;
}

std::string steady_source(RoundKind round) {
    if (round == RoundKind::time_step) return "second quarter of the time steps, as they leave";
    return "generate: after the first sampled token; prefill: second quarter of the tokens, as they leave";
}

void summary_rows(const Report& report, Rows& rows) {
    rows.section("summary");
    const char* times = "times of the simulated machine";
    const RoundWords& words = round_words(report.round);
    rows.simulated(words.many, static_cast<double>(report.tokens), words.many);
    rows.simulated("simulated time", seconds(report.elapsed) * milli, "ms", times);
    if (report.round == RoundKind::time_step)
        rows.simulated("time of a " + words.one, micro / report.tokens_per_s, "us",
                       "simulated time / " + words.many + ", filling and draining included");
    rows.simulated("throughput", report.tokens_per_s, words.rate, times);
    rows.simulated("throughput, steady", report.steady_tokens_per_s, words.rate, steady_source(report.round));
    if (report.first_token) rows.simulated("time to first token", seconds(*report.first_token) * milli, "ms", times);
    for (const ScopeEnergy& energy : report.scopes) {
        const auto priced = [&](const char* name, const EnergyRange& range, double factor, const std::string& unit) {
            rows.priced(name, energy.scope, range, factor, unit, Evidence::derived, table_source(report));
        };
        priced("energy", energy.per_token, words.energy_of_joule, words.energy);
        priced("energy, steady", energy.steady_per_token, words.energy_of_joule, words.energy);
        priced("power", energy.total, 1 / seconds(report.elapsed), "W");
        priced("total energy", energy.total, milli, "mJ");
    }
    rows.priced("dynamic energy", dynamic_scope(report), report.dynamic, energy_each(report), words.energy,
                Evidence::derived, table_source(report));
}

void energy_rows(const Report& report, Rows& rows) {
    const RoundWords& words = round_words(report.round);
    rows.section("energy");
    for (std::size_t g = 0; g < energy_groups; ++g) {
        const auto group = static_cast<EnergyGroup>(g);
        std::string source = table_source(report);
        if (group == EnergyGroup::static_power || group == EnergyGroup::system)
            source = std::to_string(report.static_chips) + " powered chips x time x " +
                     (group == EnergyGroup::system ? "chip_system" : "chip_static") + " of " + report.table_name;
        rows.priced(std::string(group_name(group)), report.widest().scope, report.groups[g], energy_each(report),
                    words.energy, Evidence::derived, source);
    }
    rows.section("prices");
    for (const EnergyTerm& term : report.terms) {
        if (term.count == 0) continue;
        rows.priced(term.name, term.scope, term.energy, energy_each(report), words.energy, term.kind,
                    std::to_string(term.count) +
                        (term.over_time && term.group != EnergyGroup::host ? " chips" : " counted") +
                        "; price: " + term.source);
    }
}

void layer_rows(const Report& report, Rows& rows) {
    rows.section("layers");
    for (const LayerAccount& layer : report.layers)
        rows.priced(layer.name + (layer.on_host ? " (host)" : ""), dynamic_scope(report), layer.dynamic,
                    energy_each(report), round_words(report.round).energy, Evidence::derived,
                    "dynamic energy; " + table_source(report));
    rows.section("zero messages of layers");
    const RoundWords& words = round_words(report.round);
    for (const LayerAccount& layer : report.layers)
        if (const auto zero = percent_of(layer.skipped, layer.updates))
            rows.simulated(layer.name + (layer.on_host ? " (host)" : ""), zero, "% of " + words.firings);
}

void time_rows(const Report& report, Rows& rows) {
    rows.section("time");
    for (const PhaseTime& phase : report.phases)
        rows.simulated(phase.name, seconds(phase.time) * milli, "ms", "what the critical path waited for");
}

void activity_rows(const Report& report, Rows& rows) {
    rows.section("activity");
    const RoundWords& words = round_words(report.round);
    rows.simulated("neurons evaluated by cores", static_cast<double>(report.evaluations), "evaluations",
                   "with barriers, every mapped neuron in every step");
    rows.simulated(words.fired, static_cast<double>(report.updates), words.firings);
    rows.simulated("with a zero message, not sent", static_cast<double>(report.skipped), words.firings);
    rows.simulated("packets sent", static_cast<double>(report.messages), "packets");
    rows.simulated("packets saved by zeros", std::round(report.messages_saved), "packets",
                   "zero messages x packets per sent message of the same population");
    rows.simulated("zero messages", percent_of(report.skipped, report.updates), "% of " + words.firings);
    const auto percent = [](std::optional<double> share) { return share ? std::optional(100 * *share) : share; };
    rows.simulated("utilisation, mean over mapped cores", percent(report.utilisation_mean), "% of the time");
    rows.simulated("utilisation, busiest core", percent(report.utilisation_max), "% of the time");
}

Json over_time_json(const Run& run) {
    const auto numbers = [](const auto& values) { return Json::Array(values.begin(), values.end()); };
    Json::Array entered, layers;
    const std::int64_t rounds = std::ssize(run.tokens), width = time_bin_width(rounds);
    for (std::int64_t round = 0; round < rounds; round += width)
        entered.emplace_back(
            (run.tokens[static_cast<std::size_t>(round)].entered - run.tokens.front().entered).value());
    for (const PopulationRecord& population : run.populations)
        if (!population.messages.empty())
            layers.emplace_back(Json::Object{{"name", population.name},
                                             {"neurons", population.neurons},
                                             {"messages", numbers(population.messages)}});
    return Json::Object{
        {"time_steps_a_bin", width}, {"bin_enters_ps", std::move(entered)}, {"layers", std::move(layers)}};
}

}  // namespace

std::string bin_name(const Run& run, std::size_t bin) {
    const std::int64_t rounds = std::ssize(run.tokens), width = time_bin_width(rounds);
    const std::int64_t first = static_cast<std::int64_t>(bin) * width + 1, last = std::min(first + width - 1, rounds);
    if (first == last) return round_words(run.round).one + " " + std::to_string(first);
    return round_words(run.round).many + " " + std::to_string(first) + " to " + std::to_string(last);
}

ReportRow simulated_row(std::string section, std::string name, std::optional<double> value, std::string unit,
                        std::string source) {
    return {std::move(section),  std::move(name),  "", value, {}, {}, std::move(unit),
            Evidence::simulated, std::move(source)};
}

std::vector<ReportRow> over_time_rows(const Run& run) {
    Rows rows;
    rows.section("messages over time");
    for (const PopulationRecord& population : run.populations)
        for (std::size_t k = 0; k < population.messages.size(); ++k)
            rows.simulated(population.name + ", " + bin_name(run, k), static_cast<double>(population.messages[k]),
                           "messages");
    return rows.take();
}

std::vector<ReportRow> run_rows(const Run& run) {
    std::vector<ReportRow> rows = over_time_rows(run);
    std::ranges::move(fault_report_rows(run), std::back_inserter(rows));
    return rows;
}

std::vector<ReportRow> report_rows(const Report& report) {
    Rows rows;
    summary_rows(report, rows);
    energy_rows(report, rows);
    time_rows(report, rows);
    layer_rows(report, rows);
    activity_rows(report, rows);
    return rows.take();
}

std::string timing_name(const Run& run) {
    return sync_name(run.sync) + ", " + noc_name(run.noc) + " network";
}

std::string run_title(const Run& run) {
    const std::string on = run.model_name + " on " + run.machine_name + ": ";
    if (run.round == RoundKind::time_step) return on + round_words(run.round).many + ", " + timing_name(run);
    return on + mode_name(run.mode) + ", " + timing_name(run) + ", " + run.synapse_format + " synapses, " +
           std::to_string(run.streams) + (run.streams == 1 ? " stream" : " streams");
}

Json report_json(const Run& run, const Report& report) {
    std::vector<std::pair<std::string, Json::Array>> sections;
    for (const auto& rows : {report_rows(report), fault_report_rows(run)})
        for (const ReportRow& row : rows) {
            Json::Object object{{"name", row.name}};
            if (!row.scope.empty()) object.emplace_back("scope", row.scope);
            object.emplace_back("value", json_of(row.value));
            if (row.low) object.emplace_back("low", *row.low);
            if (row.high) object.emplace_back("high", *row.high);
            object.emplace_back("unit", row.unit);
            object.emplace_back("kind", std::string(evidence_name(row.kind)));
            object.emplace_back("source", row.source);
            std::string key = row.section;
            std::ranges::replace(key, ' ', '_');
            if (sections.empty() || sections.back().first != key) sections.emplace_back(key, Json::Array{});
            sections.back().second.emplace_back(std::move(object));
        }
    Json::Array on_host, notes;
    for (const auto& name : report.on_host) on_host.emplace_back(name);
    for (const auto& note : report.notes) notes.emplace_back(note);
    Json::Array scopes;
    for (const ScopeEnergy& energy : report.scopes) scopes.emplace_back(scope_name(energy.scope));
    Json::Object out{{"version", run.version},
                     {"title", run_title(run)},
                     {"round", round_words(run.round).one},
                     {"model", run.model_name},
                     {"model_hash", to_string(run.model)},
                     {"machine", run.machine_name},
                     {"machine_hash", to_string(run.machine)},
                     {"mapping_hash", to_string(run.mapping)},
                     {"trace_hash", to_string(run.trace)},
                     {"seed", std::to_string(run.seed)},
                     {"costs", report.table_name},
                     {"costs_hash", to_string(report.table_hash)},
                     {"scopes", std::move(scopes)}};
    for (auto& [name, rows] : sections) out.emplace_back(name, std::move(rows));
    if (run.round == RoundKind::time_step) out.emplace_back("messages_over_time", over_time_json(run));
    out.emplace_back("on_host", std::move(on_host));
    out.emplace_back("notes", std::move(notes));
    return out;
}

double energy_each(const Report& report) {
    return round_words(report.round).energy_of_joule / static_cast<double>(report.tokens);
}

std::string figure_text(double value, int digits) {
    if (value == 0 || !std::isfinite(value)) return fixed_text(value, 0);
    char buffer[64];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, digits - 1).ptr;
    std::string scientific(buffer, end);
    const int magnitude = std::atoi(scientific.c_str() + scientific.find('e') + 1);
    if (magnitude < -4 || magnitude > 14) return scientific;
    return fixed_text(std::strtod(scientific.c_str(), nullptr), std::max(0, digits - 1 - magnitude));
}

std::string figure_text(const std::optional<double>& value, int digits) {
    return value ? figure_text(*value, digits) : "-";
}

std::optional<double> percent_of(std::int64_t part, std::int64_t whole) {
    return ratio(100 * static_cast<double>(part), static_cast<double>(whole));
}

Json json_of(const std::optional<double>& value) {
    return value ? Json(*value) : Json();
}

}  // namespace tephra

#include "simulator/spiking/network_figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>
#include <utility>

namespace tephra {
namespace {

constexpr double least_step_us = 1e-3, most_step_us = 1e9;
constexpr std::size_t most_series = 1024;  // steps that a period is looked for in
constexpr double repeats = 0.1;            // of the mean deviation: what a period may leave
const std::vector<std::string> parts = {"all", "dynamic", "static"};
const std::vector<std::string> static_parts = {"chips", "cores"};

std::int64_t synops(const EventCounts& counts) {
    return count_of(counts, EventKind::synop_int8) + count_of(counts, EventKind::synop_ternary);
}

/// Time of a step in the middle of a long run: n time steps take n barrier steps and two of the host, at both ends.
double seconds_a_step(const NetworkRun& priced) {
    return seconds(priced.run.elapsed) / static_cast<double>(priced.run.steps + 1);
}

/// Times of the later half of the steps, once activity has come through the network.
std::vector<double> step_times(const Run& run) {
    std::vector<double> times;
    const std::size_t rounds = run.tokens.size(), count = std::min(rounds / 2, most_series);
    for (std::size_t k = rounds - std::min(count, rounds - 1); k < rounds; ++k)
        times.push_back(seconds(run.tokens[k].entered - run.tokens[k - 1].entered));
    return times;
}

/// Units of energy and power, and how many of them a joule or a watt is.
struct Unit {
    std::string_view name;
    double factor;
};
constexpr std::array<Unit, 5> joule_units = {{{"J", 1}, {"mJ", 1e3}, {"uJ", 1e6}, {"nJ", 1e9}, {"pJ", 1e12}}};
constexpr std::array<Unit, 3> watt_units = {{{"W", 1}, {"mW", 1e3}, {"uW", 1e6}}};

template <std::size_t n>
std::optional<double> factor_of(const std::array<Unit, n>& units, std::string_view name) {
    const auto found = std::ranges::find(units, name, &Unit::name);
    return found == units.end() ? std::nullopt : std::optional(found->factor);
}

/// Static energy of a scope.
EnergyRange static_energy(const NetworkRun& priced, PowerScope scope, bool of_cores) {
    EnergyRange sum;
    for (const EnergyTerm& term : priced.report.terms)
        if (term.over_time && term.scope <= scope) sum += term.energy;
    if (!of_cores) return sum;
    const Run& run = priced.run;
    return sum *
           (static_cast<double>(run.cores.size()) / (double{1} * run.powered_chips * run.geometry.cores_per_chip()));
}

EnergyRange dynamic_energy(const NetworkRun& priced, const std::vector<int>& populations) {
    if (populations.empty()) return priced.report.dynamic;
    EnergyRange sum;
    for (const int population : populations)
        sum += priced.report.layers[static_cast<std::size_t>(population) + 1].dynamic;
    return sum;
}

Predicted predict_energy(const LedgerFigure& figure, const NetworkFigure& query, const NetworkRun& priced) {
    const auto& scopes = priced.report.scopes;
    if (std::ranges::find(scopes, *figure.scope, &ScopeEnergy::scope) == scopes.end()) return not_predicted(figure);
    // Of a time step. A power is that over the time of a step, so that the three agree.
    const double step_s = seconds_a_step(priced);
    EnergyRange energy;
    if (query.part != NetworkFigure::static_power)
        energy += dynamic_energy(priced, query.populations) * (1.0 / priced.steps);
    if (query.part != NetworkFigure::dynamic)
        energy += static_energy(priced, *figure.scope, query.of_cores) * (step_s / seconds(priced.run.elapsed));
    const std::string_view unit = figure.unit;
    const auto slash = std::min(unit.find('/'), unit.size());
    const std::string_view per = unit.substr(slash);
    std::optional<double> factor;
    if (per.empty()) {
        factor = factor_of(watt_units, unit);
        if (factor) *factor /= query.step_us ? 1e-6 * *query.step_us : step_s;
    } else if (per == "/step" || (per == "/inference" && priced.inference_steps > 0)) {
        factor = factor_of(joule_units, unit.substr(0, slash));
        if (factor && per == "/inference") *factor *= priced.inference_steps;
    }
    if (!factor) return not_predicted(figure);
    energy = energy * *factor;
    return {joules(energy.value), joules(energy.low), joules(energy.high), ""};
}

}  // namespace

std::optional<int> period_of(std::span<const double> series) {
    const auto n = static_cast<double>(series.size());
    const double mean = std::accumulate(series.begin(), series.end(), 0.0) / n;
    double deviation = 0;
    for (const double value : series) deviation += std::fabs(value - mean) / n;
    for (std::size_t lag = 1; deviation > 0 && lag <= series.size() / 2; ++lag) {
        double change = 0;
        for (std::size_t t = lag; t < series.size(); ++t) change += std::fabs(series[t] - series[t - lag]);
        if (change <= repeats * deviation * static_cast<double>(series.size() - lag)) return static_cast<int>(lag);
    }
    return {};
}

NetworkFigure read_network_figure(ObjectReader& at, int populations) {
    NetworkFigure query;
    query.needs = at.string_or("needs", "");
    if (at.has("part")) query.part = static_cast<NetworkFigure::Part>(at.choice("part", parts));
    if (at.has("static_of")) query.of_cores = at.choice("static_of", static_parts) == 1;
    if (at.has("step_us")) query.step_us = at.number("step_us", least_step_us, most_step_us);
    if (populations == 0 || !at.has("populations")) return query;
    for (const Json& entry : at.array("populations")) {
        const std::int64_t* number = entry.integer();
        if (number == nullptr || *number < 0 || *number >= populations)
            at.fault("populations", "expected integers from 0 to " + std::to_string(populations - 1));
        else
            query.populations.push_back(static_cast<int>(*number));
    }
    if (query.part != NetworkFigure::dynamic)
        at.fault("populations", "only dynamic energy belongs to a population", "add \"part\": \"dynamic\"");
    return query;
}

Predicted predict(const LedgerFigure& figure, const NetworkFigure& query, const NetworkRun& priced) {
    const auto exactly = [](double value) { return Predicted{value, value, value, ""}; };
    if (!query.needs.empty()) return {{}, {}, {}, "cannot be repeated yet: it needs " + query.needs};
    const Run& run = priced.run;
    if (figure.unit == "us/step") return exactly(1e6 * seconds_a_step(priced));
    if (figure.unit == "us/inference" && priced.inference_steps > 0)
        return exactly(1e6 * seconds_a_step(priced) * priced.inference_steps);
    if (figure.unit == "us of management/step")
        return exactly(1e6 * seconds(run.management) / static_cast<double>(std::max<std::int64_t>(run.steps, 1)));
    if (figure.unit == "steps") {
        const auto period = period_of(step_times(run));
        return period ? exactly(*period) : Predicted{{}, {}, {}, "the times of steps have no period"};
    }
    if (figure.unit == "synops/step") {
        std::int64_t sum = 0;
        for (const PopulationRecord& population : run.populations) sum += synops(population.counts);
        return exactly(static_cast<double>(sum) / priced.steps);
    }
    if (figure.unit == "synops/step/core") {
        std::int64_t most = 0;
        for (const CoreRecord& core : run.cores) most = std::max(most, synops(core.counts));
        return exactly(static_cast<double>(most) / priced.steps);
    }
    return figure.scope ? predict_energy(figure, query, priced) : not_predicted(figure);
}

}  // namespace tephra

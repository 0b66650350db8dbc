#include "simulator/price.hpp"

#include <algorithm>
#include <map>

#include "simulator/run_check.hpp"

namespace tephra {
namespace {

constexpr std::array<std::string_view, energy_groups> group_names = {
    "synapse", "neuron", "network", "chip links", "steps", "static", "processors, board", "host"};

EnergyRange energy_of(const Price& price, double factor) {
    return {Picojoules(price.low * factor), Picojoules(price.value * factor), Picojoules(price.high * factor)};
}

EnergyRange power_over(const Price& power, double units, Picoseconds time) {
    const auto energy = [&](double milliwatts) { return Milliwatts(milliwatts * units) * time; };
    return {energy(power.low), energy(power.value), energy(power.high)};
}

EnergyRange energy_of(const EventCounts& counts, const CostTable& table) {
    EnergyRange sum;
    for (std::size_t k = 0; k < event_kinds; ++k) sum += energy_of(table.energy[k], static_cast<double>(counts[k]));
    return sum;
}

/// Events per second after the first `skipped` times; nothing when too few times remain or they are equal.
std::optional<double> rate_after(std::vector<std::int64_t> times, std::size_t skipped) {
    std::ranges::sort(times);
    if (skipped == 0 || times.size() <= skipped || times.back() == times[skipped - 1]) return std::nullopt;
    return static_cast<double>(times.size() - skipped) / seconds(Picoseconds(times.back() - times[skipped - 1]));
}

/// Tokens that leave per second once a long sequence has settled. Generate: sampled tokens after the first of each
/// stream, because the first waits for its prompt. Prefill: the second quarter of the tokens, because the pipeline
/// fills before it and drains after it.
std::optional<double> leaving_rate(const Run& run) {
    const bool generate = run.mode == RunMode::generate;
    std::vector<std::int64_t> left;
    for (const auto& token : run.tokens)
        if (generate == (token.output >= 0)) left.push_back(token.left.value());
    const std::size_t quarter = left.size() / 4;
    if (!generate) {
        std::ranges::sort(left);
        left.resize(left.size() - left.size() / 2);
    }
    return rate_after(std::move(left), generate ? static_cast<std::size_t>(run.streams) : quarter);
}

/// What the host does is no part of a chip; its link is (the chip's side of it is priced).
PowerScope scope_of(EventKind kind, const CostTable& table) {
    return kind == EventKind::host_synop || kind == EventKind::host_update ? PowerScope::system : table.scope;
}

void account_terms(const Run& run, const CostTable& table, Report& report) {
    const auto count_term = [&](std::string_view name, EnergyGroup group, PowerScope scope, std::int64_t count,
                                const Price& price) {
        report.terms.push_back({std::string(name), group, scope, count, energy_of(price, static_cast<double>(count)),
                                price.kind, price.source, false});
        report.dynamic += report.terms.back().energy;
    };
    const auto power_term = [&](std::string_view name, EnergyGroup group, PowerScope scope, int units,
                                const Price& price) {
        report.terms.push_back({std::string(name), group, scope, units, power_over(price, units, run.elapsed),
                                price.kind, price.source, true});
    };
    for (std::size_t k = 0; k < event_kinds; ++k) {
        const auto kind = static_cast<EventKind>(k);
        count_term(event_name(kind), group_of(kind), scope_of(kind, table), total(run, kind), table.energy[k]);
    }
    report.static_chips = run.powered_chips;
    count_term("chip_step", EnergyGroup::steps, table.scope, run.steps * run.powered_chips, table.chip_step);
    power_term("chip_static", EnergyGroup::static_power, table.scope, run.powered_chips, table.chip_static);
    if (table.system_included)
        power_term("chip_system", EnergyGroup::system, PowerScope::system, run.powered_chips, table.chip_system);
    if (table.host_included) power_term("host", EnergyGroup::host, PowerScope::system, 1, table.host);
    for (const EnergyTerm& term : report.terms) report.groups[static_cast<std::size_t>(term.group)] += term.energy;
}

void account_layers(const Run& run, const CostTable& table, Report& report) {
    std::map<int, LayerAccount> layers;
    for (const auto& population : run.populations) {
        const auto [entry, is_first] = layers.try_emplace(population.layer);
        LayerAccount& layer = entry->second;
        layer.name = run.layers[static_cast<std::size_t>(population.layer)];
        layer.dynamic += energy_of(population.counts, table);
        const std::int64_t updates =
            count_of(population.counts, EventKind::neuron_update) + count_of(population.counts, EventKind::host_update);
        const std::int64_t skipped = count_of(population.counts, EventKind::skipped);
        layer.updates += updates;
        layer.skipped += skipped;
        report.updates += updates;
        report.skipped += skipped;
        const std::int64_t sent = count_of(population.counts, EventKind::message_out);
        report.messages += sent;
        if (updates > skipped)
            report.messages_saved +=
                static_cast<double>(sent) * static_cast<double>(skipped) / static_cast<double>(updates - skipped);
        layer.on_host = (is_first || layer.on_host) && population.on_host;
        if (population.on_host) report.on_host.push_back(population.name);
    }
    for (auto& [index, layer] : layers) report.layers.push_back(std::move(layer));
}

void account_cores(const Run& run, const CostTable& table, Report& report) {
    report.off_core = report.dynamic.value;
    for (const auto& core : run.cores) {
        const Picojoules dynamic = energy_of(core.counts, table).value;
        const double utilisation = seconds(core.busy) / seconds(run.elapsed);
        report.cores.push_back({core.core, core.layer, dynamic, utilisation});
        report.off_core -= dynamic;
        report.utilisation_mean =
            report.utilisation_mean.value_or(0) + utilisation / static_cast<double>(run.cores.size());
        report.utilisation_max = std::max(report.utilisation_max.value_or(0), utilisation);
    }
}

/// The energy of one scope. At the steady rate the events of a token stay the same; its time changes, and with it the
/// steps that go by until the next one (while a pipeline fills, steps go by and no token leaves).
ScopeEnergy scope_energy(const Report& report, PowerScope scope) {
    ScopeEnergy energy;
    energy.scope = scope;
    EnergyRange over_time, counted;
    for (const EnergyTerm& term : report.terms)
        if (term.scope <= scope)
            (term.over_time || term.group == EnergyGroup::steps ? over_time : counted) += term.energy;
    const double tokens = static_cast<double>(report.tokens), elapsed = seconds(report.elapsed);
    energy.total = counted + over_time;
    energy.per_token = energy.total * (1 / tokens);
    energy.watts = joules(energy.total.value) / elapsed;
    energy.steady_per_token = counted * (1 / tokens) + over_time * (1 / (report.steady_tokens_per_s * elapsed));
    energy.steady_watts = joules(energy.steady_per_token.value) * report.steady_tokens_per_s;
    return energy;
}

void add_notes(const Run& run, const CostTable& table, Report& report) {
    if (report.widest().scope != PowerScope::system)
        report.notes.push_back("energy is given for " + scope_name(report.widest().scope) +
                               " alone, not for a system: " + table.chip_system.source);
    if (!table.host_included) report.notes.push_back("energy of the host is not included: " + table.host.source);
    if (run.powered_chips < run.machine_chips)
        report.notes.push_back("static power is charged for the " + std::to_string(run.powered_chips) +
                               " chips that hold a part of the model, not for the other " +
                               std::to_string(run.machine_chips - run.powered_chips) + " of the machine");
    if (std::ranges::find(table.machine_kinds, run.machine_kind) == table.machine_kinds.end())
        report.notes.push_back("the cost table " + table.name + " was not made for machines of kind " +
                               run.machine_kind + ": times are of one technology, energies of another");
    if (run.head_on_host) report.notes.push_back("the head (logits) ran on the host, outside of the priced chips");
}

}  // namespace

EnergyRange& EnergyRange::operator+=(const EnergyRange& other) {
    low += other.low;
    value += other.value;
    high += other.high;
    return *this;
}

EnergyRange operator*(const EnergyRange& energy, double factor) {
    return {energy.low * factor, energy.value * factor, energy.high * factor};
}

std::string_view group_name(EnergyGroup group) {
    return group_names[static_cast<std::size_t>(group)];
}

EnergyGroup group_of(EventKind kind) {
    switch (kind) {
        case EventKind::synop_ternary:
        case EventKind::synop_int8:
            return EnergyGroup::synapse;
        case EventKind::neuron_update:
        case EventKind::skipped:
        case EventKind::state_pass:
        case EventKind::evaluation:
        case EventKind::message:
            return EnergyGroup::neuron;
        case EventKind::chip_flit:
            return EnergyGroup::chip_links;
        case EventKind::host_flit:
        case EventKind::host_synop:
        case EventKind::host_update:
            return EnergyGroup::host;
        case EventKind::message_in:
        case EventKind::message_out:
        case EventKind::hop_x:
        case EventKind::hop_y:
        case EventKind::hop_local:
        case EventKind::barrier_tile:
        case EventKind::count_:
            break;
    }
    return EnergyGroup::network;
}

Result<Report> price(const Run& run, const CostTable& table) {
    if (auto sound = check_run(run, "run#"); !sound) return tl::unexpected(sound.error());
    Report report;
    report.table_name = table.name;
    report.table_about = table.about;
    report.table_hash = table.hash;
    report.round = run.round;
    report.evaluations = total(run, EventKind::evaluation);
    report.elapsed = run.elapsed;
    report.tokens = static_cast<std::int64_t>(run.tokens.size());
    report.phases = phases_of(run);
    std::int64_t first_entry = run.tokens.front().entered.value();
    for (const auto& token : run.tokens) first_entry = std::min(first_entry, token.entered.value());
    for (const auto& token : run.tokens) {
        if (token.output < 0) continue;
        ++report.generated;
        const Picoseconds latency(token.left.value() - first_entry);
        report.first_token = std::min(report.first_token.value_or(latency), latency);
    }
    account_terms(run, table, report);
    account_layers(run, table, report);
    account_cores(run, table, report);
    report.tokens_per_s = static_cast<double>(report.tokens) / seconds(run.elapsed);
    report.steady_tokens_per_s = leaving_rate(run).value_or(report.tokens_per_s);
    for (const PowerScope scope : table.scopes()) report.scopes.push_back(scope_energy(report, scope));
    add_notes(run, table, report);
    return report;
}

}  // namespace tephra

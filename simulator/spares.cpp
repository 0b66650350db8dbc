#include "simulator/spares.hpp"

#include <algorithm>

#include "core/narrow.hpp"
#include "core/philox.hpp"
#include "core/ratio.hpp"
#include "mapper/route.hpp"
#include "neuro/team.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr std::uint32_t random_stream = 0x73706172;  // "spar": apart from all other random choices of a seed

/// `count` different numbers of [0, all), sorted: the same for the same seed, count and draw.
std::vector<int> drawn(const SparesOptions& options, int all, int count, int draw) {
    std::vector<int> numbers(static_cast<std::size_t>(all));
    for (int k = 0; k < all; ++k) numbers[static_cast<std::size_t>(k)] = k;
    const std::uint64_t id = static_cast<std::uint64_t>(count) << 32 | static_cast<std::uint64_t>(draw);
    for (int k = 0; k < count; ++k) {  // Fisher and Yates, the first `count` places
        const auto words = random_words(options.seed, random_stream, id, static_cast<std::uint32_t>(k));
        const auto left = static_cast<std::uint64_t>(all - k);
        const auto at = static_cast<std::size_t>(k) + static_cast<std::size_t>(words[0] * left >> 32);
        std::swap(numbers[static_cast<std::size_t>(k)], numbers[at]);
    }
    numbers.resize(static_cast<std::size_t>(count));
    std::ranges::sort(numbers);
    return numbers;
}

Result<void> check(const SparesOptions& options, const SpareParts& parts, const Machine& machine) {
    const std::string what = spare_part_names()[static_cast<std::size_t>(options.part)];
    for (const int dead : options.dead)
        if (dead < 1 || dead > parts.count())
            return bad_input(std::to_string(dead) + " dead " + what + ": " + machine.name + " has " +
                                 std::to_string(parts.count()) + " " + spare_part_words(options.part),
                             "dead", "give numbers from 1 to that");
    if (options.dead.empty()) return bad_input("no number of dead " + what, "dead", "give one or more");
    if (options.draws < 1 || options.draws > most_draws)
        return bad_input("draws must be 1 to " + std::to_string(most_draws), "draws");
    return check_threads(options.threads);
}

/// One machine, mapped, run and priced.
class Bench {
public:
    Bench(const Program& program, const CostTable& costs, const SparesOptions& options, const SparesWork& work)
        : program_(program), costs_(costs), options_(options), work_(work) {}

    /// Fills in what the trial took. `report`: gets the whole account; may be nullptr.
    Result<void> run(const Machine& machine, SparesTrial& trial, Report* report) const {
        auto mapping = map_program(program_, machine, options_.map);
        if (!mapping) return tl::unexpected(mapping.error());
        const auto run = work_(machine, *mapping);
        if (!run) return tl::unexpected(run.error());
        const auto account = price(*run, costs_);
        if (!account) return tl::unexpected(account.error());
        const auto rounds = static_cast<std::int64_t>(run->tokens.size());
        trial.round = Picoseconds(run->elapsed.value() / rounds);
        trial.energy = account->widest().total * (1.0 / static_cast<double>(rounds));
        if (report != nullptr) *report = *account;
        return {};
    }

    /// The same, where a machine that the program does not fit is a result too.
    Result<void> try_run(const Machine& machine, SparesTrial& trial) const {
        auto done = run(machine, trial, nullptr);
        if (done) return {};
        if (done.error().code != ErrorCode::does_not_fit) return done;
        trial.refused = done.error().message;
        return {};
    }

private:
    const Program& program_;
    const CostTable& costs_;
    const SparesOptions& options_;
    const SparesWork& work_;
};

/// All draws of all numbers, each with what dies.
std::vector<SparesTrial> draw_all(const SparesOptions& options, const SpareParts& parts) {
    std::vector<SparesTrial> trials;
    for (const int dead : options.dead)
        for (int draw = 0; draw < options.draws; ++draw) {
            SparesTrial trial{dead, draw, {}, {}, {}, {}};
            for (const int index : drawn(options, parts.count(), dead, draw)) trial.parts.push_back(parts.name(index));
            trials.push_back(std::move(trial));
        }
    return trials;
}

SparesSummary::Spread spread(std::vector<double> values) {
    std::ranges::sort(values);
    return {values.front(), values[(values.size() - 1) / 2], values.back()};
}

SparesSummary summary(int dead, std::span<const SparesTrial> trials) {
    SparesSummary row{dead, narrow<int>(trials.size()), 0, {}, {}};
    std::vector<double> times, energies;
    for (const SparesTrial& trial : trials) {
        if (!trial.refused.empty()) continue;
        times.push_back(1e6 * seconds(trial.round));
        energies.push_back(1e6 * joules(trial.energy.value));
    }
    row.ran = narrow<int>(times.size());
    if (row.ran > 0) row.microseconds = spread(std::move(times)), row.microjoules = spread(std::move(energies));
    return row;
}

Json trial_json(const SparesTrial& trial) {
    Json::Object out = {{"dead", trial.dead}, {"draw", trial.draw}};
    Json::Array parts;
    for (const int part : trial.parts) parts.emplace_back(part);
    out.emplace_back("parts", std::move(parts));
    const bool ran = trial.refused.empty();
    out.emplace_back("refused", ran ? Json() : Json(trial.refused));
    out.emplace_back("time_ps", ran ? Json(trial.round.value()) : Json());
    for (const auto& [key, energy] : {std::pair("energy_pj", trial.energy.value),
                                      {"energy_low_pj", trial.energy.low},
                                      {"energy_high_pj", trial.energy.high}})
        out.emplace_back(key, ran ? Json(energy.value()) : Json());
    return out;
}

}  // namespace

Result<Spares> measure_spares(const Program& program, const Machine& machine, const CostTable& costs,
                              const SparesOptions& options, const SparesWork& work) {
    const auto topology = Topology::create(machine);
    if (!topology) return tl::unexpected(topology.error());
    const SpareParts parts(machine, *topology, options.part);
    if (auto done = check(options, parts, machine); !done) return tl::unexpected(done.error());
    Spares spares;
    spares.model = program.model_name, spares.machine = machine.name, spares.costs = costs.name;
    spares.machine_hash = machine.hash, spares.costs_hash = costs.hash;
    spares.part = options.part, spares.parts = parts.count(), spares.seed = options.seed;
    const Bench bench(program, costs, options, work);
    Report report;
    if (auto done = bench.run(machine, spares.whole, &report); !done) return tl::unexpected(done.error());
    spares.scope = report.widest().scope, spares.round = report.round, spares.rounds = report.tokens;
    spares.trials = draw_all(options, parts);
    std::vector<Result<void>> done(spares.trials.size());
    auto all = with_threads([&]() -> Result<void> {
        parallel_for(spares.trials.size(), options.threads, [&](std::size_t k, int) {
            SparesTrial& trial = spares.trials[k];
            done[k] = bench.try_run(parts.without(trial.parts), trial);
        });
        return {};
    });
    if (!all) return tl::unexpected(all.error());
    for (const auto& each : done)
        if (!each) return tl::unexpected(each.error());
    return spares;
}

std::vector<SparesSummary> summaries(const Spares& spares) {
    std::vector<SparesSummary> rows = {summary(0, {&spares.whole, 1})};
    for (auto begin = spares.trials.begin(); begin != spares.trials.end();) {
        const auto end =
            std::find_if(begin + 1, spares.trials.end(), [](const SparesTrial& trial) { return trial.draw == 0; });
        rows.push_back(summary(begin->dead, {begin, end}));
        begin = end;
    }
    return rows;
}

std::optional<double> percent_more(const SparesSummary& whole, const SparesSummary& row,
                                   SparesSummary::Spread SparesSummary::*figure) {
    if (row.ran == 0) return std::nullopt;
    return ratio(100 * ((row.*figure).median - (whole.*figure).median), (whole.*figure).median);
}

Json spares_json(const Spares& spares) {
    Json::Array trials = {trial_json(spares.whole)};
    for (const SparesTrial& trial : spares.trials) trials.push_back(trial_json(trial));
    return Json::Object{{"tephra_spares", 1},
                        {"model", spares.model},
                        {"machine", spares.machine},
                        {"machine_hash", to_string(spares.machine_hash)},
                        {"costs", spares.costs},
                        {"costs_hash", to_string(spares.costs_hash)},
                        {"dead_of", spare_part_names()[static_cast<std::size_t>(spares.part)]},
                        {"parts", spares.parts},
                        {"scope", scope_name(spares.scope)},
                        {"round", round_words(spares.round).one},
                        {"rounds", spares.rounds},
                        {"seed", std::to_string(spares.seed)},
                        {"trials", std::move(trials)}};
}

}  // namespace tephra

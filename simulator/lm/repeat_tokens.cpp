#include "simulator/lm/repeat_tokens.hpp"

#include <algorithm>

#include "core/object_reader.hpp"
#include "mapper/mapping.hpp"
#include "mapper/weight_storage.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"

namespace tephra {
namespace {

constexpr int most_copies = 4096, most_new_tokens = 1 << 20, most_calibration = 1 << 20, most_layers = 1024;
const std::vector<std::string> heads = {"chip", "host"};

struct Recipe {
    SynthOptions model;
    std::string machine, costs;
    MapOptions map;
    TokenOptions run;
    int copies = 1;
};

std::vector<std::int32_t> prompt_of(ObjectReader& reader) {
    std::vector<std::int32_t> ids;
    const Json::Array& array = reader.array("prompt");
    for (std::size_t k = 0; k < array.size(); ++k) {
        const std::int64_t* id = array[k].integer();
        if (id == nullptr || *id < 0 || *id > INT32_MAX)
            reader.fault("prompt/" + std::to_string(k), "expected a token id");
        else
            ids.push_back(static_cast<std::int32_t>(*id));
    }
    return ids;
}

Result<Recipe> read_recipe(const LedgerRow& row, int threads) {
    ObjectReader reader(row.repeat, "ledger row " + row.id + "#/repeat");
    reader.ignore("kind");
    reader.ignore("synthetic");
    Recipe recipe;
    const std::string preset = reader.string("preset");
    const std::int64_t seed = reader.integer("seed", 0, INT64_MAX);
    const auto calibration = static_cast<int>(reader.integer("calibration_tokens", 1, most_calibration));
    const auto layers = static_cast<int>(reader.integer_or("layers", 0, 1, most_layers));
    recipe.copies = static_cast<int>(reader.integer_or("copies", 1, 1, most_copies));
    recipe.machine = reader.string("machine");
    recipe.costs = reader.string("costs");
    recipe.map.format = weight_storage_of(weight_storage_names()[reader.choice("synapses", weight_storage_names())]);
    recipe.map.head_on_host = reader.choice("head", heads) == 1;
    recipe.run.sync = static_cast<SyncMode>(reader.choice("sync", sync_names()));
    recipe.run.noc = static_cast<NocMode>(reader.choice("noc", noc_names()));
    recipe.run.mode = static_cast<RunMode>(reader.choice("mode", mode_names()));
    recipe.run.prompts = {prompt_of(reader)};
    recipe.run.threads = threads;
    if (recipe.run.mode == RunMode::generate)
        recipe.run.new_tokens = static_cast<int>(reader.integer("tokens", 1, most_new_tokens));
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    auto model = synth_preset(preset);
    if (!model) return tl::unexpected(model.error());
    recipe.model = std::move(*model);
    recipe.model.seed = static_cast<std::uint64_t>(seed);
    recipe.model.calibration_tokens = calibration;
    recipe.model.threads = threads;
    if (layers > 0) recipe.model.config.num_layers = layers;
    return recipe;
}

/// A token leaves after each of its `copies` parts in turn, or a pipeline of them is full: steady tokens a second.
double scaled_rate(const Run& run, const Report& report, int copies) {
    if (run.mode == RunMode::prefill || copies == 1) return report.steady_tokens_per_s;
    const double token = 1 / report.steady_tokens_per_s;
    const double host = std::min(token, seconds(run.host) / static_cast<double>(report.tokens));
    return 1 / (copies * (token - host) + host);
}

}  // namespace

SteadyToken scaled_token(const Run& run, const Report& report, PowerScope scope, int copies) {
    SteadyToken token;
    token.tokens_per_s = scaled_rate(run, report, copies);
    const double tokens = static_cast<double>(report.tokens), elapsed = seconds(report.elapsed);
    const double seconds_a_token = 1 / token.tokens_per_s;
    const bool wait = run.mode == RunMode::generate;  // in a full pipeline every part works in every step
    EnergyRange energy;
    for (const EnergyTerm& term : report.terms) {
        if (term.scope > scope) continue;
        const double parts = term.group == EnergyGroup::host ? 1 : copies;
        double share = parts / tokens;  // of the run's energy: a token's
        if (term.over_time) share = parts * seconds_a_token / elapsed;
        if (term.group == EnergyGroup::steps)
            share = (wait ? parts * copies : parts) / (report.steady_tokens_per_s * elapsed);
        energy += term.energy * share;
    }
    token.low = millijoules(energy.low);
    token.value = millijoules(energy.value);
    token.high = millijoules(energy.high);
    return token;
}

Result<RowResult> repeat_tokens(const LedgerRow& row, int threads) {
    auto recipe = read_recipe(row, threads);
    if (!recipe) return tl::unexpected(recipe.error());
    const auto machine = find_machine(recipe->machine);
    if (!machine) return tl::unexpected(machine.error());
    const auto costs = find_cost_table(recipe->costs);
    if (!costs) return tl::unexpected(costs.error());
    const auto model = make_synthetic_model(recipe->model);
    if (!model) return tl::unexpected(model.error());
    auto sampler = Sampler::create({.greedy = true}, (*model)->quantized.logits);
    if (!sampler) return tl::unexpected(sampler.error());
    recipe->run.sample = [&](int stream, int position, std::span<const std::int32_t> logits) {
        return sampler->next(logits, static_cast<std::uint32_t>(stream), static_cast<std::uint64_t>(position) + 1);
    };
    const Program program = lower(*model);
    const auto mapping = map_program(program, *machine, recipe->map);
    if (!mapping) return tl::unexpected(mapping.error());
    auto run = simulate_tokens(program, *machine, *mapping, recipe->run);
    if (!run) return tl::unexpected(run.error());
    run->parameters = parameter_count((*model)->graph.config);
    const auto report = price(*run, *costs);
    if (!report) return tl::unexpected(report.error());
    RowResult result{row.id, {}, hash_of_inputs(&machine->hash, &costs->hash), to_string(run->trace)};
    for (const LedgerFigure& figure : row.figures) {
        const PowerScope scope = figure.scope.value_or(PowerScope::neurocores);
        const SteadyToken token = scaled_token(*run, *report, scope, recipe->copies);
        const bool priced = std::ranges::any_of(report->scopes, [&](const auto& each) { return each.scope == scope; });
        if (figure.unit == "tokens/s")
            result.figures.push_back({token.tokens_per_s, token.tokens_per_s, token.tokens_per_s, ""});
        else if (figure.unit == "mJ/token" && priced)
            result.figures.push_back({token.value, token.low, token.high, ""});
        else
            result.figures.push_back(not_predicted(figure));
    }
    return result;
}

}  // namespace tephra

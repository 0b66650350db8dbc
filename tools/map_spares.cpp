#include "tools/map_spares.hpp"

#include <algorithm>
#include <iostream>
#include <memory>

#include "core/data_files.hpp"
#include "core/text.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/sampling.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "simulator/page/spares_page.hpp"
#include "simulator/simulate.hpp"
#include "simulator/spares.hpp"
#include "tools/outputs.hpp"
#include "tools/simulate_network.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

constexpr int most_tokens = 1 << 16;  // that one run generates
const std::vector<std::string> work_of_networks = {"--input", "--events", "--steps"};

/// A program and what it does on each machine.
struct Work {
    std::shared_ptr<const Program> program;
    SparesWork run;
};

/// Generates some tokens after the one that starts a text (where the model has none: after token 0). All draws do the
/// same: the end of a text ends nothing.
Work token_work(const std::string& path, int tokens) {
    const auto model = require(load_model(path));
    Work work{std::make_shared<const Program>(lower(model)), {}};
    TokenOptions options;
    options.prompts = {{std::max<std::int32_t>(model->graph.config.bos_token_id, 0)}};
    options.new_tokens = tokens;
    options.sample = [](int, int, std::span<const std::int32_t> logits) { return greedy_token(logits); };
    work.run = [program = work.program, options](const Machine& machine, const Mapping& mapping) {
        return simulate_tokens(*program, machine, mapping, options);
    };
    return work;
}

/// Some time steps of a network with its input.
Work step_work(const NetworkOptions& options, const CLI::App& command) {
    const spiking::NamedNetwork named = read_named_network(options, command);
    const spiking::NetworkInput input = read_input(named.network, options);
    const int steps = require(input.steps_to_run(options.steps, "--steps"));
    Work work{std::make_shared<const Program>(
                  require(spiking::lower(named.network, named.name, named.hash, host_input(input)))),
              {}};
    work.run = [program = work.program, input, steps](const Machine& machine, const Mapping& mapping) {
        spiking::NetworkInput own = input;  // it keeps its place
        FrameFeed feed = frame_feed(*program, own, steps);
        return simulate(*program, machine, mapping, feed, {});
    };
    return work;
}

Table summary_table(const Spares& spares) {
    const std::string& round = round_words(spares.round).one;
    Table table({"dead " + spare_part_names()[static_cast<std::size_t>(spares.part)], "draws", "ran",
                 "us a " + round + ", least", "median", "most", "% more", "uJ a " + round + ", least", "median", "most",
                 "% more"});
    const auto rows = summaries(spares);
    for (const SparesSummary& row : rows) {
        Json::Array cells = {row.dead, row.draws, row.ran};
        for (const auto spread : {&SparesSummary::microseconds, &SparesSummary::microjoules}) {
            const auto& [least, median, most] = row.*spread;
            for (const double value : {least, median, most}) cells.push_back(row.ran > 0 ? figure(value) : Json());
            cells.push_back(figure(percent_more(rows.front(), row, spread)));
        }
        table.add(std::move(cells));
    }
    return table;
}

void print(const Spares& spares, const std::string& format) {
    if (format == "json") {
        std::cout << spares_json(spares).dump() << "\n";
        return;
    }
    if (format == "csv") {
        std::cout << summary_table(spares).render("csv");
        return;
    }
    const RoundWords& words = round_words(spares.round);
    std::cout << printable(spares.model + " on " + spares.machine) << ": " << spares.parts
              << (spares.part == SparePart::cores ? " cores take work" : " pairs of chips are linked") << "; "
              << spares.rounds << " " << (spares.rounds == 1 ? words.one : words.many) << " a run; energy of the "
              << scope_name(spares.scope) << ", prices: " << printable(spares.costs) << "; seed " << spares.seed
              << "\n\n"
              << summary_table(spares).render("text");
    for (const SparesTrial& trial : spares.trials)
        if (!trial.refused.empty()) {
            std::cout << "draw " << trial.draw << " of " << trial.dead << " did not run: " << printable(trial.refused)
                      << "\n";
            break;  // the others say the same of other parts; --format json has all
        }
}

}  // namespace

void add_spares_options(CLI::App& command, SparesChoice& choice, NetworkOptions& network) {
    auto* spares = add_word(command, "--spares", choice.numbers,
                            "simulate with so many random dead parts: 1,2,4; time and energy over the draws");
    add_choice(command, "--dead", choice.part, spare_part_names(),
               "what dies: cores that take work, or links between chips in both directions");
    add_integer(command, "--draws", choice.draws, 1, most_draws, "random draws of each number");
    add_integer(command, "--seed", choice.seed, 0, UINT64_MAX, "of the draws");
    add_word(command, "--costs", choice.costs,
             "cost table: a name in machines/costs or a file; default: the machine's kind");
    add_integer(command, "--tokens", choice.tokens, 1, most_tokens, "language model: tokens that a run generates");
    add_threads(command, choice.threads, "runs at the same time; results do not depend on it");
    add_output(command, "--html", choice.html, "also write a self-contained page with charts to this file");
    add_input_options(command, network);
    for (const char* option : {"--dead", "--draws", "--seed", "--costs", "--tokens", "--threads", "--html", "--input",
                               "--events", "--steps"})
        command.get_option(option)->needs(spares);
}

void map_spares(const SparesChoice& choice, const NetworkOptions& model, const std::string& machine_name,
                const MapOptions& map, const std::string& format, const CLI::App& command) {
    Outputs outputs;
    claim_inputs(outputs, model);
    outputs.reads(find_data_file("machines", "machine", machine_name).value_or(""));
    outputs.reads(choice.costs);
    auto html = outputs.open("--html", choice.html);
    SparesOptions options;
    options.dead =
        read_integers(choice.numbers, "--spares", 1, most_cores, "numbers of dead parts, with commas: 1,2,4");
    options.part =
        static_cast<SparePart>(std::ranges::find(spare_part_names(), choice.part) - spare_part_names().begin());
    options.draws = choice.draws, options.seed = choice.seed, options.threads = choice.threads, options.map = map;
    const bool network = is_network_file(model.network);
    refuse_ignored(command, network ? std::vector<std::string>{"--tokens"} : work_of_networks,
                   network ? "with a network" : "with a language model");
    if (!network) refuse_network_options(command, "with a language model");
    const Machine machine = require(find_machine(machine_name));
    const CostTable costs = require(find_cost_table(choice.costs.empty() ? machine.kind : choice.costs));
    const Work work = network ? step_work(model, command) : token_work(model.network, choice.tokens);
    const Spares spares = require(measure_spares(*work.program, machine, costs, options, work.run));
    if (html) finish(html, spares_page(spares));
    print(spares, format);
}

}  // namespace tephra::tools

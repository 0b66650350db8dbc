#include "tools/map_spares.hpp"

#include <algorithm>
#include <iostream>
#include <memory>

#include "core/data_files.hpp"
#include "core/text.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/spiking/lower.hpp"
#include "simulator/lm/spares_work.hpp"
#include "simulator/page/spares_page.hpp"
#include "simulator/spares.hpp"
#include "simulator/spiking/network_feed.hpp"
#include "tools/outputs.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

const std::vector<std::string> work_of_networks = {"--input", "--events", "--steps"};

/// A program and what it does on each machine.
using Work = std::pair<std::shared_ptr<const Program>, SparesWork>;

Work work_of_model(const std::string& path, int tokens) {
    const auto model = require(load_model(path));
    auto program = std::make_shared<const Program>(lower(model));
    return {program, token_work(*model, program, tokens)};
}

Work work_of_network(const NetworkOptions& options, const CLI::App& command) {
    const spiking::NamedNetwork named = read_named_network(options, command);
    spiking::NetworkInput input = read_input(named.network, options);
    const int steps = require(input.steps_to_run(options.steps, "--steps"));
    auto program = std::make_shared<const Program>(
        require(spiking::lower(named.network, named.name, named.hash, spiking::host_input(input))));
    return {program, spiking::step_work(program, std::move(input), steps)};
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
    std::cout << printable(spares.model + " on " + spares.machine) << ": " << spares.parts << " "
              << spare_part_words(spares.part) << "; " << spares.rounds << " "
              << (spares.rounds == 1 ? words.one : words.many) << " a run; energy of the " << scope_name(spares.scope)
              << ", prices: " << printable(spares.costs) << "; seed " << spares.seed << "\n\n"
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
               "what dies: cores that take work; links between chips, or on their meshes, in both directions; routers");
    add_integer(command, "--draws", choice.draws, 1, most_draws, "random draws of each number");
    add_integer(command, "--seed", choice.seed, 0, UINT64_MAX, "of the draws");
    add_word(command, "--costs", choice.costs,
             "cost table: a name in machines/costs or a file; default: the machine's kind");
    add_integer(command, "--tokens", choice.tokens, 1, most_spares_tokens,
                "language model: tokens that a run generates");
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
    const auto [program, work] =
        network ? work_of_network(model, command) : work_of_model(model.network, choice.tokens);
    const Spares spares = require(measure_spares(*program, machine, costs, options, work));
    if (html) finish(html, spares_page(spares));
    print(spares, format);
}

}  // namespace tephra::tools

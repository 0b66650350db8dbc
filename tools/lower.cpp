// tephra lower: the populations and projections that a model becomes, with counts per token or time step.
#include <iostream>
#include <memory>

#include "core/text.hpp"
#include "neuro/lm/lower.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/program_source.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

std::int64_t synops(const Program& program, const Population& population) {
    std::int64_t sum = 0;
    for (const ProjectionId id : population.inputs)
        if (const auto& synapses = program[id].synapses; synapses != nullptr) sum += total_synops(*synapses);
    return sum;
}

void print_lowering(const Program& program, const std::string& format, bool all) {
    all = all || program.round == RoundKind::time_step;  // layers of a network differ, blocks are all alike
    const ProgramCost cost = program_cost(program);
    const auto layers = std::ssize(program.layers);
    Table table({"stage", "population", "model", "neurons", "messages", "bits", "record words", "synops"});
    for (const Population& p : program.populations) {
        const bool repeats = p.layer.value > 1 && p.layer.value < layers - 1;  // blocks of the same shape
        if (!all && format == "text" && repeats) continue;
        table.add({p.stage, p.name, std::string(p.model == nullptr ? "read by the host" : p.model->kind()), p.size,
                   p.payload != Payload::none ? p.size : 0, p.message_bits, p.record_words, synops(program, p)});
    }
    if (format != "text") {
        std::cout << table.render(format);
        return;
    }
    std::cout << printable(program.model_name) << ": " << program.populations.size() << " populations, "
              << program.projections.size() << " projections, " << cost.steps << " steps a "
              << round_words(program.round).one;
    if (!all && layers > 3) std::cout << " (block 0 of " << layers - 2 << "; --all prints every block)";
    std::cout << "\n\n" << table.render(format) << "\n";
    Table sums({"per " + round_words(program.round).one, "count"});
    sums.add({"neurons that fire", cost.neurons});
    sums.add({"neuron messages, when no activation is zero", cost.messages});
    sums.add({"synaptic operations, likewise", cost.synops});
    sums.add({"synaptic memory, 2-bit weights", bytes_text(static_cast<std::uint64_t>(cost.synaptic_bytes_ternary2))});
    sums.add({"synaptic memory, 8-bit weights", bytes_text(static_cast<std::uint64_t>(cost.synaptic_bytes_int8))});
    sums.add({"recurrent state per stream", bytes_text(static_cast<std::uint64_t>(cost.state_bits / 8))});
    std::cout << sums.render(format);
}

struct Options {
    NetworkOptions model;
    std::string format = "text";
    bool all = false;
};

}  // namespace

void add_lower_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("lower", "Print the populations a model is lowered to, with counts per token or time step");
    add_word(*command, "model", options->model.network, "deployment file (.tph), or network (.net, .nir)")->required();
    add_network_options(*command, options->model);
    add_format(*command, options->format);
    add_switch(*command, "--all", options->all,
               "every block, not only the first; JSON and CSV always have every block");
    command->callback(
        [options, command] { print_lowering(read_program(options->model, *command), options->format, options->all); });
}

}  // namespace tephra::tools

// tephra simulate: runs a model on a simulated machine, event by event; prints its text and writes the run.
#include <unistd.h>

#include <iostream>
#include <memory>

#include "core/text.hpp"
#include "neuro/lm/lower.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "simulator/lm/text_change.hpp"
#include "tools/command.hpp"
#include "tools/fault_tables.hpp"
#include "tools/machine_run.hpp"
#include "tools/outputs.hpp"
#include "tools/prompts.hpp"
#include "tools/ranks.hpp"
#include "tools/sampling_options.hpp"
#include "tools/simulate_network.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

constexpr int most_tokens = 1 << 24;  // of a stream

struct Options {
    std::string model;
    PromptOptions prompts;
    MachineRunOptions run;
    std::string mode = "generate";
    int tokens = 32;
    int streams = 1;
    SamplingOptions sampling;
    NetworkOptions network;
    std::string record;
};

const std::vector<std::string> network_options = {
    "--input",      "--events",    "--steps", "--probe",       "--record", "--reset-interval", "--reset-offset",
    "--input-bits", "--threshold", "--dt",    "--weight-bits", "--rule",   "--layer-cores"};

/// Text of every stream; with one stream it is printed as it comes.
class Texts {
public:
    Texts(const Tokenizer* tokenizer, const std::vector<Prompt>& prompts, bool live)
        : texts_(prompts.size()), live_(live && prompts.size() == 1) {
        for (const Prompt& prompt : prompts) continuations_.emplace_back(tokenizer, prompt);
    }
    /// False when standard output takes no more: no text is wanted then.
    bool add(int stream, std::int32_t id) {
        const auto s = static_cast<std::size_t>(stream);
        put(s, continuations_[s].next(id));
        return !failed_;
    }
    /// All texts, separated by form feeds.
    std::string finish() {
        std::string joined;
        for (std::size_t s = 0; s < texts_.size(); ++s) {
            put(s, continuations_[s].finish());
            joined += (s > 0 ? "\f" : "") + texts_[s];
        }
        if (live_) std::cout << "\n\n";
        return joined;
    }
    [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }
    [[nodiscard]] bool live() const { return live_; }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    void put(std::size_t stream, const std::string& text) {
        texts_[stream] += text;
        if (!live_) return;
        try {
            std::cout << text << std::flush;
        } catch (const std::ios_base::failure&) {
            failed_ = true;  // a thread of the simulator must not throw
        }
    }
    std::vector<Continuation> continuations_;
    std::vector<std::string> texts_;
    bool live_;
    bool failed_ = false;
};

double milliseconds(Picoseconds time) {
    return 1e3 * seconds(time);
}

/// Time until the first sampled token, and the mean time between sampled tokens of a stream.
void add_rates(const Run& run, Table& table) {
    Picoseconds first(-1);
    std::int64_t sampled = 0;
    for (const TokenRecord& token : run.tokens) {
        if (token.output < 0) continue;
        ++sampled;
        if (first.value() < 0) first = token.left - run.tokens.front().entered;
    }
    const double elapsed = std::max(seconds(run.elapsed), 1e-15);
    table.add({"tokens through the machine", static_cast<std::int64_t>(run.tokens.size()), "tokens"});
    table.add({"tokens sampled", sampled, "tokens"});
    table.add({"simulated time", milliseconds(run.elapsed), "ms"});
    if (first.value() >= 0) table.add({"time to the first sampled token", milliseconds(first), "ms"});
    table.add({"rate, prompt included", static_cast<double>(run.tokens.size()) / elapsed, "tok/s"});
}

Table summary(const Run& run) {
    Table table({"result", "value", "unit"});
    add_rates(run, table);
    add_run_rows(run, table);
    return table;
}

void show_progress(std::int64_t left, std::int64_t all) {
    std::cerr << "\rsimulated " << left << " of " << all << " tokens" << (left == all ? "\n" : "") << std::flush;
}

void print_results(const Options& options, const Run& run, const Texts& texts) {
    if (options.run.format == "text" && !texts.live())
        for (std::size_t s = 0; s < texts.texts().size(); ++s)
            std::cout << "stream " << s << ": " << texts.texts()[s] << "\n"
                      << (s + 1 < texts.texts().size() ? "" : "\n");
    std::cout << summary(run).render(options.run.format);
}

/// What faults did to the text, beside the integer model's.
void print_faults(const Options& options, const std::shared_ptr<const Deployment>& model,
                  const TokenOptions& run_options, const TokenChoice& choose, const Run& run) {
    const int samples = run_options.mode == RunMode::prefill ? 1 : run_options.new_tokens;
    print_faults(options.run, run, [&](Table& summary) {
        add_change(require(text_change(model, make_native_engine, run_options.prompts, samples, choose, run)), summary);
    });
}

void simulate_model(const Options& options, const CLI::App& command) {
    Outputs outputs;
    for (const std::string& path : {options.model, options.prompts.file}) outputs.reads(path);
    MachineRunFiles files = open_files(outputs, options.run);
    const auto model = require(load_model(options.model));
    const Machine machine = require(find_machine(options.run.machine));
    check_fault_options(command, machine);
    const auto tokenizer = tokenizer_of(*model, options.model);
    const Tokenizer* known = tokenizer ? &*tokenizer : nullptr;
    const auto prompts = read_prompts(options.prompts, *model, options.model, known, options.streams);
    Sampler sampler = require(Sampler::create(settled(options.sampling), model->quantized.logits));
    const Program program = lower(model);
    const Mapping mapping = mapping_of(options.run, program, machine, options.streams);
    TokenOptions run_options;
    run_options.mode = options.mode == "prefill" ? RunMode::prefill : RunMode::generate;
    std::int64_t dropped = 0;
    Scaling scaling;
    set_options(options.run, files, dropped, scaling, run_options);
    for (const Prompt& prompt : prompts) run_options.prompts.push_back(prompt.ids);
    run_options.checkpoint.inputs.push_back(sampling_input(settled(options.sampling)));
    run_options.new_tokens = run_options.mode == RunMode::prefill ? 0 : options.tokens;
    Texts texts(known, prompts, options.run.format == "text");
    const TokenChoice choose = [&](int stream, int position, std::span<const std::int32_t> logits) {
        const std::int32_t id =
            sampler.next(logits, static_cast<std::uint32_t>(stream), static_cast<std::uint64_t>(position) + 1);
        return id == model->graph.config.eos_token_id ? -1 : id;
    };
    run_options.sample = [&](int stream, int position, std::span<const std::int32_t> logits) {
        const std::int32_t id = choose(stream, position, logits);
        return id < 0 || !texts.add(stream, id) ? -1 : id;
    };
    // Where nobody can read the text the streams end early, which is no state to go on from.
    if (const auto due = run_options.checkpoint.due)
        run_options.checkpoint.due = [&texts, due] { return !texts.failed() && due(); };
    run_options.resumed = [&](int stream, std::int32_t id) { texts.add(stream, id); };
    const bool bar = is_root() && isatty(STDERR_FILENO) != 0 && !(texts.live() && isatty(STDOUT_FILENO) != 0);
    if (bar) run_options.progress = show_progress;
    Run run = run_with_checkpoints(options.run, files,
                                   [&] { return simulate_tokens(program, machine, mapping, run_options); });
    if (!is_root()) return;
    if (!std::cout) return;  // the run ended early, since nobody could read its text; main says so
    finish_trace(files, dropped);
    run.parameters = parameter_count(model->graph.config);
    run.seed = options.sampling.seed;
    run.text = texts.finish();
    if (files.output) finish(files.output, require(run_json(run)));
    print_results(options, run, texts);
    print_faults(options, model, run_options, choose, run);
    print_scaling(options.run, scaling);
}

void add_model_options(CLI::App& command, Options& options) {
    add_word(command, "model", options.model, "deployment file (.tph), or network (.net, .nir)")->required();
    add_machine_run_options(command, options.run);
    add_prompt_options(command, options.prompts);
    add_integer(command, "-n,--tokens", options.tokens, 0, most_tokens,
                "tokens to generate a stream at most (generate mode)");
    add_choice(command, "--mode", options.mode, mode_names(), "generate, or prefill: the prompt alone, pipelined");
    add_integer(command, "--streams", options.streams, 1, most_streams,
                "independent sequences in flight; prompts are given out to them in turn");
    add_sampling_options(command, options.sampling);
}

void add_options_of_networks(CLI::App& command, Options& options) {
    add_network_options(command, options.network);
    add_input_options(command, options.network);
    add_output(command, "--record", options.record, "network: what the probes recorded (.npz)");
    add_probe_option(command, options.network);
    auto* cores = add_word(command, "--layer-cores", options.network.layer_cores,
                           "network, 8-bit weights: cores of each layer, one after the other from core 0 on: 13,25,2");
    for (const char* option : {"--map", "--synapses", "--head"}) cores->excludes(command.get_option(option));
}

void simulate(Options& options, const CLI::App& command) {
    if (is_network_file(options.model)) {
        refuse_ignored(command, {"--prompt", "--prompt-file", "--tokens", "--mode", "--streams", "--head"},
                       "with a network");
        refuse_ignored_sampling(command, options.sampling, "with a network");
        if (options.record.empty()) refuse_ignored(command, {"--probe"}, "without --record");
        options.network.network = options.model;
        return simulate_network(options.network, options.run, options.record, command);
    }
    refuse_ignored(command, network_options, "with a language model");
    const bool prefill = options.mode == "prefill";
    if (prefill) refuse_ignored(command, {"--tokens"}, "with --mode prefill");
    refuse_ignored_sampling(command, options.sampling,
                            prefill ? "with --mode prefill" : (options.tokens == 0 ? "with -n 0" : ""));
    simulate_model(options, command);
}

}  // namespace

void add_simulate_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("simulate", "Run a model on a simulated machine, event by event");
    add_model_options(*command, *options);
    add_options_of_networks(*command, *options);
    command->callback([options, command] { simulate(*options, *command); });
}

}  // namespace tephra::tools

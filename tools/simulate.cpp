// tephra simulate: runs a model on a simulated machine, event by event; prints its text and writes the run.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <iostream>
#include <memory>

#include "core/data_files.hpp"
#include "core/text.hpp"
#include "mapper/mapping.hpp"
#include "neuro/lower.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tools/command.hpp"
#include "tools/mapping_options.hpp"
#include "tools/outputs.hpp"
#include "tools/prompts.hpp"
#include "tools/sampling_options.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

constexpr int most_tokens = 1 << 24;  // of a stream

struct Options {
    std::string model, machine, map, output, trace;
    PromptOptions prompts;
    MappingChoice choice;
    std::string mode = "generate", sync = "barrier", noc = "contended";
    std::string format = "text";
    int tokens = 32;
    int streams = 1;
    int threads = default_threads();
    std::int64_t trace_mib = 64;
    SamplingOptions sampling;
};

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
    table.add({"chips with work", run.powered_chips, "of " + std::to_string(run.machine_chips)});
    const double elapsed = std::max(seconds(run.elapsed), 1e-15);
    const auto share = [&](Picoseconds part) { return 100 * seconds(part) / elapsed; };
    table.add({"critical path: cores", share(run.compute), "%"});
    table.add({"critical path: network", share(run.network), "%"});
    table.add({"critical path: barriers", share(run.barrier), "%"});
    table.add({"critical path: host", share(run.host), "%"});
    table.add({"packets sent by cores", total(run, EventKind::message_out), "packets"});
    table.add({"weights met by messages", total(run, EventKind::synop_ternary) + total(run, EventKind::synop_int8),
               "synops"});
    table.add({"messages saved because they were zero", total(run, EventKind::skipped), "messages"});
    return table;
}

/// The mapping that the options ask for, made or read.
Mapping mapping_of(const Options& options, const Program& program, const Machine& machine) {
    if (!options.map.empty()) {
        Mapping mapping = require(read_mapping(options.map));
        require(accept_mapping(program, machine, mapping, options.map));
        return mapping;
    }
    MapOptions map = map_options(options.choice);
    map.streams = options.streams;
    return require(map_program(program, machine, map));
}

void show_progress(std::int64_t left, std::int64_t all) {
    std::cerr << "\rsimulated " << left << " of " << all << " tokens" << (left == all ? "\n" : "") << std::flush;
}

void print_results(const Options& options, const Run& run, const Texts& texts) {
    if (options.format == "text" && !texts.live())
        for (std::size_t s = 0; s < texts.texts().size(); ++s)
            std::cout << "stream " << s << ": " << texts.texts()[s] << "\n"
                      << (s + 1 < texts.texts().size() ? "" : "\n");
    std::cout << summary(run).render(options.format);
}

void simulate_model(const Options& options) {
    Outputs outputs;
    for (const std::string& path : {options.model, options.map, options.prompts.file}) outputs.reads(path);
    outputs.reads(find_data_file("machines", "machine", options.machine).value_or(""));
    auto output = outputs.open("-o", options.output);
    auto trace = outputs.open("--trace", options.trace);
    const auto model = require(load_model(options.model));
    const Machine machine = require(find_machine(options.machine));
    const auto tokenizer = tokenizer_of(*model, options.model);
    const Tokenizer* known = tokenizer ? &*tokenizer : nullptr;
    const auto prompts = read_prompts(options.prompts, *model, options.model, known, options.streams);
    Sampler sampler = require(Sampler::create(settled(options.sampling), model->quantized.logits));
    const Program program = lower(model);
    const Mapping mapping = mapping_of(options, program, machine);
    TokenOptions run_options;
    run_options.mode = options.mode == "prefill" ? RunMode::prefill : RunMode::generate;
    run_options.sync = options.sync == "dataflow" ? SyncMode::dataflow : SyncMode::barrier;
    run_options.noc = options.noc == "ideal" ? NocMode::ideal : NocMode::contended;
    run_options.threads = options.threads;
    for (const Prompt& prompt : prompts) run_options.prompts.push_back(prompt.ids);
    run_options.new_tokens = run_options.mode == RunMode::prefill ? 0 : options.tokens;
    std::int64_t dropped = 0;
    run_options.trace = {trace ? &*trace : nullptr, options.trace_mib << 20, &dropped};
    Texts texts(known, prompts, options.format == "text");
    run_options.sample = [&](int stream, int position, std::span<const std::int32_t> logits) {
        const std::int32_t id =
            sampler.next(logits, static_cast<std::uint32_t>(stream), static_cast<std::uint64_t>(position) + 1);
        return id == model->graph.config.eos_token_id || !texts.add(stream, id) ? -1 : id;
    };
    const bool bar = isatty(STDERR_FILENO) != 0 && !(texts.live() && isatty(STDOUT_FILENO) != 0);
    if (bar) run_options.progress = show_progress;
    Run run = require(simulate_tokens(program, machine, mapping, run_options));
    if (!std::cout) return;  // the run ended early, since nobody could read its text; main says so
    if (trace) require(trace->commit());
    if (dropped > 0) spdlog::warn("{} events did not fit into the trace: it ends early (raise --trace-mib)", dropped);
    run.parameters = parameter_count(model->graph.config);
    run.seed = options.sampling.seed;
    run.text = texts.finish();
    if (output) finish(output, require(run_json(run)));
    print_results(options, run, texts);
}

void add_model_options(CLI::App& command, Options& options) {
    add_word(command, "model", options.model, "deployment file (.tph)")->required();
    add_word(command, "--machine", options.machine, "name of a machine that ships, or its JSON file")->required();
    auto* map = add_word(command, "--map", options.map, "mapping made by tephra map; made on the fly when absent");
    add_mapping_options(command, options.choice, map);
    add_prompt_options(command, options.prompts);
}

void add_run_options(CLI::App& command, Options& options) {
    add_integer(command, "-n,--tokens", options.tokens, 0, most_tokens,
                "tokens to generate a stream at most (generate mode)");
    add_choice(command, "--mode", options.mode, mode_names(), "generate, or prefill: the prompt alone, pipelined");
    add_choice(command, "--sync", options.sync, sync_names(), "barrier: global steps; dataflow: self-timed");
    add_choice(command, "--noc", options.noc, noc_names(), "ideal: latency only; contended: finite buffers and links");
    add_integer(command, "--streams", options.streams, 1, most_streams,
                "independent sequences in flight; prompts are given out to them in turn");
    add_threads(command, options.threads, "threads of the simulator; results do not depend on it");
    add_sampling_options(command, options.sampling);
    auto* trace = add_output(command, "--trace", options.trace, "write a timeline for ui.perfetto.dev (JSON)");
    add_integer(command, "--trace-mib", options.trace_mib, 1, 1024, "bound on its size")->needs(trace);
    add_output(command, "-o,--output", options.output, "write the run (JSON) for tephra report");
    add_format(command, options.format);
}

}  // namespace

void add_simulate_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("simulate", "Run a model on a simulated machine, event by event");
    add_model_options(*command, *options);
    add_run_options(*command, *options);
    command->callback([options, command] {
        const bool prefill = options->mode == "prefill";
        if (prefill) refuse_ignored(*command, {"--tokens"}, "with --mode prefill");
        refuse_ignored_sampling(*command, options->sampling,
                                prefill ? "with --mode prefill" : (options->tokens == 0 ? "with -n 0" : ""));
        simulate_model(*options);
    });
}

}  // namespace tephra::tools

// tephra simulate: runs a model on a simulated machine, event by event; prints its text and writes the run.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <thread>

#include "core/files.hpp"
#include "core/text.hpp"
#include "mapper/mapping.hpp"
#include "neuro/lower.hpp"
#include "neuro/sampling.hpp"
#include "neuro/tokenizer.hpp"
#include "simulator/simulate.hpp"
#include "tools/command.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

struct Options {
    std::string model, machine, map, output, trace;
    std::vector<std::string> prompts;
    std::string mode = "generate", sync = "barrier", noc = "contended", synapses, head = "chip";
    std::string format = "text";
    int tokens = 32;
    int streams = 1;
    int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    std::int64_t trace_mib = 64;
    SamplingOptions sampling;
};

Tokenizer tokenizer_of(const Deployment& model, const std::string& path) {
    if (model.tokenizer.empty())
        throw Failure{{ErrorCode::bad_input, "the model holds no tokenizer", path,
                       "synthetic models have none: give token ids as the prompt, like --prompt '#1 17 4'"}};
    Tokenizer tokenizer = require(Tokenizer::parse(model.tokenizer, path));
    require(tokenizer.check_vocabulary(model.graph.config, path));
    return tokenizer;
}

/// "#1 17 4": token ids, for models without a tokenizer.
std::vector<std::int32_t> parse_ids(const std::string& text) {
    std::vector<std::int32_t> ids;
    std::size_t at = 1;
    while (at < text.size()) {
        if (text[at] == ' ') {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && end - at < 9 && text[end] >= '0' && text[end] <= '9') ++end;
        if (end == at)
            throw Failure{{ErrorCode::usage, "'" + text + "' is not a list of token ids", "--prompt",
                           "write '#' and decimal ids with spaces between them"}};
        ids.push_back(std::stoi(text.substr(at, end - at)));
        at = end;
    }
    return ids;
}

/// Text of every stream; with one stream it is printed as it comes.
class Texts {
public:
    Texts(const Tokenizer* tokenizer, int streams, bool live) : live_(live && streams == 1) {
        texts_.resize(static_cast<std::size_t>(streams));
        if (tokenizer == nullptr) return;
        for (int s = 0; s < streams; ++s) decoders_.emplace_back(*tokenizer);
    }
    /// The prompt: only what follows it is text.
    void skip(int stream, std::span<const std::int32_t> ids) {
        if (decoders_.empty()) return;
        for (const std::int32_t id : ids) decoders_[static_cast<std::size_t>(stream)].next(id);
    }
    void add(int stream, std::int32_t id) {
        const auto s = static_cast<std::size_t>(stream);
        put(s, decoders_.empty() ? (texts_[s].empty() ? "" : " ") + std::to_string(id) : decoders_[s].next(id));
    }
    /// All texts, separated by form feeds.
    std::string finish() {
        std::string joined;
        for (std::size_t s = 0; s < texts_.size(); ++s) {
            if (!decoders_.empty()) put(s, decoders_[s].finish());
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
        if (live_) std::cout << text << std::flush;
    }
    std::vector<StreamingDecoder> decoders_;
    std::vector<std::string> texts_;
    bool live_;
};

/// Prompts as ids, one a stream; prompts given are used in turn.
/// bos: the model's begin token, -1 for none.
std::vector<std::vector<std::int32_t>> encode_prompts(const Options& options, const Tokenizer* tokenizer, int bos) {
    std::vector<std::vector<std::int32_t>> ids;
    for (int s = 0; s < options.streams; ++s) {
        const std::string& prompt = options.prompts[static_cast<std::size_t>(s) % options.prompts.size()];
        ids.push_back(tokenizer == nullptr ? parse_ids(prompt) : tokenizer->encode(prompt, bos));
    }
    return ids;
}

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

void simulate_model(const Options& options) {
    const auto model = require(load_model(options.model));
    const Machine machine = require(find_machine(options.machine));
    const bool ids_given = options.prompts[0].starts_with('#');
    std::unique_ptr<Tokenizer> tokenizer;
    if (!ids_given) tokenizer = std::make_unique<Tokenizer>(tokenizer_of(*model, options.model));
    Sampler sampler = require(Sampler::create(options.sampling, model->quantized.logits));
    const Program program = lower(model);
    MapOptions map_options;
    map_options.format = synapse_format_of(options.synapses);
    map_options.head_on_host = options.head == "host";
    map_options.streams = options.streams;
    const Mapping mapping =
        require(options.map.empty() ? map_program(program, machine, map_options) : read_mapping(options.map));

    SimulateOptions run_options;
    run_options.mode = options.mode == "prefill" ? RunMode::prefill : RunMode::generate;
    run_options.sync = options.sync == "dataflow" ? SyncMode::dataflow : SyncMode::barrier;
    run_options.noc = options.noc == "ideal" ? NocMode::ideal : NocMode::contended;
    run_options.threads = options.threads;
    run_options.prompts = encode_prompts(options, tokenizer.get(), model->graph.config.bos_token_id);
    run_options.new_tokens = run_options.mode == RunMode::prefill ? 0 : options.tokens;
    run_options.trace_path = options.trace;
    run_options.trace_bytes = options.trace_mib << 20;
    Texts texts(tokenizer.get(), options.streams, options.format == "text");
    for (int s = 0; s < options.streams; ++s) texts.skip(s, run_options.prompts[static_cast<std::size_t>(s)]);
    run_options.sample = [&](int stream, int position, std::span<const std::int32_t> logits) {
        const std::int32_t id =
            sampler.next(logits, static_cast<std::uint32_t>(stream), static_cast<std::uint64_t>(position) + 1);
        if (id == model->graph.config.eos_token_id) return -1;
        texts.add(stream, id);
        return id;
    };
    const bool bar = isatty(STDERR_FILENO) != 0 && !(texts.live() && isatty(STDOUT_FILENO) != 0);
    if (bar)
        run_options.progress = [](std::int64_t left, std::int64_t all) {
            std::cerr << "\rsimulated " << left << " of " << all << " tokens" << (left == all ? "\n" : "")
                      << std::flush;
        };
    Run run = require(simulate(program, machine, mapping, run_options));
    run.parameters = parameter_count(model->graph.config);
    run.seed = options.sampling.seed;
    run.text = texts.finish();
    if (!options.output.empty()) require(write_run(run, options.output));
    if (options.format == "text" && !texts.live())
        for (std::size_t s = 0; s < texts.texts().size(); ++s)
            std::cout << "stream " << s << ": " << texts.texts()[s] << "\n"
                      << (s + 1 < texts.texts().size() ? "" : "\n");
    std::cout << summary(run).render(options.format);
    if (!std::cout.flush()) throw Failure{{ErrorCode::bad_input, "cannot write to standard output", "", ""}};
}

void add_model_options(CLI::App& command, Options& options) {
    command.add_option("model", options.model, "deployment file (.tph)")->required();
    command.add_option("--machine", options.machine, "machine: a name that tephra knows, or a JSON file")->required();
    auto* map = command.add_option("--map", options.map, "mapping made by tephra map; made on the fly when absent");
    command
        .add_option("--synapses", options.synapses, "ternary2 (2 bits a weight) or int8; default: the machine's first")
        ->check(CLI::IsMember(synapse_format_names()))
        ->excludes(map);
    command.add_option("--head", options.head, "where the output projection runs: chip or host")
        ->check(CLI::IsMember({"chip", "host"}))
        ->excludes(map)
        ->capture_default_str();
    command
        .add_option("--prompt", options.prompts,
                    "text to continue, or '#' and token ids; several are dealt out to the streams")
        ->required();
}

void add_run_options(CLI::App& command, Options& options) {
    command.add_option("-n,--tokens", options.tokens, "tokens to generate a stream at most (generate mode)")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command.add_option("--mode", options.mode, "generate, or prefill: the prompt alone, pipelined")
        ->check(CLI::IsMember({"generate", "prefill"}))
        ->capture_default_str();
    command.add_option("--sync", options.sync, "barrier: global steps; dataflow: self-timed")
        ->check(CLI::IsMember({"barrier", "dataflow"}))
        ->capture_default_str();
    command.add_option("--noc", options.noc, "ideal: latency only; contended: finite buffers and links")
        ->check(CLI::IsMember({"ideal", "contended"}))
        ->capture_default_str();
    command.add_option("--streams", options.streams, "independent sequences in flight")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_option("--threads", options.threads, "threads of the simulator; results do not depend on it")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_flag("--greedy", options.sampling.greedy, "take the most likely token every time");
    command.add_option("--temperature", options.sampling.temperature, "divides the logits")->capture_default_str();
    command.add_option("--top-k", options.sampling.top_k, "sample from the k most likely tokens; 0: from all")
        ->capture_default_str();
    command.add_option("--top-p", options.sampling.top_p, "sample from the fewest tokens with this probability")
        ->capture_default_str();
    command.add_option("--seed", options.sampling.seed, "one seed gives one text on every machine")
        ->capture_default_str();
    auto* trace = command.add_option("--trace", options.trace, "write a timeline for ui.perfetto.dev (JSON)");
    command.add_option("--trace-mib", options.trace_mib, "bound on its size")
        ->check(CLI::Range(1, 1024))
        ->needs(trace)
        ->capture_default_str();
    command.add_option("-o,--output", options.output, "write the run (JSON) for tephra report");
    command.add_option("--format", options.format, "of the summary: text, json or csv")
        ->check(CLI::IsMember({"text", "json", "csv"}))
        ->capture_default_str();
}

}  // namespace

void add_simulate_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("simulate", "Run a model on a simulated machine, event by event");
    add_model_options(*command, *options);
    add_run_options(*command, *options);
    command->callback([options] { simulate_model(*options); });
}

}  // namespace tephra::tools

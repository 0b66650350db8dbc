// tephra generate: continues a text with the integer model, printing whole characters as they come.
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <thread>

#include "core/files.hpp"
#include "core/text.hpp"
#include "neuro/engine.hpp"
#include "neuro/sampling.hpp"
#include "neuro/tokenizer.hpp"
#include "tools/command.hpp"
#include "tools/engines.hpp"

namespace tephra::tools {
namespace {

struct Options {
    std::string model, prompt, prompt_file;
    std::string engine = "native";
    int tokens = 64;
    int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    SamplingOptions sampling;
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string read_prompt(const Options& options) {
    std::string prompt = options.prompt;
    if (!options.prompt_file.empty()) prompt = require(read_file(options.prompt_file));
    if (options.prompt == "-") prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
    if (prompt.empty())
        throw Failure{{ErrorCode::usage, "the prompt is empty",
                       options.prompt_file.empty() ? "--prompt" : "--prompt-file", "give some text to continue"}};
    return prompt;
}

Tokenizer tokenizer_of(const Deployment& model, const std::string& path) {
    if (model.tokenizer.empty())
        throw Failure{{ErrorCode::bad_input, "the model holds no tokenizer", path,
                       "synthetic models have none; import a checkpoint that has a tokenizer.model"}};
    Tokenizer tokenizer = require(Tokenizer::parse(model.tokenizer, path));
    require(tokenizer.check_vocabulary(model.graph.config, path));
    return tokenizer;
}

void print(const std::string& text) {
    if (text.empty()) return;
    std::cout << text << std::flush;
    if (!std::cout) throw Failure{{ErrorCode::bad_input, "cannot write to standard output", "", ""}};
}

std::string rate(std::size_t tokens, double seconds) {
    return std::to_string(tokens) + " tokens, " + fixed_text(static_cast<double>(tokens) / std::max(seconds, 1e-9), 1) +
           " tok/s";
}

void generate(const Options& options) {
    const std::string prompt = read_prompt(options);
    const auto model = require(load_model(options.model));
    Sampler sampler = require(Sampler::create(options.sampling, model->quantized.logits));
    const Tokenizer tokenizer = tokenizer_of(*model, options.model);
    const std::vector<std::int32_t> ids = tokenizer.encode(prompt, model->graph.config.bos_token_id);
    StreamingDecoder decoder(tokenizer);
    for (const std::int32_t id : ids) decoder.next(id);  // only what follows the prompt is printed

    const std::unique_ptr<Engine> engine =
        require_engine(options.engine, model, {.streams = 1, .threads = options.threads});
    std::vector<std::int32_t> logits(static_cast<std::size_t>(model->graph.config.vocab_size));
    const Clock::time_point prompt_start = Clock::now();
    require(engine->prefill(0, ids, Logits::last, logits));
    const double prompt_seconds = seconds_since(prompt_start);

    const Clock::time_point start = Clock::now();
    std::size_t count = 0;
    while (count < static_cast<std::size_t>(options.tokens)) {
        const std::int32_t id = sampler.next(logits, 0, ids.size() + count);
        if (id == model->graph.config.eos_token_id) break;
        print(decoder.next(id));
        if (++count < static_cast<std::size_t>(options.tokens)) require(engine->decode({&id, 1}, logits));
    }
    print(decoder.finish() + "\n");
    spdlog::info("prompt: {}; generated: {}", rate(ids.size(), prompt_seconds), rate(count, seconds_since(start)));
}

}  // namespace

void add_generate_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("generate", "Continue a text with the integer model");
    command->add_option("model", options->model, "deployment file (.tph)")->required();
    auto* prompt = command->add_option("--prompt", options->prompt, "text to continue; - reads standard input");
    command->add_option("--prompt-file", options->prompt_file, "file with the text to continue")->excludes(prompt);
    command->add_option("-n,--tokens", options->tokens, "tokens to generate at most; ends early at the end token")
        ->check(CLI::Range(0, 1 << 30))
        ->capture_default_str();
    command->add_flag("--greedy", options->sampling.greedy, "take the most likely token every time");
    command->add_option("--temperature", options->sampling.temperature, "divides the logits")->capture_default_str();
    command->add_option("--top-k", options->sampling.top_k, "sample from the k most likely tokens; 0: from all")
        ->capture_default_str();
    command->add_option("--top-p", options->sampling.top_p, "sample from the fewest tokens with this probability")
        ->capture_default_str();
    command->add_option("--seed", options->sampling.seed, "one seed gives one text on every machine")
        ->capture_default_str();
    command->add_option("--threads", options->threads, "threads of the native engine")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--engine", options->engine, "native, cuda or golden (slow; the definition)")
        ->check(CLI::IsMember({"native", "cuda", "golden"}))
        ->capture_default_str();
    command->callback([options] { generate(*options); });
}

}  // namespace tephra::tools

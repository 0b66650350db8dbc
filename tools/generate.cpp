// tephra generate: continues a text with the integer model, printing whole characters as they come.
#include <spdlog/spdlog.h>

#include <chrono>
#include <iostream>
#include <memory>

#include "core/text.hpp"
#include "neuro/lm/engine.hpp"
#include "tools/command.hpp"
#include "tools/engines.hpp"
#include "tools/prompts.hpp"
#include "tools/sampling_options.hpp"

namespace tephra::tools {
namespace {

constexpr int most_tokens = 1 << 30;

struct Options {
    std::string model;
    PromptOptions prompt;
    std::string engine = "native";
    int tokens = 64;
    int threads = default_threads();
    SamplingOptions sampling;
    FpgaOptions fpga;
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string count_text(std::size_t tokens) {
    return std::to_string(tokens) + (tokens == 1 ? " token" : " tokens");
}

/// Of the tokens that the engine took in so many seconds.
std::string rate(std::size_t tokens, double seconds) {
    if (tokens == 0) return "";
    return ", " + fixed_text(static_cast<double>(tokens) / std::max(seconds, 1e-9), 1) + " tok/s";
}

void generate(const Options& options) {
    const auto model = require(load_model(options.model));
    Sampler sampler = require(Sampler::create(settled(options.sampling), model->quantized.logits));
    const auto tokenizer = tokenizer_of(*model, options.model);
    const Tokenizer* known = tokenizer ? &*tokenizer : nullptr;
    const Prompt prompt = read_prompts(options.prompt, *model, options.model, known, 1).front();
    Continuation continuation(known, prompt);

    const std::unique_ptr<Engine> engine =
        require_engine(options.engine, model, {.streams = 1, .threads = options.threads}, options.fpga);
    std::vector<std::int32_t> logits(static_cast<std::size_t>(model->graph.config.vocab_size));
    const Clock::time_point prompt_start = Clock::now();
    require(engine->prefill(0, prompt.ids, Logits::last, logits));
    const double prompt_seconds = seconds_since(prompt_start);

    const Clock::time_point start = Clock::now();
    std::size_t count = 0, decoded = 0;  // the prompt brings the logits of the first token
    while (count < static_cast<std::size_t>(options.tokens)) {
        const std::int32_t id = sampler.next(logits, 0, prompt.ids.size() + count);
        if (id == model->graph.config.eos_token_id) break;
        std::cout << continuation.next(id) << std::flush;
        if (++count == static_cast<std::size_t>(options.tokens)) break;
        require(engine->decode({&id, 1}, logits));
        ++decoded;
    }
    std::cout << continuation.finish() << "\n" << std::flush;
    spdlog::info("prompt: {}{}; generated: {}{}", count_text(prompt.ids.size()),
                 rate(prompt.ids.size(), prompt_seconds), count_text(count), rate(decoded, seconds_since(start)));
}

}  // namespace

void add_generate_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("generate", "Continue a text with the integer model");
    add_word(*command, "model", options->model, "deployment file (.tph)")->required();
    add_prompt_options(*command, options->prompt);
    add_integer(*command, "-n,--tokens", options->tokens, 0, most_tokens,
                "tokens to generate at most; ends early at the end token");
    add_sampling_options(*command, options->sampling);
    add_threads(*command, options->threads, "threads of the engine");
    add_choice(*command, "--engine", options->engine, {"native", "cuda", "rtl", "fpga", "golden"},
               "native, cuda, rtl (the FPGA core, simulated), fpga (a board with it) or golden (slow; the definition)");
    add_rtl_options(*command, options->fpga);
    add_board_options(*command, options->fpga);
    command->callback([options, command] {
        if (options->engine == "golden" || options->engine == "rtl" || options->engine == "fpga")
            refuse_ignored(*command, {"--threads"}, "with --engine " + options->engine);
        check_fpga_options(*command, options->engine, options->fpga);
        refuse_ignored_sampling(*command, options->sampling, options->tokens == 0 ? "with -n 0" : "");
        generate(*options);
    });
}

}  // namespace tephra::tools

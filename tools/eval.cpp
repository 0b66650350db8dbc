// tephra eval: perplexity of a model on held-out text.
#include <iostream>
#include <memory>
#include <thread>

#include "core/text.hpp"
#include "neuro/perplexity.hpp"
#include "neuro/token_file.hpp"
#include "tools/command.hpp"
#include "tools/engines.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

struct Options {
    std::string model;
    std::string ids;
    std::string engine = "native";
    std::string format = "text";
    PerplexityOptions perplexity{
        .windows = 128, .length = 256, .threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))};
};

Result<Perplexity> score(const Options& options, const std::shared_ptr<const Deployment>& model,
                         std::span<const std::int32_t> ids) {
    if (options.engine == "float") return float_perplexity(model->graph, ids, options.perplexity);
    PerplexityOptions shared = options.perplexity;
    if (options.engine == "cuda") shared.threads = 1;  // one engine has the whole GPU
    const auto make = [&](std::shared_ptr<const Deployment> deployment, const EngineOptions& engine) {
        return require_engine(options.engine, std::move(deployment), engine);
    };
    return engine_perplexity(model, make, ids, shared);
}

void print_perplexity(const Options& options) {
    const auto model = require(load_model(options.model));
    const auto ids = require(read_token_file(options.ids, model->graph.config.vocab_size));
    const Perplexity result = require(score(options, model, ids));
    Table table({"model", "engine", "windows", "tokens", "loss", "perplexity"});
    const bool text = options.format == "text";
    table.add({model->graph.name, result.engine, result.windows, result.tokens,
               text ? Json(fixed_text(result.loss, 6)) : Json(result.loss),
               text ? Json(fixed_text(result.perplexity, 4)) : Json(result.perplexity)});
    std::cout << table.render(options.format);
}

}  // namespace

void add_eval_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("eval", "Measure perplexity on held-out text");
    command->add_option("model", options->model, "deployment file (.tph)")->required();
    command->add_option("--ids", options->ids, "token file (.u16) of the model's tokenizer")->required();
    command->add_option("--windows", options->perplexity.windows, "windows to score, each from the zero state")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--length", options->perplexity.length, "tokens of a window")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command
        ->add_option("--engine", options->engine,
                     "float (the reference), golden, native or cuda (the integer model; equal bits)")
        ->check(CLI::IsMember({"float", "golden", "native", "cuda"}))
        ->capture_default_str();
    command->add_option("--threads", options->perplexity.threads, "threads that share the windows")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--format", options->format, "text, json or csv")
        ->check(CLI::IsMember({"text", "json", "csv"}));
    command->callback([options] { print_perplexity(*options); });
}

}  // namespace tephra::tools

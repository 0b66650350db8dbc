// tephra eval: perplexity of a model on held-out text.
#include <iostream>
#include <memory>

#include "core/text.hpp"
#include "neuro/lm/perplexity.hpp"
#include "neuro/lm/token_file.hpp"
#include "tools/command.hpp"
#include "tools/engines.hpp"
#include "tools/options.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

constexpr int most_windows = 1 << 20;
constexpr int longest_window = 1 << 20;

struct Options {
    std::string model;
    std::string ids;
    std::string engine = "native";
    std::string format = "text";
    FpgaOptions fpga;
    PerplexityOptions perplexity{.windows = 128, .length = 256, .threads = default_threads()};
};

Result<Perplexity> score(const Options& options, const std::shared_ptr<const Deployment>& model,
                         std::span<const std::int32_t> ids) {
    if (options.engine == "float") return float_perplexity(model->graph, ids, options.perplexity);
    PerplexityOptions shared = options.perplexity;
    if (options.engine == "cuda") shared.threads = 1;  // one engine has the whole GPU
    const auto make = [&](std::shared_ptr<const Deployment> deployment, const EngineOptions& engine) {
        return require_engine(options.engine, std::move(deployment), engine, options.fpga);
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
    add_word(*command, "model", options->model, "deployment file (.tph)")->required();
    add_word(*command, "--ids", options->ids, "token file (.u16) of the model's tokenizer")->required();
    add_integer(*command, "--windows", options->perplexity.windows, 1, most_windows,
                "windows to score, each from the zero state");
    add_integer(*command, "--length", options->perplexity.length, 1, longest_window, "tokens of a window");
    add_scoring_engine(*command, options->engine, options->fpga);
    add_threads(*command, options->perplexity.threads, "threads that share the windows");
    add_format(*command, options->format);
    command->callback([options, command] {
        check_scoring_engine(*command, options->engine, options->fpga);
        print_perplexity(*options);
    });
}

}  // namespace tephra::tools

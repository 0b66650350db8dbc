// tephra score: how often a model prefers the right choice of multiple-choice questions, as lm-eval counts it.
#include <spdlog/spdlog.h>

#include <chrono>
#include <iostream>
#include <memory>

#include "core/text.hpp"
#include "neuro/lm/task.hpp"
#include "tools/command.hpp"
#include "tools/engines.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/prompts.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int most_questions = 1 << 30;

struct Options {
    std::string model;
    std::string task;
    int limit = most_questions;
    std::string engine = "native";
    std::string output;
    std::string format = "text";
    FpgaOptions fpga;
    LikelihoodOptions likelihood{.threads = default_threads()};
};

Result<Likelihoods> likelihoods(const Options& options, const std::shared_ptr<const Deployment>& model,
                                std::span<const TokenPair> pairs) {
    if (options.engine == "float") return float_likelihoods(model->graph, pairs, options.likelihood);
    LikelihoodOptions shared = options.likelihood;
    if (options.engine == "cuda") shared.threads = 1;  // one engine has the whole GPU
    const auto make = [&](std::shared_ptr<const Deployment> deployment, const EngineOptions& engine) {
        return require_engine(options.engine, std::move(deployment), engine, options.fpga);
    };
    return engine_likelihoods(model, make, pairs, shared);
}

/// Cell of a share or its error.
Json figure(std::optional<double> value, bool text) {
    if (!value) return nullptr;
    return text ? Json(fixed_text(*value, 4)) : Json(*value);
}

void print_score(const Options& options) {
    Outputs outputs;
    outputs.reads(options.model);
    outputs.reads(options.task);
    auto output = outputs.open("--output", options.output);
    const auto model = require(load_model(options.model));
    Task task = require(read_task_file(options.task));
    if (task.questions.size() > static_cast<std::size_t>(options.limit))
        task.questions.resize(static_cast<std::size_t>(options.limit));
    const auto tokenizer = tokenizer_of(*model, options.model);
    const std::vector<TokenPair> pairs =
        require(task_pairs(task, tokenizer ? &*tokenizer : nullptr, model->graph.config));
    const auto start = Clock::now();
    const Likelihoods result = require(likelihoods(options, model, pairs));
    const std::chrono::duration<double> taken = Clock::now() - start;
    const TaskScore score = grade(task, result.pairs);
    std::int64_t alone = 0;
    for (const TokenPair& pair : pairs) alone += std::ssize(pair.context) + std::ssize(pair.continuation) - 1;
    spdlog::info("{} tokens through the model, {} without shared contexts; {} tok/s", grouped(result.fed),
                 grouped(alone), grouped(static_cast<std::int64_t>(static_cast<double>(result.fed) / taken.count())));
    const bool text = options.format == "text";
    Table table(
        {"model", "engine", "questions", "choices", "tokens", "acc", "acc_stderr", "acc_norm", "acc_norm_stderr"});
    table.add({model->graph.name, result.engine, std::ssize(score.answers), score.choices, score.tokens,
               figure(score.acc.mean, text), figure(score.acc.error, text), figure(score.acc_norm.mean, text),
               figure(score.acc_norm.error, text)});
    finish(output, answers_text(score));
    std::cout << table.render(options.format);
}

}  // namespace

void add_score_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("score", "Answer multiple-choice questions, as lm-eval does zero-shot");
    add_word(*command, "model", options->model, "deployment file (.tph)")->required();
    add_word(*command, "task", options->task, "questions, one JSON object a line (TASK.jsonl)")->required();
    add_integer(*command, "--limit", options->limit, 1, most_questions, "questions to answer, from the first on")
        ->default_str("all");
    add_scoring_engine(*command, options->engine, options->fpga);
    add_threads(*command, options->likelihood.threads, "threads that share the questions");
    add_output(*command, "-o,--output", options->output, "likelihoods and answer of each question (.jsonl)");
    add_format(*command, options->format);
    command->callback([options, command] {
        check_scoring_engine(*command, options->engine, options->fpga);
        print_score(*options);
    });
}

}  // namespace tephra::tools

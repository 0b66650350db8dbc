// tephra measure: energy per token of a GPU, by its own counter, as a row that compare takes.
#include <spdlog/spdlog.h>

#include <ctime>
#include <iostream>
#include <memory>

#include "backends/measure.hpp"
#include "core/text.hpp"
#include "simulator/run.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

struct Options {
    std::string model, engine = "cuda", mode = "generate", output, format = "text";
    MeasureOptions measure;
};

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm date{};
    char text[16];
    return gmtime_r(&now, &date) != nullptr && std::strftime(text, sizeof text, "%Y-%m-%d", &date) > 0 ? text : "";
}

void print_measurement(Options options) {
    options.measure.prefill = options.mode == "prefill";
    Outputs outputs;
    outputs.reads(options.model);
    auto output = outputs.open("-o", options.output);
    if (shortened(options.measure)) spdlog::warn("shortened run: rows for comparison need {}", full_length());
    const auto model = require(load_model(options.model));
    const Measurement m = require(measure(model, options.measure));
    const Json row = baseline_row(m, options.measure, model->graph.name, today());
    const Json file =
        Json::Object{{"about", "Measured by tephra measure; see docs/validation.md."}, {"rows", Json::Array{row}}};
    finish(output, file.dump() + "\n");
    if (options.format == "json") {
        std::cout << Json(Json::Object{{"row", row}, {"measurement", measurement_json(m)}}).dump() << "\n";
        return;
    }
    if (!m.trials.empty() && options.format == "text") {
        Table trials({"batch tried", "tok/s", "gross mJ/token"});
        for (const BatchTrial& trial : m.trials)
            trials.add({trial.batch, fixed_text(trial.tokens_per_s, 1), fixed_text(trial.gross_mj, 4)});
        std::cout << trials.render("text") << "\n";
    }
    Table table({"model", "mode", "batch", "tok/s", "gross mJ/token", "net mJ/token", "W", "idle W", "idle W, context",
                 "MHz", "C", "spread %", "counter/samples"});
    const MeasuredWindow& last = m.windows.back();
    table.add({model->graph.name, options.mode, m.batch, fixed_text(m.tokens_per_s, 1), fixed_text(m.gross_mj, 4),
               fixed_text(m.net_mj, 4), fixed_text(m.watts, 1), fixed_text(m.idle_w, 1),
               fixed_text(m.idle_context_w, 1), last.clock_mhz, last.celsius, fixed_text(100 * m.spread, 2),
               fixed_text(m.counter_ratio, 4)});
    std::cout << table.render(options.format);
}

/// --batch N, or the word `best`.
void add_batch(CLI::App& command, MeasureOptions& measure) {
    const CLI::callback_t read = [&measure](const CLI::results_t& results) {
        measure.best = results.front() == "best";
        if (measure.best) return true;
        if (const std::string fault = read_integer<int>(results.front(), 1, most_batch, measure.batch); !fault.empty())
            throw CLI::ValidationError("--batch", fault + "; 'best' stands for the batch of the least energy a token");
        return true;
    };
    command
        .add_option("--batch", read,
                    "sequences at once (generate); best: the number up to " + std::to_string(most_batch) +
                        " of the least energy a token, searched for")
        ->type_name("INT|best")
        ->default_str(std::to_string(measure.batch));
}

}  // namespace

void add_measure_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->measure.threads = default_threads();
    CLI::App* command = app.add_subcommand("measure", "Measure speed and energy of a GPU by its energy counter");
    add_word(*command, "model", options->model, "deployment file (.tph)")->required();
    add_choice(*command, "--engine", options->engine, {"cuda"}, "cuda");
    add_choice(*command, "--mode", options->mode, mode_names(), "generate or prefill");
    MeasureOptions& measure = options->measure;
    add_batch(*command, measure);
    add_integer(*command, "--length", measure.length, 1, 1 << 20, "tokens of the prompt (prefill)");
    add_integer(*command, "--windows", measure.windows, 1, 1000, "windows to measure");
    add_number(*command, "--seconds", measure.window_s, 0.5, 3600, "length of a window");
    add_number(*command, "--warm-up", measure.warm_up_s, 0, 3600, "seconds of work before the first window");
    add_number(*command, "--idle", measure.idle_s, 0.5, 3600, "seconds of each of the two idle measurements");
    add_output(*command, "-o,--output", options->output, "baselines file to write the row to");
    add_format(*command, options->format);
    command->callback([options, command] {
        if (options->mode == "prefill") refuse_ignored(*command, {"--batch"}, "with --mode prefill");
        if (options->mode == "generate") refuse_ignored(*command, {"--length"}, "with --mode generate");
        print_measurement(*options);
    });
}

}  // namespace tephra::tools

// tephra measure: energy per token of a GPU, by its own counter, as a row that compare takes.
#include <spdlog/spdlog.h>

#include <ctime>
#include <iostream>
#include <memory>
#include <thread>

#include "backends/measure.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "tools/command.hpp"
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
    if (shortened(options.measure)) spdlog::warn("shortened run: rows for comparison need {}", full_length());
    const auto model = require(load_model(options.model));
    const Measurement m = require(measure(model, options.measure));
    const Json row = baseline_row(m, options.measure, model->graph.name, today());
    if (!options.output.empty()) {
        const Json file =
            Json::Object{{"about", "Measured by tephra measure; see docs/validation.md."}, {"rows", Json::Array{row}}};
        require(write_file(options.output, file.dump() + "\n"));
    }
    if (options.format == "json") {
        std::cout << Json(Json::Object{{"row", row}, {"measurement", measurement_json(m)}}).dump() << "\n";
        return;
    }
    Table table({"model", "mode", "batch", "tok/s", "gross mJ/token", "net mJ/token", "W", "idle W", "idle W, context",
                 "MHz", "C", "spread %", "counter/samples"});
    const MeasuredWindow& last = m.windows.back();
    table.add({model->graph.name, options.mode, options.measure.prefill ? 1 : options.measure.batch,
               fixed_text(m.tokens_per_s, 1), fixed_text(m.gross_mj, 4), fixed_text(m.net_mj, 4),
               fixed_text(m.watts, 1), fixed_text(m.idle_w, 1), fixed_text(m.idle_context_w, 1), last.clock_mhz,
               last.celsius, fixed_text(100 * m.spread, 2), fixed_text(m.counter_ratio, 4)});
    std::cout << table.render(options.format);
}

}  // namespace

void add_measure_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->measure.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    CLI::App* command = app.add_subcommand("measure", "Measure speed and energy of a GPU by its energy counter");
    command->add_option("model", options->model, "deployment file (.tph)")->required();
    command->add_option("--engine", options->engine, "cuda")->check(CLI::IsMember({"cuda"}))->capture_default_str();
    command->add_option("--mode", options->mode, "generate or prefill")
        ->check(CLI::IsMember({"generate", "prefill"}))
        ->capture_default_str();
    command->add_option("--batch", options->measure.batch, "sequences at once (generate)")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    command->add_option("--length", options->measure.length, "tokens of the prompt (prefill)")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    command->add_option("--windows", options->measure.windows, "windows to measure")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("--seconds", options->measure.window_s, "length of a window")
        ->check(CLI::Range(0.5, 3600.0))
        ->capture_default_str();
    command->add_option("--warm-up", options->measure.warm_up_s, "seconds of work before the first window")
        ->check(CLI::Range(0.0, 3600.0))
        ->capture_default_str();
    command->add_option("--idle", options->measure.idle_s, "seconds of each of the two idle measurements")
        ->check(CLI::Range(0.5, 3600.0))
        ->capture_default_str();
    command->add_option("-o,--output", options->output, "baselines file to write the row to");
    command->add_option("--format", options->format, "text, json or csv")
        ->check(CLI::IsMember({"text", "json", "csv"}));
    command->callback([options] { print_measurement(*options); });
}

}  // namespace tephra::tools

// tephra import: a Hugging Face checkpoint directory to a deployment file.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "core/text.hpp"
#include "neuro/checkpoint/import.hpp"
#include "neuro/deployment.hpp"
#include "tools/command.hpp"

namespace tephra::tools {
namespace {

struct Settings {
    std::string directory, out;
    ImportOptions options;
};

}  // namespace

void add_import_command(CLI::App& app) {
    auto settings = std::make_shared<Settings>();
    settings->options.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    CLI::App* command = app.add_subcommand("import", "Turn a checkpoint directory into a deployment file");
    command->add_option("directory", settings->directory, "Directory with config.json, safetensors, tokenizer.model")
        ->required();
    command->add_option("-o,--out", settings->out, "File to write (.tph)")->required();
    command->add_option("--calibrate", settings->options.calibration_path,
                        "Text, or token ids (*.u16), that fixed-point formats are chosen by; else a text that ships");
    command
        ->add_option("--calibration-tokens", settings->options.calibration_tokens,
                     "Tokens used at most; 0: as many as take some seconds")
        ->check(CLI::Range(0, 1 << 24))
        ->capture_default_str();
    command->add_option("--threads", settings->options.threads, "Threads of calibration")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    command->callback([settings] {
        require(import_checkpoint(settings->directory, settings->options, settings->out));
        const auto model = require(load_model(settings->out));
        spdlog::info("wrote {}: {} parameters, model {}", settings->out, parameter_count(model->graph.config),
                     to_string(model->hash));
    });
}

}  // namespace tephra::tools

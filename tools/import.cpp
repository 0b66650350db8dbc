// tephra import: a Hugging Face checkpoint directory to a deployment file.
#include <spdlog/spdlog.h>

#include <memory>

#include "core/text.hpp"
#include "neuro/checkpoint/import.hpp"
#include "neuro/deployment.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"

namespace tephra::tools {
namespace {

struct Settings {
    std::string directory, out;
    ImportOptions options;
};

}  // namespace

void add_import_command(CLI::App& app) {
    auto settings = std::make_shared<Settings>();
    settings->options.threads = default_threads();
    CLI::App* command = app.add_subcommand("import", "Turn a checkpoint directory into a deployment file");
    add_word(*command, "directory", settings->directory, "directory with config.json, safetensors, tokenizer.model")
        ->required();
    add_output(*command, "-o,--out", settings->out, "file to write (.tph)")->required();
    add_word(*command, "--calibrate", settings->options.calibration_path,
             "text, or token ids (*.u16), that fixed-point formats are chosen by; else a text that ships");
    add_integer(*command, "--calibration-tokens", settings->options.calibration_tokens, 0, 1 << 24,
                "tokens used at most; 0: as many as take some seconds");
    add_threads(*command, settings->options.threads, "threads of calibration");
    command->callback([settings] {
        Outputs outputs;
        outputs.reads(settings->directory);
        outputs.reads(settings->options.calibration_path);
        outputs.claim("-o", settings->out);  // import_checkpoint opens it
        require(import_checkpoint(settings->directory, settings->options, settings->out));
        const auto model = require(load_model(settings->out));
        spdlog::info("wrote {}: {} parameters, model {}", settings->out, parameter_count(model->graph.config),
                     to_string(model->hash));
    });
}

}  // namespace tephra::tools

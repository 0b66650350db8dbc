// tephra import: a Hugging Face checkpoint directory, or the file of a network, to a deployment file.
#include <spdlog/spdlog.h>

#include <memory>

#include "core/text.hpp"
#include "neuro/lm/checkpoint/import.hpp"
#include "neuro/lm/deployment.hpp"
#include "tools/command.hpp"
#include "tools/network_options.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"

namespace tephra::tools {
namespace {

struct Settings {
    std::string out;
    ImportOptions options;
    NetworkOptions source;  ///< NetworkOptions::network may be a directory
};

void import_model(const Settings& settings) {
    const std::string& directory = settings.source.network;
    Outputs outputs;
    outputs.reads(directory);
    outputs.reads(settings.options.calibration_path);
    outputs.claim("-o", settings.out);  // import_checkpoint opens it
    require(import_checkpoint(directory, settings.options, settings.out));
    const auto model = require(load_model(settings.out));
    spdlog::info("wrote {}: {} parameters, model {}", settings.out, parameter_count(model->graph.config),
                 to_string(model->hash));
}

void import_network(const Settings& settings, const CLI::App& command) {
    if (tph_kind(settings.source.network))
        throw Failure{{ErrorCode::bad_input, "this is a deployment file already", settings.source.network,
                       "give the .net or .nir file that it was made of"}};
    Outputs outputs;
    outputs.reads(settings.source.network);
    auto file = outputs.open("-o", settings.out);
    const spiking::NamedNetwork named = read_named_network(settings.source, command);
    require(spiking::write_network(named, *file));
    spdlog::info("wrote {}: {} layers, {} connections, network {}", settings.out, named.network.layers().size(),
                 named.network.connections().size(), to_string(named.hash));
}

}  // namespace

void add_import_command(CLI::App& app) {
    auto settings = std::make_shared<Settings>();
    settings->options.threads = default_threads();
    CLI::App* command = app.add_subcommand("import", "Turn a checkpoint or a network into a deployment file");
    add_word(*command, "source", settings->source.network,
             "directory with config.json, safetensors, tokenizer.model; or network (.net, .nir)")
        ->required();
    add_output(*command, "-o,--out", settings->out, "file to write (.tph)")->required();
    add_word(*command, "--calibrate", settings->options.calibration_path,
             "text, or token ids (*.u16), that fixed-point formats are chosen by; else a text that ships");
    add_integer(*command, "--calibration-tokens", settings->options.calibration_tokens, 0, 1 << 24,
                "tokens used at most; 0: as many as take some seconds");
    add_threads(*command, settings->options.threads, "threads of calibration");
    add_network_options(*command, settings->source);
    command->callback([settings, command] {
        if (is_network_file(settings->source.network)) {
            refuse_ignored(*command, {"--calibrate", "--calibration-tokens", "--threads"}, "with a network");
            return import_network(*settings, *command);
        }
        refuse_network_options(*command, "with a checkpoint");
        import_model(*settings);
    });
}

}  // namespace tephra::tools

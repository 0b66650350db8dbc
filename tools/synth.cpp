// tephra synth: a model file of a published or given shape with random ternary weights.
#include <spdlog/spdlog.h>

#include <cstdint>
#include <memory>

#include "core/files.hpp"
#include "core/text.hpp"
#include "neuro/lm/synth.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"

namespace tephra::tools {
namespace {

struct Settings {
    std::string preset, out;
    std::uint64_t seed = 0;
    int hidden = 0, layers = 0, intermediate = 0, vocab = 0;
    int calibration_tokens = 32;
    int threads = 1;
};

SynthOptions options_of(const Settings& settings) {
    SynthOptions options = require(
        synth_options_of({settings.preset, settings.hidden, settings.layers, settings.intermediate, settings.vocab}));
    options.seed = settings.seed;
    options.calibration_tokens = settings.calibration_tokens;
    options.threads = settings.threads;
    return options;
}

}  // namespace

void add_synth_command(CLI::App& app) {
    auto settings = std::make_shared<Settings>();
    settings->threads = default_threads();
    CLI::App* command = app.add_subcommand("synth", "Write a model of a given shape with random ternary weights");
    add_word(*command, "--preset", settings->preset, "mmfree-370m, mmfree-1.3b or mmfree-2.7b");
    add_integer(*command, "--hidden", settings->hidden, 1, max_vector, "width d; overrides the preset's");
    add_integer(*command, "--layers", settings->layers, 1, max_layers, "blocks L");
    add_integer(*command, "--intermediate", settings->intermediate, 1, max_vector,
                "width f of the channel mixer; without a preset 8/3 of d, rounded up to a multiple of 256");
    add_integer(*command, "--vocab", settings->vocab, 1, max_vocabulary, "vocabulary V; without a preset 4096");
    add_integer(*command, "--seed", settings->seed, 0, UINT64_MAX, "seed of the weights");
    add_integer(*command, "--calibration-tokens", settings->calibration_tokens, 1, 1 << 20,
                "random ids that formats are chosen by");
    add_threads(*command, settings->threads, "threads of calibration");
    add_output(*command, "-o,--out", settings->out, "file to write (.tph)")->required();
    command->callback([settings, command] {
        if (settings->hidden > 0 && settings->layers > 0 && settings->intermediate > 0 && settings->vocab > 0)
            refuse_ignored(*command, {"--preset"}, "with --hidden, --layers, --intermediate and --vocab");
        const SynthOptions options = options_of(*settings);
        Outputs().claim("-o", settings->out);  // write_synthetic_model opens it
        require(write_synthetic_model(options, settings->out));
        const auto bytes = require(MappedFile::open(settings->out)).bytes().size();
        spdlog::info("wrote {}: {} parameters, {}", settings->out, parameter_count(options.config), bytes_text(bytes));
    });
}

}  // namespace tephra::tools

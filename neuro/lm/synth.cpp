#include "neuro/lm/synth.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/json.hpp"
#include "core/partial_files.hpp"
#include "core/philox.hpp"
#include "core/text.hpp"
#include "neuro/lm/model_source.hpp"

namespace tephra {
namespace {

/// Streams of the random numbers; matrices follow from `matrices` on, norms from `norms` on.
enum Stream : std::uint32_t { embeddings = 0, bounds = 1, calibration = 2, norms = 1U << 20, matrices = 1U << 24 };

struct Preset {
    const char* name;
    int hidden, layers, intermediate;
};
/// intermediate = 256 ceil(int(8/3 hidden) / 256), the published rule for hidden_ratio 4.
constexpr std::array<Preset, 3> presets = {
    {{"mmfree-370m", 1024, 24, 2816}, {"mmfree-1.3b", 2048, 24, 5632}, {"mmfree-2.7b", 2560, 32, 6912}}};

/// Uniform in [low, high).
float uniform(std::uint32_t word, double low, double high) {
    return static_cast<float>(low + (high - low) * unit_interval(word));
}

class SyntheticSource : public ModelSource {
public:
    explicit SyntheticSource(const SynthOptions& options) : seed_(options.seed) {
        head_.config = options.config;
        head_.embedding_type = FloatType::bf16;
        head_.name = options.name;
        head_.origin = Json(Json::Object{{"tool", "tephra " TEPHRA_VERSION},
                                         {"command", "synth"},
                                         {"seed", Json(std::to_string(options.seed))},
                                         {"calibration_tokens", options.calibration_tokens}})
                           .dump(-1);
    }
    [[nodiscard]] const TphHead& head() const override { return head_; }

    Result<void> embeddings(const ByteSink& sink) override {
        std::vector<std::uint16_t> row(static_cast<std::size_t>(head_.config.hidden_size));
        for (int r = 0; r < head_.config.vocab_size; ++r) {
            for (std::size_t c = 0; c < row.size(); ++c) {
                const auto words = random_words(seed_, Stream::embeddings, static_cast<std::uint64_t>(r),
                                                static_cast<std::uint32_t>(c / 4));
                const auto bits = std::bit_cast<std::uint32_t>(uniform(words[c % 4], -1.5, 1.5));
                row[c] = static_cast<std::uint16_t>(bits >> 16);
            }
            if (auto put = sink(std::as_bytes(std::span(row))); !put) return put;
        }
        return {};
    }

    Result<double> weights(const WeightTensor& tensor, const ByteSink& sink) override {
        const std::uint32_t stream = Stream::matrices + matrix_++;
        std::vector<std::int8_t> row(static_cast<std::size_t>(tensor.cols));
        std::vector<std::uint8_t> packed(static_cast<std::size_t>(ternary_row_bytes(tensor.cols)));
        for (int r = 0; r < tensor.rows; ++r) {
            random_row(stream, static_cast<std::uint64_t>(r), row);
            pack_ternary_row(row, packed);
            if (auto put = sink(std::as_bytes(std::span(packed))); !put) return tl::unexpected(put.error());
        }
        const bool head = tensor.name == "lm_head.weight";
        const double deviation = head ? 3.0 : 1.5;  // of the outputs, for inputs of mean square 1
        return deviation / std::sqrt(nonzero_fraction * tensor.cols);
    }

    Result<void> norm(const NormTensor&, std::span<float> out) override {
        fill(Stream::norms + norm_++, 0.5, 1.5, out);
        return {};
    }
    Result<void> lower_bounds(std::span<float> out) override {
        fill(Stream::bounds, -1, 1, out);
        return {};
    }

private:
    static constexpr int zero_bytes = 88;  ///< of 256 values of a random byte give a zero weight: 34 %
    static constexpr double nonzero_fraction = 1 - zero_bytes / 256.0;

    void random_row(std::uint32_t stream, std::uint64_t row, std::span<std::int8_t> out) const {
        for (std::size_t first = 0; first < out.size(); first += 16) {
            const auto bytes = std::bit_cast<std::array<std::uint8_t, 16>>(
                random_words(seed_, stream, row, static_cast<std::uint32_t>(first / 16)));
            const std::size_t count = std::min<std::size_t>(16, out.size() - first);
            for (std::size_t k = 0; k < count; ++k)
                out[first + k] = static_cast<std::int8_t>((bytes[k] >= zero_bytes ? 1 : 0) -
                                                          (bytes[k] >= (256 + zero_bytes) / 2 ? 2 : 0));
        }
    }
    void fill(std::uint32_t stream, double low, double high, std::span<float> out) const {
        for (std::size_t k = 0; k < out.size(); ++k)
            out[k] = uniform(random_words(seed_, stream, k / 4, 0)[k % 4], low, high);
    }
    std::uint64_t seed_;
    TphHead head_;
    std::uint32_t matrix_ = 0, norm_ = 0;
};

/// An empty file in the system's folder of temporaries, removed at the end, also by a signal that ends the process and
/// when a call is stopped.
class TemporaryFile {
public:
    static Result<TemporaryFile> create() {
        std::string path = (std::filesystem::temp_directory_path() / "tephra-XXXXXX").string();
        const int fd = ::mkstemp(path.data());
        if (fd < 0)
            return bad_input("cannot create a temporary file", path, "set TMPDIR to a folder that can be written");
        ::close(fd);
        return TemporaryFile(std::move(path));
    }
    TemporaryFile(TemporaryFile&& other) noexcept
        : path_(std::move(other.path_)), partial_(std::exchange(other.partial_, nullptr)) {}
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (partial_ == nullptr) return;
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
        forget_partial_file(partial_);
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    explicit TemporaryFile(std::string path) : path_(std::move(path)), partial_(add_partial_file(path_)) {}
    std::string path_;
    PartialFile* partial_;
};

}  // namespace

Result<SynthOptions> synth_preset(const std::string& name) {
    std::vector<std::string> names;
    for (const Preset& preset : presets) {
        if (name == preset.name) {
            SynthOptions options = synth_shape(preset.hidden, preset.layers, preset.intermediate, 32000);
            options.name = name;
            return options;
        }
        names.emplace_back(preset.name);
    }
    const std::string nearest = nearest_name(name, names);
    return fail(ErrorCode::usage, "unknown preset \"" + name + "\"", "--preset",
                nearest.empty() ? "mmfree-370m, mmfree-1.3b or mmfree-2.7b" : "did you mean " + nearest + "?");
}

SynthOptions synth_shape(int hidden, int layers, int intermediate, int vocab, std::uint64_t seed) {
    SynthOptions options;
    options.seed = seed;
    options.config.hidden_size = hidden;
    options.config.num_layers = layers;
    options.config.intermediate_size = intermediate;
    options.config.vocab_size = vocab;
    options.config.rms_norm_eps = 1e-6;
    options.config.bos_token_id = vocab > 2 ? 1 : -1;
    options.config.eos_token_id = vocab > 2 ? 2 : -1;
    return options;
}

Result<SynthOptions> synth_options_of(const SynthShape& shape) {
    SynthOptions options;
    if (!shape.preset.empty()) {
        auto preset = synth_preset(shape.preset);
        if (!preset) return preset;
        options = std::move(*preset);
    } else {
        if (shape.hidden == 0 || shape.layers == 0)
            return fail(ErrorCode::usage, "no shape given", "synth",
                        "give a preset, or hidden and layers (and intermediate, vocab)");
        options = synth_shape(shape.hidden, shape.layers, 256 * ((shape.hidden * 8 / 3 + 255) / 256), 4096);
    }
    const std::int64_t named = parameter_count(options.config);
    ModelConfig& c = options.config;
    if (shape.hidden > 0) c.hidden_size = shape.hidden;
    if (shape.layers > 0) c.num_layers = shape.layers;
    if (shape.intermediate > 0) c.intermediate_size = shape.intermediate;
    if (shape.vocab > 0) c.vocab_size = shape.vocab;
    // The special tokens follow from the vocabulary.
    c = synth_shape(c.hidden_size, c.num_layers, c.intermediate_size, c.vocab_size).config;
    if (parameter_count(c) != named) options.name = SynthOptions().name;  // no longer the preset's shape
    return options;
}

Result<void> write_synthetic_model(const SynthOptions& options, const std::string& path) {
    if (options.calibration_tokens < 1)
        return bad_input(std::to_string(options.calibration_tokens) + " calibration tokens", path, "use at least one");
    if (auto good = check_config(options.config, path); !good) return good;
    SyntheticSource source(options);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(options.calibration_tokens));
    for (std::size_t k = 0; k < ids.size(); ++k) {
        const auto word = std::uint64_t{random_words(options.seed, Stream::calibration, k, 0)[0]};
        ids[k] = static_cast<std::int32_t>(word * static_cast<std::uint64_t>(options.config.vocab_size) >> 32);
    }
    return write_model(source, ids, options.threads, path);
}

Result<std::shared_ptr<const Deployment>> make_synthetic_model(const SynthOptions& options) {
    auto file = TemporaryFile::create();
    if (!file) return tl::unexpected(file.error());
    auto written = write_synthetic_model(options, file->path());
    return written ? load_model(file->path()) : tl::unexpected(written.error());
}

std::shared_ptr<const Deployment> make_blank_model(const SynthOptions& options) {
    assert(check_config(options.config, options.name));
    const ModelConfig& config = options.config;
    const int d = config.hidden_size;
    const int f = config.intermediate_size;
    const auto bytes = [](int rows, int cols) { return static_cast<std::size_t>(rows * ternary_row_bytes(cols)); };
    const auto zeros = std::make_shared<std::vector<std::uint8_t>>(
        std::max({bytes(config.vocab_size, d), bytes(2 * f, d), bytes(d, f)}));
    const auto matrix = [&](int rows, int cols) {
        return BitLinear{{}, {rows, cols, std::span(*zeros).first(bytes(rows, cols)), 1.0}};
    };
    const auto norm = [](int size, int outputs) {
        NormParameters parameters;
        parameters.size = size;
        parameters.outputs = outputs;
        return parameters;
    };
    auto model = std::make_shared<Deployment>();
    model->graph.config = config;
    model->graph.name = options.name;
    model->graph.storage = zeros;
    model->graph.lm_head = matrix(config.vocab_size, d);
    model->quantized.head_norm = norm(d, 1);
    for (int l = 0; l < config.num_layers; ++l) {
        model->graph.blocks.push_back(
            {{}, matrix(d, d), matrix(d, d), matrix(d, d), {}, matrix(d, d), {}, matrix(2 * f, d), matrix(d, f)});
        QuantizedBlock block;
        block.token_norm = norm(d, 3);
        block.output_norm = norm(d, 1);
        block.output_norm.second_epsilon = to_scale(1);  // the record carries the sum of g^2, too
        block.channel_norm = norm(d, 1);
        block.down_norm = norm(f, 1);
        model->quantized.blocks.push_back(block);
    }
    model->hash = hash128(std::to_string(d) + " " + std::to_string(f) + " " + std::to_string(config.num_layers) + " " +
                          std::to_string(config.vocab_size));
    return model;
}

}  // namespace tephra

#include "neuro/lm/checkpoint/import.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "core/files.hpp"
#include "core/hash.hpp"
#include "neuro/lm/checkpoint/config.hpp"
#include "neuro/lm/checkpoint/tensor_store.hpp"
#include "neuro/lm/checkpoint/ternarize.hpp"
#include "neuro/lm/model_source.hpp"
#include "neuro/lm/token_file.hpp"
#include "neuro/lm/tokenizer.hpp"

namespace tephra {
namespace {

constexpr std::size_t piece_bytes = 4 << 20;  ///< read at a time

/// Calls use(bytes) for consecutive pieces of a tensor, each a whole number of rows of `row_bytes`.
template <typename Use>
Result<void> for_pieces(const TensorStore::Found& found, std::size_t row_bytes, const Use& use) {
    const std::size_t step = std::max(row_bytes, piece_bytes / row_bytes * row_bytes);
    std::vector<std::byte> buffer(std::min<std::size_t>(step, found.tensor->bytes));
    for (std::uint64_t first = 0; first < found.tensor->bytes; first += buffer.size()) {
        buffer.resize(std::min<std::uint64_t>(step, found.tensor->bytes - first));
        if (auto read = found.file->read(*found.tensor, first, buffer); !read) return read;
        const auto not_finite = first_not_finite(found.tensor->type, buffer);
        if (not_finite)
            return bad_input(
                "tensor \"" + found.tensor->name + "\" holds infinity or NaN",
                found.file->path() + " byte " +
                    std::to_string(found.tensor->offset + first + *not_finite * element_bytes(found.tensor->type)),
                "the checkpoint is damaged or its training diverged");
        if (auto used = use(std::span<const std::byte>(buffer)); !used) return used;
    }
    return {};
}

class CheckpointSource : public ModelSource {
public:
    CheckpointSource(TensorStore store, TphHead head) : store_(std::move(store)), head_(std::move(head)) {}
    [[nodiscard]] const TphHead& head() const override { return head_; }

    Result<void> embeddings(const ByteSink& sink) override {
        auto found = find(embeddings_name, {head_.config.vocab_size, head_.config.hidden_size});
        if (!found) return tl::unexpected(found.error());
        return for_pieces(*found, element_bytes(found->tensor->type), sink);
    }

    Result<double> weights(const WeightTensor& tensor, const ByteSink& sink) override {
        const bool tied = head_.config.tied_embeddings && tensor.name == "lm_head.weight";
        auto found = find(tied ? embeddings_name : tensor.name, {tensor.rows, tensor.cols});
        if (!found) return tl::unexpected(found.error());
        const FloatType type = found->tensor->type;
        const auto cols = static_cast<std::size_t>(tensor.cols);
        std::vector<float> values;
        const auto widened = [&](std::span<const std::byte> bytes) {
            values.resize(bytes.size() / element_bytes(type));
            widen(type, bytes, values);
            return std::span<const float>(values);
        };
        double sum = 0;
        auto done = for_pieces(*found, cols * element_bytes(type), [&](std::span<const std::byte> bytes) {
            sum += absolute_sum(widened(bytes));
            return Result<void>{};
        });
        if (!done) return tl::unexpected(done.error());
        const double scale = ternary_scale(sum, static_cast<double>(tensor.rows) * tensor.cols);
        const float threshold = ternary_threshold(scale);
        std::vector<std::int8_t> row(cols);
        std::vector<std::uint8_t> packed(static_cast<std::size_t>(ternary_row_bytes(tensor.cols)));
        done = for_pieces(*found, cols * element_bytes(type), [&](std::span<const std::byte> bytes) {
            for (auto rest = widened(bytes); !rest.empty(); rest = rest.subspan(cols)) {
                ternarize(rest.first(cols), threshold, row);
                pack_ternary_row(row, packed);
                if (auto put = sink(std::as_bytes(std::span(packed))); !put) return put;
            }
            return Result<void>{};
        });
        if (!done) return tl::unexpected(done.error());
        return scale;
    }

    Result<void> norm(const NormTensor& tensor, std::span<float> out) override {
        return floats(tensor.name, {tensor.size}, out);
    }
    Result<void> lower_bounds(std::span<float> out) override {
        return floats(lower_bounds_name, {head_.config.num_layers, head_.config.hidden_size}, out);
    }

    /// Every tensor of the checkpoint must be one that the architecture has.
    [[nodiscard]] Result<void> refuse_unknown_tensors() const {
        LayerGraph shapes;
        shapes.config = head_.config;
        shapes.blocks.resize(static_cast<std::size_t>(shapes.config.num_layers));
        std::set<std::string> known = {embeddings_name};
        if (shapes.config.use_lower_bound) known.insert(lower_bounds_name);
        for (const NormTensor& tensor : norm_tensors(shapes)) known.insert(tensor.name);
        for (const WeightTensor& tensor : weight_tensors(shapes)) known.insert(tensor.name);
        for (const std::string& name : store_.names())
            if (known.find(name) == known.end())
                return bad_input("tensor \"" + name + "\" has no place in this architecture", store_.directory(),
                                 "config.json and weights belong to different models");
        return {};
    }

private:
    [[nodiscard]] Result<TensorStore::Found> find(const std::string& name,
                                                  const std::vector<std::int64_t>& shape) const {
        return store_.find(name, shape);
    }
    Result<void> floats(const std::string& name, const std::vector<std::int64_t>& shape, std::span<float> out) const {
        auto found = find(name, shape);
        if (!found) return tl::unexpected(found.error());
        const std::size_t width = element_bytes(found->tensor->type);
        return for_pieces(*found, width, [&](std::span<const std::byte> bytes) {
            widen(found->tensor->type, bytes, out.first(bytes.size() / width));
            out = out.subspan(bytes.size() / width);
            return Result<void>{};
        });
    }
    TensorStore store_;
    TphHead head_;
};

/// Ids to calibrate on: some seconds of the float model, at least one window's quarter.
std::size_t default_calibration_tokens(const ModelConfig& config) {
    constexpr std::int64_t parameter_tokens = 100'000'000'000;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(parameter_tokens / parameter_count(config), 64, 16384));
}

Result<std::vector<std::int32_t>> calibration_ids(const ImportOptions& options, const Tokenizer& tokenizer,
                                                  const ModelConfig& config) {
    const std::string& path = options.calibration_path;
    if (options.calibration_tokens < 0)
        return bad_input(std::to_string(options.calibration_tokens) + " calibration tokens", "calibration tokens",
                         "0 takes as many as need some seconds");
    std::vector<std::int32_t> ids;
    if (path.ends_with(".u16")) {
        auto read = read_token_file(path, config.vocab_size);
        if (!read) return read;
        ids = std::move(*read);
    } else if (path.empty()) {
        ids = tokenizer.encode(calibration_text(), config.bos_token_id);
    } else {
        const auto text = read_file(path);
        if (!text) return tl::unexpected(text.error());
        ids = tokenizer.encode(*text, config.bos_token_id);
    }
    const std::size_t limit = options.calibration_tokens > 0 ? static_cast<std::size_t>(options.calibration_tokens)
                                                             : default_calibration_tokens(config);
    if (ids.size() > limit) ids.resize(limit);
    if (ids.size() < 2) return bad_input("no text to calibrate on", path, "give some paragraphs of text");
    return ids;
}

/// Last component of the directory's path.
std::string name_of(const std::string& directory) {
    std::error_code ignored;
    const auto path = std::filesystem::weakly_canonical(directory, ignored);
    return path.filename().empty() ? "model" : path.filename().string();
}

std::string origin_of(std::span<const std::int32_t> ids) {
    return Json(Json::Object{{"tool", "tephra " TEPHRA_VERSION},
                             {"command", "import"},
                             {"calibration_tokens", static_cast<std::int64_t>(ids.size())},
                             {"calibration_hash", to_string(hash128(std::as_bytes(ids)))}})
        .dump(-1);
}

}  // namespace

Result<void> import_checkpoint(const std::string& directory, const ImportOptions& options, const std::string& path) {
    std::error_code unknown;
    if (std::filesystem::is_regular_file(directory, unknown))
        return bad_input("not a directory", directory,
                         "give the directory of a checkpoint, or an HDF5 file of NIR or NetX; a .tph needs no import");
    auto json = read_json_file(directory + "/config.json");
    if (!json) return tl::unexpected(json.error());
    auto config = parse_config(*json, directory + "/config.json");
    if (!config) return tl::unexpected(config.error());
    const std::string tokenizer_path = directory + "/tokenizer.model";
    auto serialized = read_file(tokenizer_path);
    if (!serialized) return tl::unexpected(serialized.error());
    auto tokenizer = Tokenizer::parse(*serialized, tokenizer_path);
    if (!tokenizer) return tl::unexpected(tokenizer.error());
    if (auto same = tokenizer->check_vocabulary(*config, tokenizer_path); !same) return same;
    auto ids = calibration_ids(options, *tokenizer, *config);
    if (!ids) return tl::unexpected(ids.error());
    auto store = TensorStore::open(directory);
    if (!store) return tl::unexpected(store.error());
    auto embeddings = store->find(embeddings_name, {config->vocab_size, config->hidden_size});
    if (!embeddings) return tl::unexpected(embeddings.error());
    CheckpointSource source(std::move(*store), TphHead{*config, embeddings->tensor->type, name_of(directory),
                                                       origin_of(*ids), std::move(*serialized)});
    if (auto known = source.refuse_unknown_tensors(); !known) return known;
    return write_model(source, *ids, options.threads, path);
}

}  // namespace tephra

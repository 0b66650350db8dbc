#pragma once
// A small checkpoint directory with random latent weights, and the means to damage it.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "core/philox.hpp"
#include "neuro/lm/deployment.hpp"
#include "neuro/lm/tensors.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

/// One safetensors file: tensors in order, with whatever header a test wants to tell.
struct FakeTensor {
    std::string name, dtype;
    std::vector<std::int64_t> shape;
    std::string bytes;
};

inline std::string safetensors_file(const std::vector<FakeTensor>& tensors) {
    Json::Object header;
    std::int64_t offset = 0;
    std::string data;
    for (const FakeTensor& tensor : tensors) {
        Json::Array shape;
        for (const auto extent : tensor.shape) shape.emplace_back(extent);
        const auto end = offset + static_cast<std::int64_t>(tensor.bytes.size());
        header.emplace_back(tensor.name, Json::Object{{"dtype", tensor.dtype},
                                                      {"shape", std::move(shape)},
                                                      {"data_offsets", Json::Array{offset, end}}});
        offset = end;
        data += tensor.bytes;
    }
    const std::string text = Json(std::move(header)).dump(-1);
    ByteWriter length;
    length.put<std::uint64_t>(text.size());
    return length.bytes() + text + data;
}

/// Tensors of a model of this configuration, values in (-1, 1), dtypes in turn BF16, F16 and F32.
class FakeCheckpoint {
public:
    FakeCheckpoint() : FakeCheckpoint(default_config()) {}
    explicit FakeCheckpoint(const ModelConfig& model) : config(model) {
        LayerGraph graph;
        graph.config = model;
        graph.blocks.resize(static_cast<std::size_t>(model.num_layers));
        add(embeddings_name, {model.vocab_size, model.hidden_size});
        if (model.use_lower_bound) add(lower_bounds_name, {model.num_layers, model.hidden_size});
        for (const NormTensor& tensor : norm_tensors(graph)) add(tensor.name, {tensor.size});
        for (const WeightTensor& tensor : weight_tensors(graph))
            if (!model.tied_embeddings || tensor.name != "lm_head.weight") add(tensor.name, {tensor.rows, tensor.cols});
        tokenizer = load_model(TEPHRA_MODELS "/mmf-7m.tph").value()->tokenizer;
    }
    static ModelConfig default_config() {
        ModelConfig config;
        config.vocab_size = 4096;
        config.hidden_size = 20;
        config.num_layers = 2;
        config.intermediate_size = 36;
        return config;
    }
    FakeTensor& tensor(const std::string& name) {
        for (FakeTensor& candidate : tensors)
            if (candidate.name == name) return candidate;
        FAIL("no tensor " << name);
        return tensors.front();
    }
    [[nodiscard]] Json config_json() const {
        return Json::Object{{"model_type", "hgrn_bit"},
                            {"vocab_size", config.vocab_size},
                            {"hidden_size", config.hidden_size},
                            {"num_hidden_layers", config.num_layers},
                            {"intermediate_size", config.intermediate_size},
                            {"use_lower_bound", config.use_lower_bound},
                            {"tie_word_embeddings", config.tied_embeddings}};
    }
    /// Writes the directory with one weights file.
    void write(const std::string& directory) const {
        write_frame(directory);
        REQUIRE(write_file(directory + "/model.safetensors", safetensors_file(tensors)));
    }
    /// Writes two shards and an index.
    void write_shards(const std::string& directory) const {
        write_frame(directory);
        const auto middle = tensors.begin() + static_cast<std::ptrdiff_t>(tensors.size() / 2);
        const std::vector<FakeTensor> shards[2] = {{tensors.begin(), middle}, {middle, tensors.end()}};
        Json::Object weight_map;
        for (int s = 0; s < 2; ++s) {
            const std::string name = "model-0000" + std::to_string(s + 1) + "-of-00002.safetensors";
            REQUIRE(write_file(directory + "/" + name, safetensors_file(shards[s])));
            for (const FakeTensor& tensor : shards[s]) weight_map.emplace_back(tensor.name, name);
        }
        const Json index = Json::Object{{"metadata", Json::Object{}}, {"weight_map", std::move(weight_map)}};
        REQUIRE(write_file(directory + "/model.safetensors.index.json", index.dump()));
    }

    ModelConfig config;
    std::vector<FakeTensor> tensors;
    std::string tokenizer;

private:
    void write_frame(const std::string& directory) const {
        std::filesystem::create_directories(directory);
        REQUIRE(write_file(directory + "/config.json", config_json().dump()));
        REQUIRE(write_file(directory + "/tokenizer.model", tokenizer));
    }
    void add(const std::string& name, std::vector<std::int64_t> shape) {
        constexpr const char* dtypes[] = {"BF16", "F16", "F32"};
        const std::size_t kind = tensors.size() % 3;
        std::int64_t count = 1;
        for (const auto extent : shape) count *= extent;
        ByteWriter bytes;
        for (std::int64_t k = 0; k < count; ++k) {
            const std::uint32_t word =
                random_words(1, static_cast<std::uint32_t>(tensors.size()), static_cast<std::uint64_t>(k), 0)[0];
            const std::uint32_t sign = word & 0x8000;
            if (kind == 0) bytes.put(static_cast<std::uint16_t>(sign | 0x3d00 | (word & 0x7f)));   // about 2^-5
            if (kind == 1) bytes.put(static_cast<std::uint16_t>(sign | 0x2c00 | (word & 0x7ff)));  // 2^-4 to 2^-2
            if (kind == 2) bytes.put((sign << 16) | 0x3e000000 | (word >> 16 << 8));
        }
        tensors.push_back({name, dtypes[kind], std::move(shape), bytes.bytes()});
    }
};

}  // namespace tephra::test

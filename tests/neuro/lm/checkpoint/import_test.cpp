#include "neuro/lm/checkpoint/import.hpp"

#include <cmath>
#include <cstring>

#include "tests/neuro/lm/checkpoint/fake_checkpoint.hpp"

using namespace tephra;
using test::FakeCheckpoint;
using test::FakeTensor;

namespace {

ImportOptions quick() {
    ImportOptions options;
    options.calibration_tokens = 8;
    return options;
}

/// Imports `directory`, which must fail and leave nothing behind.
Error refusal(const std::string& directory, const ImportOptions& options = quick()) {
    const test::TemporaryPath out("refused");
    std::filesystem::create_directories(out.str());
    const auto imported = import_checkpoint(directory, options, out.str() + "/model.tph");
    CHECK(std::filesystem::is_empty(out.str()));
    if (imported) return {ErrorCode::internal, "accepted", "", ""};
    CHECK(imported.error().code == ErrorCode::bad_input);
    CHECK(!imported.error().place.empty());
    return imported.error();
}

std::vector<double> values_of(const FakeTensor& tensor) {
    const FloatType type =
        tensor.dtype == "BF16" ? FloatType::bf16 : (tensor.dtype == "F16" ? FloatType::f16 : FloatType::f32);
    std::vector<float> values(tensor.bytes.size() / element_bytes(type));
    widen(type, std::as_bytes(std::span(tensor.bytes)), values);
    return {values.begin(), values.end()};
}

void check_equal(FakeCheckpoint& checkpoint, const Deployment& model) {
    LayerGraph graph = model.graph;
    for (const NormTensor& tensor : norm_tensors(graph)) {
        const auto expected = values_of(checkpoint.tensor(tensor.name));
        CHECK(std::equal(expected.begin(), expected.end(), tensor.view->begin(), tensor.view->end()));
    }
    for (const WeightTensor& tensor : weight_tensors(graph)) {
        const bool tied = checkpoint.config.tied_embeddings && tensor.name == "lm_head.weight";
        const auto latent = values_of(checkpoint.tensor(tied ? embeddings_name : tensor.name));
        double sum = 0;
        for (const double w : latent) sum += std::abs(w);
        const double scale = std::max(sum / static_cast<double>(latent.size()), 1e-5);
        CHECK(std::abs(tensor.view->scale / scale - 1) < 1e-14);
        std::size_t wrong = 0;
        for (int r = 0; r < tensor.rows; ++r)
            for (int c = 0; c < tensor.cols; ++c) {
                const double w = latent[static_cast<std::size_t>(r) * static_cast<std::size_t>(tensor.cols) +
                                        static_cast<std::size_t>(c)];
                const double expected = std::min(1.0, std::max(-1.0, std::nearbyint(w / scale)));
                if (tensor.view->weight(r, c) != static_cast<int>(expected)) ++wrong;
            }
        CHECK(wrong == 0);
    }
    const FakeTensor& embeddings = checkpoint.tensor(embeddings_name);
    CHECK(std::memcmp(graph.embeddings.data.data(), embeddings.bytes.data(), embeddings.bytes.size()) == 0);
    CHECK(model.tokenizer == checkpoint.tokenizer);
}

}  // namespace

TEST_CASE("import keeps what the checkpoint holds and makes weights ternary") {
    ModelConfig config = FakeCheckpoint::default_config();
    const int variant = GENERATE(0, 1, 2);
    config.tied_embeddings = variant == 1;
    config.use_lower_bound = variant != 2;
    FakeCheckpoint checkpoint(config);
    const test::TemporaryPath directory("tiny-model"), out("tiny.tph");
    checkpoint.write(directory.str());
    const auto imported = import_checkpoint(directory.str() + "/", quick(), out.str());
    if (!imported) FAIL(to_string(imported.error()));
    const auto model = load_model(out.str());
    REQUIRE(model);
    check_equal(checkpoint, **model);
    CHECK_THAT((*model)->graph.name, test::contains("tiny-model"));
    CHECK((*model)->graph.config.tied_embeddings == config.tied_embeddings);
    CHECK((*model)->graph.lower_bounds.size() == (config.use_lower_bound ? 40 : 0));
}

TEST_CASE("shards give the same file as one weights file") {
    FakeCheckpoint checkpoint;
    const test::TemporaryPath one("a"), two("b"), out_one("one.tph"), out_two("two.tph");
    checkpoint.write(one.str() + "/same");
    checkpoint.write_shards(two.str() + "/same");
    REQUIRE(import_checkpoint(one.str() + "/same", quick(), out_one.str()));
    REQUIRE(import_checkpoint(two.str() + "/same", quick(), out_two.str()));
    CHECK(*read_file(out_one.str()) == *read_file(out_two.str()));
}

TEST_CASE("mmf-7m's ternary weights equal the reference's") {
    const std::string directory = test::shared_file("models/mmf-7m");
    if (directory.empty()) return;
    const test::TemporaryPath out("mmf-7m.tph");
    REQUIRE(import_checkpoint(directory, quick(), out.str()));
    LayerGraph graph = load_model(out.str()).value()->graph;
    const auto golden = read_json_file(TEPHRA_TEST_DATA "/mmf-7m_ternary.json");
    REQUIRE(golden);
    const auto tensors = weight_tensors(graph);
    CHECK(golden->array()->size() == tensors.size());
    for (const Json& expected : *golden->array()) {
        const auto tensor = std::find_if(tensors.begin(), tensors.end(),
                                         [&](const auto& s) { return s.name == *expected.find("name")->string(); });
        REQUIRE(tensor != tensors.end());
        std::int64_t positive = 0, negative = 0, checksum = 0;
        for (int r = 0; r < tensor->rows; ++r)
            for (int c = 0; c < tensor->cols; ++c) {
                const int w = tensor->view->weight(r, c);
                positive += w > 0 ? 1 : 0;
                negative += w < 0 ? 1 : 0;
                checksum += w * (1 + (31 * r + 17 * c) % 251);
            }
        CHECK(positive == *expected.find("positive")->integer());
        CHECK(negative == *expected.find("negative")->integer());
        CHECK(checksum == *expected.find("checksum")->integer());
        CHECK(std::abs(tensor->view->scale / *expected.find("scale")->real() - 1) < 1e-14);
    }
}

TEST_CASE("a checkpoint with a fault is refused and nothing is written") {
    FakeCheckpoint checkpoint;
    const test::TemporaryPath path("faulty");
    const std::string directory = path.str();
    SECTION("nothing there") {
        CHECK_THAT(refusal(directory).message, test::contains("cannot open"));
    }
    SECTION("no weights") {
        checkpoint.write(directory);
        std::filesystem::remove(directory + "/model.safetensors");
        CHECK_THAT(refusal(directory).message, test::contains("no weights here"));
    }
    SECTION("no tokenizer") {
        checkpoint.write(directory);
        std::filesystem::remove(directory + "/tokenizer.model");
        CHECK_THAT(refusal(directory).place, test::contains("tokenizer.model"));
    }
    SECTION("a tokenizer of another vocabulary") {
        checkpoint = FakeCheckpoint([] {
            ModelConfig config = FakeCheckpoint::default_config();
            config.vocab_size = 100;
            return config;
        }());
        checkpoint.write(directory);
        CHECK_THAT(refusal(directory).message, test::contains("the tokenizer has 4096 tokens, the model 100"));
    }
    SECTION("a tensor is missing") {
        checkpoint.tensor("model.layers.1.mlp.down_proj.weight").name = "model.layers.1.mlp.dwn_proj.weight";
        checkpoint.write(directory);
        const Error error = refusal(directory);
        CHECK_THAT(error.message, test::contains("model.layers.1.mlp.dwn_proj.weight"));
    }
    SECTION("a tensor that the architecture lacks") {
        checkpoint.tensors.push_back({"model.layers.0.attn.f_proj.bias", "F32", {1}, std::string(4, '\0')});
        checkpoint.write(directory);
        CHECK_THAT(refusal(directory).message, test::contains("f_proj.bias\" has no place"));
    }
    SECTION("another shape") {
        checkpoint.tensor("model.layers.0.attn.f_proj.weight").shape = {10, 40};
        checkpoint.write(directory);
        CHECK_THAT(refusal(directory).message, test::contains("has shape [10, 40], the configuration needs [20, 20]"));
    }
    SECTION("NaN in a weight") {
        checkpoint.tensors.clear();
        checkpoint = FakeCheckpoint();
        FakeTensor& tensor = checkpoint.tensor("model.layers.1.attn.o_proj.weight");
        REQUIRE(tensor.bytes.size() > 44);
        const std::size_t width = tensor.dtype == "F32" ? 4 : 2;
        tensor.bytes.replace(11 * width, width, std::string(width, '\x7f'));
        tensor.bytes[11 * width] = static_cast<char>(0xff);
        tensor.bytes[11 * width + width - 2] = static_cast<char>(0xff);
        checkpoint.write(directory);
        const Error error = refusal(directory);
        CHECK_THAT(error.message, test::contains("model.layers.1.attn.o_proj.weight\" holds infinity or NaN"));
        CHECK_THAT(error.place, test::contains("model.safetensors byte "));
    }
    SECTION("infinity in the embeddings") {
        checkpoint.tensor(embeddings_name).bytes.replace(0, 2, "\x80\x7f");
        checkpoint.write(directory);
        CHECK_THAT(refusal(directory).message, test::contains("holds infinity or NaN"));
    }
    SECTION("calibration text that is empty") {
        checkpoint.write(directory);
        REQUIRE(write_file(directory + "/empty.txt", ""));
        ImportOptions options = quick();
        options.calibration_path = directory + "/empty.txt";
        CHECK_THAT(refusal(directory, options).message, test::contains("no text to calibrate on"));
    }
    SECTION("calibration ids outside the vocabulary") {
        checkpoint.write(directory);
        REQUIRE(write_file(directory + "/bad.u16", std::string("\1\0\0\x10", 4)));
        ImportOptions options = quick();
        options.calibration_path = directory + "/bad.u16";
        CHECK_THAT(refusal(directory, options).message, test::contains("id 4096 is not in the vocabulary"));
    }
}

TEST_CASE("a vocabulary that is padded beyond the tokenizer's is imported") {
    ModelConfig config = FakeCheckpoint::default_config();
    config.vocab_size = 4096 + 64;
    const test::TemporaryPath directory("padded"), out("padded.tph");
    FakeCheckpoint(config).write(directory.str());
    REQUIRE(import_checkpoint(directory.str(), quick(), out.str()));
    CHECK(load_model(out.str()).value()->graph.config.vocab_size == 4096 + 64);
}

TEST_CASE("a weights file beside an index of other files is refused") {
    FakeCheckpoint checkpoint;
    const test::TemporaryPath directory("both"), out("both.tph");
    const std::string index = directory.str() + "/model.safetensors.index.json";
    checkpoint.write_shards(directory.str());
    checkpoint.write(directory.str());
    CHECK_THAT(refusal(directory.str()).message,
               test::contains("model.safetensors and model.safetensors.index.json are both here"));
    Json::Object weight_map;
    for (const FakeTensor& tensor : checkpoint.tensors) weight_map.emplace_back(tensor.name, "model.safetensors");
    REQUIRE(write_file(index, Json(Json::Object{{"weight_map", std::move(weight_map)}}).dump()));
    CHECK(import_checkpoint(directory.str(), quick(), out.str()));
}

TEST_CASE("shards that disagree with their index are refused") {
    FakeCheckpoint checkpoint;
    const test::TemporaryPath path("shards");
    const std::string directory = path.str(), index = directory + "/model.safetensors.index.json";
    const std::string second = directory + "/model-00002-of-00002.safetensors";
    checkpoint.write_shards(directory);
    SECTION("a shard is missing") {
        std::filesystem::remove(second);
        const Error error = refusal(directory);
        CHECK_THAT(error.message, test::contains("shard \"model-00002-of-00002.safetensors\" is missing"));
    }
    SECTION("a tensor in two shards") {
        REQUIRE(write_file(second, test::safetensors_file(checkpoint.tensors)));
        CHECK_THAT(refusal(directory).message, test::contains("is also in"));
    }
    SECTION("a tensor that the index does not name") {
        auto tensors = checkpoint.tensors;
        tensors.erase(tensors.begin(), tensors.begin() + static_cast<std::ptrdiff_t>(tensors.size() / 2));
        tensors.push_back({"extra", "F32", {1}, std::string(4, '\0')});
        REQUIRE(write_file(second, test::safetensors_file(tensors)));
        CHECK_THAT(refusal(directory).message, test::contains("\"extra\" is not in the index"));
    }
    SECTION("a tensor that is not in its shard") {
        REQUIRE(write_file(second, test::safetensors_file({})));
        CHECK_THAT(refusal(directory).message, test::contains("is not in shard"));
    }
    SECTION("a shard outside the directory") {
        REQUIRE(write_file(index, R"({"weight_map": {"x": "../other/model.safetensors"}})"));
        CHECK_THAT(refusal(directory).message, test::contains("not the name of a file in this directory"));
    }
}

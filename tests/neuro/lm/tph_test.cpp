#include "neuro/lm/tph.hpp"

#include <cstring>
#include <new>

#include "core/files.hpp"
#include "neuro/lm/synth.hpp"
#include "neuro/lm/tensors.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

SynthOptions tiny(int hidden = 40, int layers = 2, int intermediate = 72, int vocab = 50) {
    SynthOptions options = synth_shape(hidden, layers, intermediate, vocab, 7);
    options.calibration_tokens = 8;
    return options;
}

/// Bytes aligned as a mapping is.
class AlignedBytes {
public:
    explicit AlignedBytes(std::string_view text) : size_(text.size()) {
        data_ = static_cast<std::byte*>(::operator new (size_ + 1, std::align_val_t{64}));
        std::memcpy(data_, text.data(), size_);
    }
    AlignedBytes(const AlignedBytes&) = delete;
    AlignedBytes& operator=(const AlignedBytes&) = delete;
    ~AlignedBytes() { ::operator delete (data_, std::align_val_t{64}); }
    [[nodiscard]] std::span<std::byte> bytes() { return {data_, size_}; }

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

std::string tiny_file() {
    const test::TemporaryPath path("tiny.tph");
    REQUIRE(write_synthetic_model(tiny(), path.str()));
    return *read_file(path.str());
}

bool is_clear_error(const Result<std::shared_ptr<const Deployment>>& result) {
    return !result && result.error().code == ErrorCode::bad_input && !result.error().message.empty() &&
           result.error().place.find("tiny.tph byte ") == 0 && !result.error().hint.empty();
}

}  // namespace

TEST_CASE("a deployment file reads back what was written, in place and aligned") {
    const test::TemporaryPath path("tiny.tph");
    const SynthOptions options = tiny();
    REQUIRE(write_synthetic_model(options, path.str()));
    const auto model = load_model(path.str());
    REQUIRE(model);
    const LayerGraph& graph = (*model)->graph;
    CHECK(graph.config.hidden_size == 40);
    CHECK(graph.config.intermediate_size == 72);
    CHECK(graph.config.vocab_size == 50);
    CHECK(graph.config.rms_norm_eps == 1e-6);
    CHECK(graph.config.bos_token_id == 1);
    CHECK(graph.name == "synthetic");
    CHECK(graph.blocks.size() == 2);
    CHECK((*model)->tokenizer.empty());
    CHECK((*model)->quantized.blocks.size() == 2);
    CHECK((*model)->quantized.blocks[1].down_norm.gain[0].size() == 72);
    LayerGraph copy = graph;
    std::size_t zeros = 0, weights = 0;
    for (const WeightTensor& tensor : weight_tensors(copy)) {
        CHECK(reinterpret_cast<std::uintptr_t>(tensor.view->codes.data()) % 64 == 0);
        CHECK(tensor.view->rows == tensor.rows);
        for (int r = 0; r < tensor.rows; ++r)
            for (int c = 0; c < tensor.cols; ++c) zeros += tensor.view->weight(r, c) == 0 ? 1U : 0U;
        weights += static_cast<std::size_t>(tensor.rows) * static_cast<std::size_t>(tensor.cols);
    }
    const double fraction = static_cast<double>(zeros) / static_cast<double>(weights);
    CHECK(fraction > 0.32);
    CHECK(fraction < 0.37);
}

TEST_CASE("the same seed gives the same file, another seed another") {
    const test::TemporaryPath one("one.tph"), two("two.tph"), three("three.tph");
    SynthOptions options = tiny();
    REQUIRE(write_synthetic_model(options, one.str()));
    options.threads = 2;
    REQUIRE(write_synthetic_model(options, two.str()));
    options.seed = 8;
    REQUIRE(write_synthetic_model(options, three.str()));
    CHECK(*read_file(one.str()) == *read_file(two.str()));
    CHECK(load_model(one.str()).value()->hash != load_model(three.str()).value()->hash);
}

TEST_CASE("odd widths are padded with zero weights") {
    for (const int hidden : {1, 96, 257}) {
        SynthOptions options = tiny(hidden, 1, 2 * hidden + 1, 11);
        const auto model = make_synthetic_model(options);
        REQUIRE(model);
        CHECK((*model)->graph.blocks[0].down_proj.weight.cols == 2 * hidden + 1);
    }
}

TEST_CASE("a deployment file cut at any byte is refused") {
    const std::string file = tiny_file();
    std::size_t accepted = 0;
    for (std::size_t size = 0; size < file.size(); size += size < 1024 ? 1 : 97) {
        AlignedBytes cut(std::string_view(file).substr(0, size));
        if (!is_clear_error(parse_tph(cut.bytes(), "tiny.tph", nullptr))) ++accepted;
    }
    CHECK(accepted == 0);
    AlignedBytes longer(file + '\0');
    CHECK(is_clear_error(parse_tph(longer.bytes(), "tiny.tph", nullptr)));
}

TEST_CASE("a deployment file with one bit flipped is refused") {
    const std::string file = tiny_file();
    AlignedBytes bytes(file);
    std::size_t accepted = 0;
    for (std::size_t bit = 0; bit < 8 * file.size(); bit += bit < 8 * 1024 ? 1 : 89) {
        const auto mask = std::byte{1} << (bit % 8);
        bytes.bytes()[bit / 8] ^= mask;
        if (!is_clear_error(parse_tph(bytes.bytes(), "tiny.tph", nullptr))) ++accepted;
        bytes.bytes()[bit / 8] ^= mask;
    }
    CHECK(accepted == 0);
    CHECK(parse_tph(bytes.bytes(), "tiny.tph", nullptr));
}

TEST_CASE("values that no writer makes are refused behind the hashes too") {
    const std::string file = tiny_file();
    const test::TemporaryPath path("tiny.tph");
    REQUIRE(write_file(path.str(), file));
    const auto table = read_tph_table(path.str());
    REQUIRE(table);
    const auto refused = [&](TphSection section, std::size_t offset, std::string_view bytes) {
        std::string changed = file;
        changed.replace((*table)[static_cast<std::size_t>(section)].offset + offset, bytes.size(), bytes);
        AlignedBytes aligned(changed);
        const auto model = parse_tph(aligned.bytes(), "tiny.tph", nullptr, HashCheck::skip);
        if (model) return std::string("accepted");
        CHECK(model.error().code == ErrorCode::bad_input);
        return model.error().message;
    };
    using namespace std::string_view_literals;
    CHECK_THAT(refused(TphSection::config, 0, "\0\0\0\0"sv), test::contains("vocabulary of the model is 0"));
    CHECK_THAT(refused(TphSection::config, 4, "\1\0\1\0"sv), test::contains("hidden size of the model is 65537"));
    CHECK_THAT(refused(TphSection::config, 12, "\1\0\1\0"sv),
               test::contains("intermediate size of the model is 65537"));
    CHECK_THAT(refused(TphSection::name, 3, "\x1b"sv), test::contains("control characters"));
    CHECK_THAT(refused(TphSection::name, 3, "\n"sv), test::contains("control characters"));
    CHECK_THAT(refused(TphSection::name, 3, "\xff"sv), test::contains("no UTF-8"));
    CHECK_THAT(refused(TphSection::origin, 0, "["sv), test::contains("not a JSON object"));
    CHECK_THAT(refused(TphSection::config, 4, "\x29\0\0\0"sv), test::contains("does not follow"));
    CHECK_THAT(refused(TphSection::config, 28, "\7\0\0\0"sv), test::contains("configuration"));
    CHECK_THAT(refused(TphSection::embeddings, 6, "\x80\x7f"sv), test::contains("element 3"));
    CHECK_THAT(refused(TphSection::norms, 8, "\0\0\xc0\x7f"sv), test::contains("element 2"));
    CHECK_THAT(refused(TphSection::scales, 0, "\0\0\0\0\0\0\0\0"sv), test::contains("not positive"));
    CHECK_THAT(refused(TphSection::weights, 0, "\xff"sv), test::contains("no ternary weight in row 0"));
    CHECK_THAT(refused(TphSection::weights, 127, "\x15"sv), test::contains("no ternary weight in row 1"));
    CHECK_THAT(refused(TphSection::integers, 20, "\x40\0\0\0"sv), test::contains("fraction bits"));
    for (const std::size_t format : {0UL, 4UL})  // the embedded token's and the logits'
        for (const auto bits : {"\xff\xff\xff\xff"sv, "\x18\0\0\0"sv})
            CHECK_THAT(refused(TphSection::integers, format, bits), test::contains("fraction bits outside [0, 23]"));
    CHECK_THAT(refused(TphSection::integers, 0, "\0\0\0\0"sv), test::contains("another format than it is written"));
    CHECK_THAT(refused(TphSection::integers, 4 * (2 + 8), "\0\0\0\0"sv), test::contains("than its factors"));
    CHECK_THAT(refused(TphSection::integers, 4 * (2 + 10) + 8, "\0\x80\0\0"sv), test::contains("a second epsilon"));
    // So far out that differences of formats would not fit 32 bits.
    CHECK_THAT(refused(TphSection::integers, 8, "\xeb\xff\xff\x7f"sv), test::contains("fraction bits"));
    CHECK_THAT(refused(TphSection::integers, 12, "\x0b\0\0\x80"sv), test::contains("fraction bits"));
    // Two formats of the model, ten of the block, an epsilon and four scales come before the first gain.
    CHECK_THAT(refused(TphSection::integers, 4 * (2 + 10) + 8 + 4 * 4, "\0\x80"sv), test::contains("a gain outside"));
}

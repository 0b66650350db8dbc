// Writes a GGUF file of the llama kind with random ternary weights, for benchmarks/compare/beside_ik_llama.py, which
// compiles this with the headers and libraries of ik_llama.cpp:
//   ternary_gguf OUT VOCABULARY.gguf LAYERS WIDTH INNER_WIDTH HEADS
// A layer has the seven products of a MatMul-free block: 4 of width x width, 3 of width x inner width. Matrices repeat
// 16 rows of weights: only the time of products is of interest. The output is ternary too, the embedding has 8 bits.
#include <ggml.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/philox.hpp"

namespace {

constexpr std::int64_t rows_made = 16;

class Writer {
public:
    Writer(std::size_t bytes, const char* vocabulary)
        : tensors_(ggml_init({bytes, nullptr, false})), file_(gguf_init_empty()) {
        gguf_context* from = gguf_init_from_file(vocabulary, {true, nullptr});
        if (from == nullptr) {
            std::fprintf(stderr, "ternary_gguf: %s is not a GGUF file that this library reads\n", vocabulary);
            std::exit(1);
        }
        gguf_set_kv(file_, from);
        gguf_free(from);
    }

    void put(const char* key, std::int64_t value) {
        gguf_set_val_u32(file_, (std::string("llama.") + key).c_str(), static_cast<std::uint32_t>(value));
    }
    void put_names() {
        gguf_set_val_str(file_, "general.architecture", "llama");
        gguf_set_val_str(file_, "general.name", "random ternary weights");
        gguf_set_val_f32(file_, "llama.attention.layer_norm_rms_epsilon", 1e-5F);
    }

    void ones(const std::string& name, std::int64_t width) {
        ggml_tensor* tensor = ggml_new_tensor_1d(tensors_, GGML_TYPE_F32, width);
        for (std::int64_t i = 0; i < width; ++i) static_cast<float*>(tensor->data)[i] = 1;
        add(name, tensor);
    }

    void weights(const std::string& name, std::int64_t width, std::int64_t rows, ggml_type type) {
        ggml_tensor* tensor = ggml_new_tensor_2d(tensors_, type, width, rows);
        std::vector<float> values(static_cast<std::size_t>(width * rows_made));
        for (float& value : values)
            value = static_cast<float>(static_cast<int>(tephra::random_words(1, 0, made_++, 0)[0] % 3) - 1) * 0.02F;
        const std::size_t row = ggml_row_size(type, width);
        std::vector<char> packed(row * rows_made);
        ggml_quantize_chunk(type, values.data(), packed.data(), 0, rows_made, width, nullptr, nullptr);
        for (std::int64_t r = 0; r < rows; r += rows_made)
            std::memcpy(static_cast<char*>(tensor->data) + static_cast<std::size_t>(r) * row, packed.data(),
                        packed.size());
        add(name, tensor);
    }

    void write(const char* path) { gguf_write_to_file(file_, path, false); }

private:
    void add(const std::string& name, ggml_tensor* tensor) {
        ggml_set_name(tensor, name.c_str());
        gguf_add_tensor(file_, tensor);
    }

    ggml_context* tensors_;
    gguf_context* file_;
    std::uint64_t made_ = 0;  ///< random values so far
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "usage: ternary_gguf OUT VOCABULARY.gguf LAYERS WIDTH INNER_WIDTH HEADS\n");
        return 2;
    }
    const std::int64_t layers = std::atoll(argv[3]), width = std::atoll(argv[4]), inner = std::atoll(argv[5]);
    const std::int64_t heads = std::atoll(argv[6]), vocabulary = 32000;  // of the vocabulary that the peer ships
    constexpr ggml_type ternary = GGML_TYPE_IQ2_BN_R4;
    const std::int64_t products = layers * (4 * width * width + 3 * width * inner) + vocabulary * width;
    Writer writer(static_cast<std::size_t>(products / 3 + vocabulary * width * 2), argv[2]);
    writer.put_names();
    writer.put("block_count", layers);
    writer.put("context_length", 2048);
    writer.put("embedding_length", width);
    writer.put("feed_forward_length", inner);
    writer.put("attention.head_count", heads);
    writer.put("attention.head_count_kv", heads);
    writer.put("rope.dimension_count", width / heads);
    writer.put("vocab_size", vocabulary);
    writer.weights("token_embd.weight", width, vocabulary, GGML_TYPE_Q8_0);
    writer.ones("output_norm.weight", width);
    writer.weights("output.weight", width, vocabulary, ternary);
    for (std::int64_t layer = 0; layer < layers; ++layer) {
        const std::string name = "blk." + std::to_string(layer) + ".";
        writer.ones(name + "attn_norm.weight", width);
        writer.ones(name + "ffn_norm.weight", width);
        for (const char* part : {"attn_q", "attn_k", "attn_v", "attn_output"})
            writer.weights(name + part + ".weight", width, width, ternary);
        for (const char* part : {"ffn_gate", "ffn_up"}) writer.weights(name + part + ".weight", width, inner, ternary);
        writer.weights(name + "ffn_down.weight", inner, width, ternary);
    }
    writer.write(argv[1]);
    std::printf("%lld\n", static_cast<long long>(products));  // weights that a token meets
}

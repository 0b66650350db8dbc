#include "backends/cuda/limits.hpp"

#include "neuro/lm/deployment.hpp"

namespace tephra::cuda {
namespace {

constexpr const char* other_engine = "choose --engine native";

Result<void> check_at_most(const char* what, int value, int most) {
    if (value <= most) return {};
    return fail(ErrorCode::does_not_fit,
                std::string("the CUDA engine takes ") + what + " of at most " + std::to_string(most) +
                    ", this model has " + std::to_string(value),
                "cuda", other_engine);
}

Result<void> check_bits(const std::string& state, int bits) {
    if (bits >= 0 && bits <= most_fraction_bits) return {};
    return fail(ErrorCode::does_not_fit,
                "the CUDA engine takes 0 to " + std::to_string(most_fraction_bits) + " fraction bits, " + state +
                    " has " + std::to_string(bits),
                "cuda", other_engine);
}

/// product = first x second, each with so many fraction bits.
Result<void> check_product(const std::string& product, int factors_bits, int product_bits) {
    const int shift = factors_bits - product_bits;
    if (shift >= least_product_shift) return {};
    return fail(ErrorCode::does_not_fit,
                "the CUDA engine shifts a product by at least " + std::to_string(least_product_shift) + " bits, " +
                    product + " is shifted by " + std::to_string(shift),
                "cuda", "import the checkpoint again, or choose --engine native");
}

Result<void> check_formats(const BlockFormats& formats, const std::string& block) {
    const struct {
        const char* name;
        int bits;
    } states[] = {{"x_in", formats.x_in}, {"x_mid", formats.x_mid}, {"x_out", formats.x_out}, {"f", formats.f},
                  {"i", formats.i},       {"g", formats.g},         {"h", formats.h},         {"t", formats.t},
                  {"z", formats.z},       {"y", formats.y}};
    for (const auto& state : states)
        if (auto ok = check_bits(block + state.name, state.bits); !ok) return ok;
    if (auto ok = check_product(block + "t", formats.g + formats.h, formats.t); !ok) return ok;
    return check_product(block + "y", 2 * formats.z, formats.y);
}

}  // namespace

Result<void> check_model(const Deployment& model) {
    const ModelConfig& config = model.graph.config;
    if (auto ok = check_at_most("a hidden size", config.hidden_size, most_columns); !ok) return ok;
    if (auto ok = check_at_most("an intermediate size", config.intermediate_size, most_columns); !ok) return ok;
    if (auto ok = check_at_most("a vocabulary", config.vocab_size, most_vocabulary); !ok) return ok;
    if (auto ok = check_bits("the embedding", model.quantized.x_embedding); !ok) return ok;
    for (std::size_t b = 0; b < model.quantized.blocks.size(); ++b)
        if (auto ok = check_formats(model.quantized.blocks[b].formats, "block " + std::to_string(b) + " "); !ok)
            return ok;
    return {};
}

Result<void> check_streams(int streams) {
    if (streams >= 1 && streams <= most_streams) return {};
    return bad_input(
        "the CUDA engine takes 1 to " + std::to_string(most_streams) + " streams, not " + std::to_string(streams),
        "cuda", "make several engines, one after the other");
}

Result<void> check_capability(const std::string& name, int capability) {
    if (capability >= least_capability) return {};
    return fail(ErrorCode::device,
                name + " has compute capability " + std::to_string(capability / 10) + "." +
                    std::to_string(capability % 10) + ", at least 8.0 is needed",
                "cuda", other_engine);
}

Result<void> check_code(const CompiledCode& code, int capability) {
    if (code.hopper || !runs_hopper_kernels(capability)) return {};
    return fail(ErrorCode::device,
                "this program's CUDA code for compute capability 9.0 was compiled without that device's own "
                "instructions (\"90\" instead of \"90a\")",
                "cuda", "build with -DTEPHRA_CUDA_ARCHITECTURES=90a-real, or without that option");
}

}  // namespace tephra::cuda

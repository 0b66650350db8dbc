// Fuzz target: any bytes as a deployment file, hashes not looked at, give a model that can be read everywhere and that
// computes the same token on the golden and the native engine, or one error.
#include "neuro/tph.hpp"

#include <cstring>
#include <new>

#include "neuro/sampling.hpp"
#include "neuro/weight_count.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tephra;
using namespace tephra::test;

namespace {

void read_all(const Deployment& model) {
    const LayerGraph& graph = model.graph;
    const auto sum = total(count_weights(graph));
    require(sum.zeros >= 0 && sum.zeros <= sum.weights);
    std::vector<std::int32_t> row(static_cast<std::size_t>(graph.config.hidden_size));
    graph.embeddings.fixed_row(graph.config.vocab_size - 1, model.quantized.x_embedding, row);
    require(forget_lower_bounds(graph).size() == graph.blocks.size() * row.size());
}

void run_one_token(const std::shared_ptr<const Deployment>& model) {
    const auto vocabulary = static_cast<std::size_t>(model->graph.config.vocab_size);
    std::vector<std::int32_t> golden(vocabulary), native(vocabulary);
    const std::vector<std::int32_t> prompt{0, model->graph.config.vocab_size - 1};
    const auto oracle = make_golden_engine(model, {1, 1}), fast = make_native_engine(model, {1, 1});
    require(accepted(oracle) == accepted(fast));
    if (!oracle) return;
    require((*oracle)->prefill(0, prompt, Logits::last, golden).has_value());
    require((*fast)->prefill(0, prompt, Logits::last, native).has_value());
    require(golden == native);
    auto sampler = Sampler::create({}, model->quantized.logits);
    if (accepted(sampler)) require(sampler->next(golden, 0, 1) < model->graph.config.vocab_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A mapping is aligned; the fuzzer's buffer is not.
    auto* bytes = static_cast<std::byte*>(::operator new (size + 1, std::align_val_t{tph_alignment}));
    std::memcpy(bytes, data, size);
    {
        const auto model = parse_tph({bytes, size}, "fuzz", nullptr, HashCheck::skip);
        if (accepted_text(model)) {
            read_all(**model);
            run_one_token(*model);
        }
    }
    ::operator delete (bytes, std::align_val_t{tph_alignment});
    return 0;
}

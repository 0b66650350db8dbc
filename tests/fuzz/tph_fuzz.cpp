// Fuzz target: any bytes as a deployment file, hashes not looked at, give one error; or a language model that can be
// read everywhere and that computes the same token on the golden and the native engine; or a network that is stored as
// it was read, and runs.
#include "neuro/lm/tph.hpp"

#include <cstring>
#include <new>

#include "neuro/lm/sampling.hpp"
#include "neuro/lm/weight_count.hpp"
#include "neuro/spiking/engine.hpp"
#include "neuro/spiking/network_file.hpp"
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

/// A network of few neurons takes some steps without input; more would take the fuzzer's time and memory.
void run_steps(const spiking::Network& network) {
    constexpr std::int64_t most = 4096;
    std::int64_t slots = 0;
    for (const spiking::Layer& layer : network.layers()) slots += layer.size();
    for (const spiking::Connection& c : network.connections())
        slots += std::int64_t{network.layer(c.target).size()} * (c.delay + c.synapses->max_delay());
    if (slots > most) return;
    spiking::Engine engine(network);
    const std::vector<std::span<const std::int32_t>> nothing(network.inputs().size());
    for (int step = 0; step < 3; ++step)
        if (!accepted_text(engine.step(nothing))) return;
}

void read_network(std::span<const std::byte> bytes) {
    const auto read = spiking::parse_network(bytes, "fuzz", HashCheck::skip);
    if (!accepted_text(read)) return;
    const auto stored = spiking::encode_network(read->network);
    require(stored.has_value());
    const auto again = spiking::decode_network(stored->structure, std::as_bytes(std::span(stored->values)), "fuzz");
    require(again && spiking::content_hash(spiking::encode_network(*again).value()) == read->hash);
    run_steps(read->network);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A mapping is aligned; the fuzzer's buffer is not.
    auto* bytes = static_cast<std::byte*>(::operator new (size + 1, std::align_val_t{tph_alignment}));
    std::memcpy(bytes, data, size);
    {
        read_network({bytes, size});
        const auto model = parse_tph({bytes, size}, "fuzz", nullptr, HashCheck::skip);
        if (accepted_text(model)) {
            read_all(**model);
            run_one_token(*model);
        }
    }
    ::operator delete (bytes, std::align_val_t{tph_alignment});
    return 0;
}

// Fuzz target: any bytes as a deployment file, hashes not looked at, give a model that can be read everywhere, or one
// error.
#include <cstdlib>
#include <cstring>
#include <new>

#include "neuro/tph.hpp"
#include "neuro/weight_count.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A mapping is aligned; the fuzzer's buffer is not.
    auto* bytes = static_cast<std::byte*>(::operator new (size + 1, std::align_val_t{tephra::tph_alignment}));
    std::memcpy(bytes, data, size);
    {
        const auto model = tephra::parse_tph({bytes, size}, "fuzz", nullptr, tephra::HashCheck::skip);
        if (!model) {
            if (model.error().message.empty() || model.error().place.empty()) std::abort();
        } else {
            const tephra::LayerGraph& graph = (*model)->graph;
            const auto sum = total(count_weights(graph));
            if (sum.zeros < 0 || sum.zeros > sum.weights) std::abort();
            std::vector<std::int32_t> row(static_cast<std::size_t>(graph.config.hidden_size));
            graph.embeddings.fixed_row(graph.config.vocab_size - 1, (*model)->quantized.x_embedding, row);
            if (forget_lower_bounds(graph).size() != graph.blocks.size() * row.size()) std::abort();
        }
    }
    ::operator delete (bytes, std::align_val_t{tephra::tph_alignment});
    return 0;
}

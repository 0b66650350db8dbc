#include "neuro/lm/token_embedding.hpp"

namespace tephra {

std::optional<int> TokenEmbedding::fire(const SliceRound& slice) const {
    embeddings_->fixed_row(slice.ports[0][0], fraction_bits_, slice.messages);
    write_statistics(*norm_, slice.messages, slice.neurons.begin, 0, slice.record);
    return std::nullopt;
}

}  // namespace tephra

#pragma once
#include "neuro/lm/layer_graph.hpp"
#include "neuro/lm/lm_neuron.hpp"

namespace tephra {

/// Host: sends the states of a token's embedding; record: statistics for `norm`. Port: one value, the token's id, which
/// must lie in the vocabulary.
class TokenEmbedding final : public LmNeuron {
public:
    TokenEmbedding(std::shared_ptr<const EmbeddingTable> embeddings, int fraction_bits, SharedNorm norm)
        : embeddings_(std::move(embeddings)), fraction_bits_(fraction_bits), norm_(std::move(norm)) {}
    [[nodiscard]] std::string_view kind() const override { return "token embedding"; }
    [[nodiscard]] int neurons() const override { return norm_->size; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return port_names; }
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override;

private:
    static constexpr std::array<std::string_view, 1> port_names = {"token"};
    std::shared_ptr<const EmbeddingTable> embeddings_;
    int fraction_bits_;
    SharedNorm norm_;
};

}  // namespace tephra

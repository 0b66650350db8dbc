#pragma once
// Tokenizer: text to token ids and back, through libsentencepiece.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "neuro/lm/layer_graph.hpp"

namespace tephra {

class Tokenizer {
public:
    /// Published models pad their vocabulary to a multiple of 64 to 1024.
    static constexpr int max_padding = 1024;

    /// Reads a serialized SentencePiece model. Errors: bad_input at `place`.
    static Result<Tokenizer> parse(std::string_view serialized, const std::string& place);
    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    [[nodiscard]] int vocab_size() const;
    /// Errors: bad_input when the tokenizer has more tokens than the model, or fewer by max_padding or more (a model's
    /// vocabulary may be padded), or when both have a begin token and not the same one.
    [[nodiscard]] Result<void> check_vocabulary(const ModelConfig& config, const std::string& place) const;
    /// Token ids of a text, after the begin token of the model (ModelConfig::bos_token_id; -1: none). Bytes without a
    /// piece become byte tokens.
    [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text, int bos_token_id = -1) const;
    /// Text of token ids; ids outside the vocabulary and control tokens give nothing.
    [[nodiscard]] std::string decode(std::span<const std::int32_t> ids) const;

private:
    friend class StreamingDecoder;
    struct Implementation;
    explicit Tokenizer(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

/// Decodes one token at a time and emits whole UTF-8 characters only: what it returned, joined, is what
/// Tokenizer::decode gives for all ids.
class StreamingDecoder {
public:
    explicit StreamingDecoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}
    explicit StreamingDecoder(Tokenizer&&) = delete;  // would dangle
    /// Text that this id completes, often empty between the bytes of one character.
    std::string next(std::int32_t id);
    /// The rest: a replacement character for each byte that never became a character.
    std::string finish();

private:
    std::string take_characters(bool complete);
    const Tokenizer* tokenizer_;
    std::vector<std::int32_t> start_;  ///< ids before the first text, where a leading space is dropped
    bool started_ = false;
    std::string bytes_;  ///< of byte tokens, not yet a character
};

}  // namespace tephra

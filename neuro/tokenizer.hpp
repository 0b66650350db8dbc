#pragma once
// Tokenizer: text to token ids and back, through libsentencepiece.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "neuro/layer_graph.hpp"

namespace tephra {

enum class AddBos : std::uint8_t { no, yes };

class Tokenizer {
public:
    /// Reads a serialized SentencePiece model. Errors: bad_input at `place`.
    static Result<Tokenizer> parse(std::string_view serialized, const std::string& place);
    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    [[nodiscard]] int vocab_size() const;
    /// Refuses a tokenizer made for another vocabulary than the model's.
    [[nodiscard]] Result<void> check_vocabulary(const ModelConfig& config, const std::string& place) const;
    /// Token ids of a text; bytes without a piece become byte tokens.
    [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text, AddBos bos = AddBos::no) const;
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

#include "neuro/lm/tokenizer.hpp"

#include <sentencepiece_processor.h>

#include <charconv>

#include "core/stop.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

constexpr std::string_view space_symbol = "\xe2\x96\x81";           // U+2581, a space inside pieces
constexpr std::string_view replacement_character = "\xef\xbf\xbd";  // U+FFFD

}  // namespace

struct Tokenizer::Implementation {
    sentencepiece::SentencePieceProcessor processor;
};

Tokenizer::Tokenizer(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::parse(std::string_view serialized, const std::string& place) {
    auto implementation = std::make_unique<Implementation>();
    const auto status = implementation->processor.LoadFromSerializedProto({serialized.data(), serialized.size()});
    if (!status.ok() || implementation->processor.GetPieceSize() <= 0)
        return bad_input("not a SentencePiece model", place, "give the tokenizer.model of the checkpoint");
    return Tokenizer(std::move(implementation));
}

int Tokenizer::vocab_size() const {
    return implementation_->processor.GetPieceSize();
}

Result<void> Tokenizer::check_vocabulary(const ModelConfig& config, const std::string& place) const {
    const int padding = config.vocab_size - vocab_size();
    if (padding < 0 || padding >= max_padding)
        return bad_input("the tokenizer has " + std::to_string(vocab_size()) + " tokens, the model " +
                             std::to_string(config.vocab_size),
                         place, "use the tokenizer that the model was trained with");
    const int bos = implementation_->processor.bos_id();
    if (config.bos_token_id >= 0 && config.bos_token_id != bos)
        return bad_input("the configuration begins a text with token " + std::to_string(config.bos_token_id) +
                             ", the tokenizer " + (bos < 0 ? "with none" : "with token " + std::to_string(bos)),
                         place,
                         "set bos_token_id in config.json to " + (bos < 0 ? std::string("null") : std::to_string(bos)) +
                             ", or use the model's own tokenizer");
    return {};
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, int bos_token_id) const {
    stop_point();
    std::vector<int> ids;
    implementation_->processor.Encode({text.data(), text.size()}, &ids).IgnoreError();
    if (bos_token_id >= 0) ids.insert(ids.begin(), bos_token_id);
    return {ids.begin(), ids.end()};
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
    std::vector<int> known;
    for (const std::int32_t id : ids)
        if (id >= 0 && id < vocab_size()) known.push_back(id);
    std::string text;
    implementation_->processor.Decode(known, &text).IgnoreError();
    return text;
}

std::string StreamingDecoder::next(std::int32_t id) {
    const auto& processor = tokenizer_->implementation_->processor;
    if (id < 0 || id >= tokenizer_->vocab_size()) return {};
    if (processor.IsByte(id)) {
        started_ = true;
        const std::string& piece = processor.IdToPiece(id);  // "<0x41>"
        unsigned value = 0;
        std::from_chars(piece.data() + 3, piece.data() + 5, value, 16);
        bytes_ += static_cast<char>(value);
        return take_characters(false);
    }
    std::string text = take_characters(true);
    if (!started_) {
        start_.push_back(id);
        text = tokenizer_->decode(start_);
        started_ = !text.empty();
        return text;
    }
    if (processor.IsControl(id)) return text;
    if (processor.IsUnknown(id)) return text + tokenizer_->decode({&id, 1});
    const std::string& piece = processor.IdToPiece(id);
    for (std::size_t k = 0; k < piece.size();) {
        const bool space = piece.compare(k, space_symbol.size(), space_symbol) == 0;
        text += space ? ' ' : piece[k];
        k += space ? space_symbol.size() : 1;
    }
    return text;
}

std::string StreamingDecoder::finish() {
    return take_characters(true);
}

std::string StreamingDecoder::take_characters(bool complete) {
    std::string text;
    while (!bytes_.empty()) {
        const std::size_t length = character_length(static_cast<unsigned char>(bytes_[0]));
        const std::string_view candidate = std::string_view(bytes_).substr(0, length);
        const bool valid = length > 0 && is_prefix_of_character(candidate);
        if (valid && candidate.size() == length) {
            text += candidate;
            bytes_.erase(0, length);
        } else if (valid && !complete) {
            break;
        } else {
            text += replacement_character;
            bytes_.erase(0, 1);
        }
    }
    return text;
}

}  // namespace tephra

#include "neuro/lm/engine.hpp"

#include "core/fixed.hpp"
#include "neuro/team.hpp"

namespace tephra {
namespace {

Result<void> check_stream(int streams, int stream, const char* place) {
    if (stream < 0 || stream >= streams)
        return bad_input("no stream " + std::to_string(stream), place,
                         "the engine has streams 0 to " + std::to_string(streams - 1));
    return {};
}

/// Ids of the vocabulary, and `logits` values for `rows` tokens or none.
Result<void> check_tokens(const ModelConfig& config, std::span<const std::int32_t> ids, std::size_t logits,
                          std::size_t rows) {
    for (const std::int32_t id : ids)
        if (id < 0 || id >= config.vocab_size)
            return bad_input("id " + std::to_string(id) + " is not in the vocabulary", "token",
                             "ids are 0 to " + std::to_string(config.vocab_size - 1));
    if (logits != 0 && logits != rows * static_cast<std::size_t>(config.vocab_size))
        return bad_input("logits have another size", "logits");
    return {};
}

}  // namespace

Result<void> check_options(const EngineOptions& options) {
    if (options.streams < 1)
        return bad_input(std::to_string(options.streams) + " streams", "streams", "an engine has at least one");
    return check_threads(options.threads);
}

Result<void> check_decode(const ModelConfig& config, int streams, std::span<const std::int32_t> ids,
                          std::size_t logits) {
    if (ids.size() > static_cast<std::size_t>(streams))
        return bad_input("more tokens than streams", "decode", "make the engine with more streams");
    return check_tokens(config, ids, logits, ids.size());
}

Result<void> check_prefill(const ModelConfig& config, int streams, int stream, std::span<const std::int32_t> ids,
                           Logits which, std::size_t logits) {
    if (auto ok = check_stream(streams, stream, "prefill"); !ok) return ok;
    if (which == Logits::none && logits != 0)
        return bad_input("a buffer for logits, and no logits are wanted", "logits",
                         "give none, or ask for last or all");
    return check_tokens(config, ids, logits, which == Logits::all ? ids.size() : 1);
}

Result<void> check_state(const ModelConfig& config, int streams, int stream, std::size_t size) {
    if (auto ok = check_stream(streams, stream, "state"); !ok) return ok;
    if (size != state_size(config)) return bad_input("state has another size", "state");
    return {};
}

Result<void> check_new_state(const ModelConfig& config, int streams, int stream, std::span<const std::int32_t> h) {
    if (auto ok = check_state(config, streams, stream, h.size()); !ok) return ok;
    for (const std::int32_t value : h)
        if (value != saturate24(value)) return bad_input("state does not fit 24 bits", "write_state");
    return {};
}

}  // namespace tephra

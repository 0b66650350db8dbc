#pragma once
// TokenFeed: the host's side of the conversation. It says which token enters next and what to do with logits.
//
// A stream's known tokens (its prompt, then what was sampled) enter one behind the other; streams take turns. Sampling
// needs the logits of the last known token, so after its prompt a stream has one token in flight.
#include <cstdint>
#include <span>
#include <vector>

#include "simulator/run.hpp"
#include "simulator/simulate.hpp"
#include "simulator/slice_engine.hpp"

namespace tephra {

class TokenFeed {
public:
    explicit TokenFeed(const SimulateOptions& options);

    /// Tokens that will enter in the whole run; less when a stream ends early.
    [[nodiscard]] std::int64_t total() const { return total_; }
    /// Whether a token is known that has not entered.
    [[nodiscard]] bool waiting() const;
    /// Lets the next token enter at `now`; its sequence number is tokens().size() - 1 afterwards.
    const TokenRecord& enter(std::int64_t now);
    /// What the token that enters next waited for last.
    [[nodiscard]] const PathPoint& trigger() const;
    /// Tokens in order of entry. Never reallocated: other chips may read records of tokens that reach them.
    [[nodiscard]] const std::vector<TokenRecord>& tokens() const { return tokens_; }
    /// Whether the logits of a token that has entered will be sampled: no others are worth the host's work.
    [[nodiscard]] bool wants_logits(std::uint32_t token) const { return wanted_[token] != 0; }
    /// The logits of a token are there; samples when they are wanted. `end` is where the critical path stands then.
    void leave(std::uint32_t token, std::span<const std::int32_t> logits, const PathPoint& end);
    [[nodiscard]] std::int64_t left() const { return left_; }

private:
    struct Stream {
        std::vector<std::int32_t> ids;
        std::size_t prompt = 0;
        std::size_t entered = 0;
        int sampled = 0;
        PathPoint known;  ///< when the last id became known
    };
    [[nodiscard]] std::size_t next_stream() const;
    /// Whether the token at `position` is the last known one of its stream and the stream has more to sample.
    [[nodiscard]] bool samples(const Stream& stream, int position) const;
    [[nodiscard]] int wanted() const { return options_.mode == RunMode::prefill ? 1 : options_.new_tokens; }
    void sample(Stream& stream, TokenRecord& record, std::span<const std::int32_t> logits);

    const SimulateOptions& options_;
    std::vector<Stream> streams_;
    std::vector<TokenRecord> tokens_;
    std::vector<char> wanted_;  ///< [tokens] whether their logits are
    std::size_t turn_ = 0;      ///< stream that is asked first
    std::int64_t total_ = 0;
    std::int64_t left_ = 0;
};

}  // namespace tephra

#pragma once
// TokenFeed: the host's part of a run of a language model. It chooses the token that enters next, and samples from
// logits.
//
// A stream's known tokens (its prompt, then the sampled ones) enter one after the other; streams take turns. Sampling
// needs the logits of the last known token, so after its prompt a stream has one token in flight.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "simulator/host_feed.hpp"
#include "simulator/lm/simulate_tokens.hpp"

namespace tephra {

/// Records of tokens in order of entry. They grow in blocks that never move: a chip may read the record of a token that
/// has reached it while the host's chip adds others.
class TokenLog {
public:
    explicit TokenLog(std::int64_t most);
    void add(const TokenRecord& record);
    [[nodiscard]] TokenRecord& operator[](std::size_t k) { return (*blocks_[k / block_size])[k % block_size]; }
    [[nodiscard]] const TokenRecord& operator[](std::size_t k) const {
        return (*blocks_[k / block_size])[k % block_size];
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::vector<TokenRecord> copy() const;
    void state(StateFields& fields);

private:
    static constexpr std::size_t block_size = 4096;
    using Block = std::array<TokenRecord, block_size>;
    std::vector<std::unique_ptr<Block>> blocks_;  ///< [most / block_size, rounded up], made when needed
    std::size_t size_ = 0;
};

class TokenFeed final : public HostFeed {
public:
    /// Copies what it needs of the options, which must pass the checks of simulate_tokens().
    explicit TokenFeed(const TokenOptions& options);

    [[nodiscard]] int streams() const override { return static_cast<int>(streams_.size()); }
    /// Fewer when a stream ends early.
    [[nodiscard]] std::int64_t total() const override { return total_; }
    /// The mean over the run: each sampled token waits for the one before.
    [[nodiscard]] std::int64_t at_once() const override {
        return std::max<std::int64_t>(1, total_ / std::max(1, mode_ == RunMode::prefill ? 1 : samples_a_stream_));
    }
    [[nodiscard]] std::int64_t entered() const override { return static_cast<std::int64_t>(tokens_.size()); }
    [[nodiscard]] std::int64_t left() const override { return left_; }
    [[nodiscard]] bool waiting() const override;
    [[nodiscard]] const PathPoint& trigger() const override;
    /// The token's id.
    std::span<const std::int32_t> enter(std::int64_t now) override;
    [[nodiscard]] int stream(std::uint32_t token) const override { return tokens_[token].stream; }
    /// Whether the logits of a token that has entered will be sampled.
    [[nodiscard]] bool wants_output(std::uint32_t token) const override { return wanted_[token] != 0; }
    /// Samples from the logits when they are wanted.
    void leave(std::uint32_t token, std::span<const std::int32_t> logits, const PathPoint& end) override;
    void describe(Run& run) const override;
    /// Once loaded, TokenOptions::resumed has the tokens that were sampled.
    void state(StateFields& fields) override;

    /// A token that has entered.
    [[nodiscard]] const TokenRecord& token(std::uint32_t sequence) const { return tokens_[sequence]; }

private:
    struct Stream {
        std::vector<std::int32_t> ids;
        std::size_t entered = 0;
        int sampled = 0;
        PathPoint known;  ///< when the last id became known
    };
    [[nodiscard]] std::size_t next_stream() const;
    /// Whether the token at `position` is the last known one of its stream and the stream has more to sample.
    [[nodiscard]] bool samples(const Stream& stream, int position) const;
    void sample(Stream& stream, TokenRecord& record, std::span<const std::int32_t> logits);

    RunMode mode_;
    std::function<std::int32_t(int, int, std::span<const std::int32_t>)> sample_;
    std::function<void(std::int64_t, std::int64_t)> progress_;
    std::function<void(int, std::int32_t)> resumed_;
    int samples_a_stream_;
    std::vector<Stream> streams_;
    TokenLog tokens_;
    std::vector<char> wanted_;  ///< [tokens] whether their logits are
    std::size_t turn_ = 0;      ///< stream that is asked first
    std::int64_t total_ = 0;
    std::int64_t left_ = 0;
};

}  // namespace tephra

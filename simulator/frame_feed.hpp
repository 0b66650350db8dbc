#pragma once
// FrameFeed: the host's part of a run in time steps: a frame of values enters in each, and one is read.
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "simulator/host_feed.hpp"

namespace tephra {

class FrameFeed final : public HostFeed {
public:
    /// The values of round `round` for each neuron of the program's source; valid until the next call.
    using Frames = std::function<std::span<const std::int32_t>(std::int64_t round)>;
    /// Takes the values of the program's sink for a round; called in order. May be empty.
    using Reader = std::function<void(std::int64_t round, std::span<const std::int32_t> values)>;

    /// A run of `rounds` rounds, 1 to most_tokens.
    FrameFeed(std::int64_t rounds, Frames frames, Reader reader);

    [[nodiscard]] int streams() const override { return 1; }
    [[nodiscard]] std::int64_t total() const override { return std::ssize(records_); }
    [[nodiscard]] std::int64_t at_once() const override { return total(); }
    [[nodiscard]] std::int64_t entered() const override { return entered_; }
    [[nodiscard]] std::int64_t left() const override { return left_; }
    [[nodiscard]] bool waiting() const override { return entered_ < total(); }
    [[nodiscard]] const PathPoint& trigger() const override { return start_; }
    std::span<const std::int32_t> enter(std::int64_t now) override;
    [[nodiscard]] int stream(std::uint32_t) const override { return 0; }
    [[nodiscard]] bool wants_output(std::uint32_t) const override { return true; }
    void leave(std::uint32_t round, std::span<const std::int32_t> values, const PathPoint& end) override;
    void describe(Run& run) const override;
    void state(StateFields& fields) override;

private:
    Frames frames_;
    Reader reader_;
    std::vector<TokenRecord> records_;  ///< [rounds]
    std::int64_t entered_ = 0, left_ = 0;
    PathPoint start_;
};

}  // namespace tephra

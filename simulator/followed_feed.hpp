#pragma once
// FollowedFeed: what a rank without the host knows of the host's feed. The root tells at the end of each window what
// has changed; a round that enters in a window reaches other chips in a later one.
#include <cassert>
#include <cstdint>
#include <vector>

#include "simulator/host_feed.hpp"
#include "simulator/wire.hpp"

namespace tephra {

/// What the root has told so far.
struct FeedNews {
    std::int64_t total = 0, left = 0;
    std::int64_t entered = 0;  ///< rounds
    bool waiting = false;
};

/// The root's side: writes what is new in `feed` since `told`. `entered`: rounds that have entered by now.
inline void tell_feed(const HostFeed& feed, std::int64_t entered, FeedNews& told, WireWriter& out) {
    std::vector<std::int32_t> streams;
    for (std::int64_t k = told.entered; k < entered; ++k) streams.push_back(feed.stream(static_cast<std::uint32_t>(k)));
    told = {feed.total(), feed.left(), entered, feed.waiting()};
    out.put(told);
    out.put_list(std::span<const std::int32_t>(streams));
}

class FollowedFeed final : public HostFeed {
public:
    /// Starts as this rank's own feed, in which nothing has happened yet.
    explicit FollowedFeed(const HostFeed& own)
        : streams_(own.streams()), at_once_(own.at_once()), news_{own.total(), own.left(), 0, own.waiting()} {}
    /// Reads what tell_feed() wrote.
    void hear(WireReader& in) {
        news_ = in.get<FeedNews>();
        in.append_list(of_round_);
    }

    [[nodiscard]] int streams() const override { return streams_; }
    [[nodiscard]] std::int64_t total() const override { return news_.total; }
    [[nodiscard]] std::int64_t at_once() const override { return at_once_; }
    [[nodiscard]] std::int64_t entered() const override { return news_.entered; }
    [[nodiscard]] std::int64_t left() const override { return news_.left; }
    [[nodiscard]] bool waiting() const override { return news_.waiting; }
    [[nodiscard]] int stream(std::uint32_t round) const override { return of_round_[round]; }
    // The host alone asks for the rest, and it is on the root.
    [[nodiscard]] const PathPoint& trigger() const override { return nowhere(nothing_); }
    std::span<const std::int32_t> enter(std::int64_t) override { return nowhere(std::span<const std::int32_t>{}); }
    [[nodiscard]] bool wants_output(std::uint32_t) const override { return nowhere(true); }
    void leave(std::uint32_t, std::span<const std::int32_t>, const PathPoint&) override { nowhere(0); }
    void describe(Run&) const override { nowhere(0); }
    void state(StateFields&) override { nowhere(0); }

private:
    template <typename T>
    static const T& nowhere(const T& value) {
        assert(false);
        return value;
    }
    int streams_;
    std::int64_t at_once_;
    FeedNews news_;
    std::vector<std::int32_t> of_round_;  ///< stream of each round that has entered
    PathPoint nothing_;
};

}  // namespace tephra

#include "simulator/frame_feed.hpp"

#include <cassert>
#include <utility>

#include "simulator/state/plain_fields.hpp"

namespace tephra {

FrameFeed::FrameFeed(std::int64_t rounds, Frames frames, Reader reader)
    : frames_(std::move(frames)), reader_(std::move(reader)), records_(static_cast<std::size_t>(rounds)) {
    assert(rounds >= 1 && rounds <= most_tokens);
}

std::span<const std::int32_t> FrameFeed::enter(std::int64_t now) {
    TokenRecord& record = records_[static_cast<std::size_t>(entered_)];
    record.position = static_cast<int>(entered_);
    record.entered = Picoseconds(now);
    return frames_(entered_++);
}

void FrameFeed::leave(std::uint32_t round, std::span<const std::int32_t> values, const PathPoint& end) {
    records_[round].left = Picoseconds(end.time);
    ++left_;
    if (reader_) reader_(round, values);
}

void FrameFeed::describe(Run& run) const {
    run.mode = RunMode::prefill;
    run.streams = streams();
    run.tokens = records_;
}

void FrameFeed::state(StateFields& fields) {
    fields(entered_, left_);
    fields.expect(entered_ >= 0 && entered_ <= total() && left_ >= 0 && left_ <= entered_,
                  "a round is none of the run");
    if (fields.sound()) fields.part(std::span(records_).first(static_cast<std::size_t>(entered_)));
}

}  // namespace tephra

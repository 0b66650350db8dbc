#include "simulator/token_feed.hpp"

#include <algorithm>

namespace tephra {

TokenFeed::TokenFeed(const SimulateOptions& options) : options_(options) {
    for (const auto& prompt : options.prompts) {
        Stream stream;
        stream.ids = prompt;
        stream.prompt = prompt.size();
        total_ += static_cast<std::int64_t>(prompt.size()) + std::max(0, options.new_tokens - 1);
        streams_.push_back(std::move(stream));
    }
    tokens_.reserve(static_cast<std::size_t>(total_));
}

std::size_t TokenFeed::next_stream() const {
    for (std::size_t k = 0; k < streams_.size(); ++k) {
        const std::size_t s = (turn_ + k) % streams_.size();
        if (streams_[s].entered < streams_[s].ids.size()) return s;
    }
    return streams_.size();
}

bool TokenFeed::waiting() const {
    return next_stream() < streams_.size();
}

const PathPoint& TokenFeed::trigger() const {
    return streams_[next_stream()].known;
}

const TokenRecord& TokenFeed::enter(std::int64_t now) {
    const std::size_t s = next_stream();
    Stream& stream = streams_[s];
    TokenRecord record;
    record.stream = static_cast<int>(s);
    record.position = static_cast<int>(stream.entered);
    record.input = stream.ids[stream.entered++];
    record.entered = Picoseconds(now);
    turn_ = (s + 1) % streams_.size();
    tokens_.push_back(record);
    wanted_.push_back(samples(stream, record.position) ? 1 : 0);
    return tokens_.back();
}

void TokenFeed::leave(std::uint32_t token, std::span<const std::int32_t> logits, const PathPoint& end) {
    TokenRecord& record = tokens_[token];
    Stream& stream = streams_[static_cast<std::size_t>(record.stream)];
    record.left = Picoseconds(end.time);
    ++left_;
    sample(stream, record, logits);
    if (record.output >= 0 && stream.ids.size() > stream.entered) stream.known = end;
    if (options_.progress) options_.progress(left_, total_);
}

bool TokenFeed::samples(const Stream& stream, int position) const {
    return static_cast<std::size_t>(position) + 1 == stream.ids.size() && stream.sampled < wanted() && options_.sample;
}

void TokenFeed::sample(Stream& stream, TokenRecord& record, std::span<const std::int32_t> logits) {
    if (!samples(stream, record.position)) return;
    record.output = options_.sample(record.stream, record.position, logits);
    ++stream.sampled;
    if (record.output < 0) total_ -= std::max(0, wanted() - stream.sampled);
    if (record.output < 0 || stream.sampled >= wanted()) return;
    stream.ids.push_back(record.output);
}

}  // namespace tephra

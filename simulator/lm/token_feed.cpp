#include "simulator/lm/token_feed.hpp"

#include <algorithm>

#include "simulator/state/plain_fields.hpp"

namespace tephra {

TokenLog::TokenLog(std::int64_t most) : blocks_((static_cast<std::size_t>(most) + block_size - 1) / block_size) {}

void TokenLog::add(const TokenRecord& record) {
    auto& block = blocks_[size_ / block_size];
    if (!block) block = std::make_unique<Block>();
    (*block)[size_ % block_size] = record;
    ++size_;
}

std::vector<TokenRecord> TokenLog::copy() const {
    std::vector<TokenRecord> records;
    records.reserve(size_);
    for (std::size_t k = 0; k < size_; ++k) records.push_back((*this)[k]);
    return records;
}

void TokenLog::state(StateFields& fields) {
    const std::size_t count = fields.count(size_, blocks_.size() * block_size);
    for (std::size_t k = 0; k < count && fields.sound(); ++k) {
        if (fields.loading()) add({});
        fields((*this)[k]);
    }
}

TokenFeed::TokenFeed(const TokenOptions& options)
    : mode_(options.mode),
      sample_(options.sample),
      progress_(options.progress),
      resumed_(options.resumed),
      samples_a_stream_(options.mode == RunMode::prefill ? 1 : options.new_tokens),
      tokens_(token_count(options)),
      total_(token_count(options)) {
    for (const auto& prompt : options.prompts) {
        Stream stream;
        stream.ids = prompt;
        streams_.push_back(std::move(stream));
    }
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

std::span<const std::int32_t> TokenFeed::enter(std::int64_t now) {
    const std::size_t s = next_stream();
    Stream& stream = streams_[s];
    TokenRecord record;
    record.stream = static_cast<int>(s);
    record.position = static_cast<int>(stream.entered);
    record.input = stream.ids[stream.entered++];
    record.entered = Picoseconds(now);
    turn_ = (s + 1) % streams_.size();
    tokens_.add(record);
    wanted_.push_back(samples(stream, record.position) ? 1 : 0);
    return {&tokens_[tokens_.size() - 1].input, 1};
}

void TokenFeed::leave(std::uint32_t token, std::span<const std::int32_t> logits, const PathPoint& end) {
    TokenRecord& record = tokens_[token];
    Stream& stream = streams_[static_cast<std::size_t>(record.stream)];
    record.left = Picoseconds(end.time);
    ++left_;
    sample(stream, record, logits);
    if (record.output >= 0 && stream.ids.size() > stream.entered) stream.known = end;
    if (progress_) progress_(left_, total_);
}

void TokenFeed::describe(Run& run) const {
    run.mode = mode_;
    run.streams = streams();
    run.tokens = tokens_.copy();
}

void TokenFeed::state(StateFields& fields) {
    std::size_t entered = 0;
    fields.fixed(streams_, [&](Stream& stream) {
        const std::size_t prompt = stream.ids.size();
        fields.list(stream.ids, static_cast<std::size_t>(most_tokens));
        fields(stream.entered, stream.sampled, stream.known);
        fields.expect(stream.ids.size() >= prompt && stream.entered <= stream.ids.size() && stream.sampled >= 0 &&
                          std::cmp_less_equal(stream.sampled, samples_a_stream_),
                      "a stream has other tokens");
        entered += stream.entered;
    });
    tokens_.state(fields);
    fields.list(wanted_, tokens_.size());
    fields(turn_, total_, left_);
    fields.expect(tokens_.size() == entered && wanted_.size() == entered && turn_ < streams_.size() && left_ >= 0 &&
                      std::cmp_less_equal(left_, entered) && std::cmp_less_equal(entered, total_),
                  "the tokens do not add up");
    for (std::size_t k = 0; k < tokens_.size(); ++k)
        fields.expect(tokens_[k].stream >= 0 && tokens_[k].stream < streams(), "a token is of no stream");
    if (!fields.loading() || !fields.sound()) return;
    for (std::size_t k = 0; k < tokens_.size() && resumed_; ++k)
        if (tokens_[k].output >= 0) resumed_(tokens_[k].stream, tokens_[k].output);
}

bool TokenFeed::samples(const Stream& stream, int position) const {
    return static_cast<std::size_t>(position) + 1 == stream.ids.size() && stream.sampled < samples_a_stream_ && sample_;
}

void TokenFeed::sample(Stream& stream, TokenRecord& record, std::span<const std::int32_t> logits) {
    if (!samples(stream, record.position)) return;
    record.output = sample_(record.stream, record.position, logits);
    ++stream.sampled;
    if (record.output < 0) total_ -= std::max(0, samples_a_stream_ - stream.sampled);
    if (record.output < 0 || stream.sampled >= samples_a_stream_) return;
    stream.ids.push_back(record.output);
}

}  // namespace tephra

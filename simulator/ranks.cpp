#include "simulator/ranks.hpp"

#include "simulator/wire.hpp"

namespace tephra {
namespace {

/// The last byte of what a rank sends.
enum : char { well = 0, failed = 1 };

std::string packed(const Error& error) {
    std::string bytes;
    WireWriter writer(bytes);
    writer.put(error.code);
    for (const std::string* text : {&error.message, &error.place, &error.hint}) writer.put_text(*text);
    return bytes;
}

Error unpacked(std::string_view bytes) {
    WireReader reader(bytes);
    Error error;
    error.code = reader.get<ErrorCode>();
    for (std::string* text : {&error.message, &error.place, &error.hint}) *text = reader.get_text();
    return error;
}

Error of_rank(int rank, Error error) {
    error.place = "rank " + std::to_string(rank) + (error.place.empty() ? "" : ", " + error.place);
    return error;
}

}  // namespace

Ranks::Ranks(RankExchange& exchange)
    : exchange_(exchange),
      out_(static_cast<std::size_t>(exchange.size())),
      in_(static_cast<std::size_t>(exchange.size())) {}

/// A round of out_, whose texts have their last byte.
void Ranks::round() {
    exchange_.swap(out_, in_);
    for (std::size_t r = 0; r < out_.size(); ++r) {
        std::string& text = static_cast<int>(r) == rank() ? out_[r] : in_[r];
        const char state = text.back();
        text.pop_back();
        if (state == failed && !failure_)
            failure_ = static_cast<int>(r) == rank() ? unpacked(text) : of_rank(static_cast<int>(r), unpacked(text));
    }
    for (std::string& text : out_) text.clear();
}

std::span<const std::string> Ranks::swap() {
    if (failure_) throw RanksFailed(*failure_);
    for (std::string& text : out_) text.push_back(well);
    round();
    if (failure_) throw RanksFailed(*failure_);
    return in_;
}

void Ranks::broadcast(std::string& text) {
    if (is_root())
        for (std::string& out : out_) out = text;
    const auto in = swap();
    if (!is_root()) text = in[root];
}

void Ranks::fail(const Error& error) {
    if (failure_) return;
    for (std::string& text : out_) text = packed(error) + static_cast<char>(failed);
    round();
}

}  // namespace tephra

#include "backends/fpga/link.hpp"

#include <algorithm>
#include <utility>

namespace tephra::fpga {
namespace {

constexpr std::uint8_t request_mark = 0xA5, answer_mark = 0x5A;
constexpr std::uint8_t hello_command = 1, write_memory_command = 2, token_command = 3, read_h_command = 4,
                       write_h_command = 5, read_memory_command = 6;
constexpr std::uint8_t good = 0, garbled = 1, core_error = 3;
constexpr std::size_t block_words = 256;   ///< of memory in a request
constexpr std::size_t block_states = 340;  ///< in a request: 3 bytes each
constexpr std::size_t header_bytes = 5, check_bytes = 2;
constexpr std::chrono::milliseconds slowest_byte(20);  ///< of an answer, on average
constexpr const char* check_line = "check the line, its rate (--baud) and that nobody else uses it";
constexpr const char* wrong_core = "its bitstream is of another version: make and write it again";

void put(std::vector<std::uint8_t>& out, std::uint32_t value, int bytes) {
    for (int n = 0; n < bytes; ++n) out.push_back(static_cast<std::uint8_t>(value >> (8 * n) & 255));
}

std::uint32_t take(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t n = 0; n < count; ++n) value |= std::uint32_t{bytes[at + n]} << (8 * n);
    return value;
}

std::int32_t state_of(std::uint32_t bits) {
    constexpr std::uint32_t sign = 1U << 23;
    return static_cast<std::int32_t>((bits ^ sign) - sign);
}

}  // namespace

std::uint16_t crc16(std::span<const std::uint8_t> bytes, std::uint16_t crc) {
    std::uint32_t value = crc;
    for (const std::uint8_t byte : bytes) {
        value ^= std::uint32_t{byte} << 8;
        for (int n = 0; n < 8; ++n) value = (value << 1 ^ ((value & 0x8000) != 0 ? 0x1021U : 0U)) & 0xFFFF;
    }
    return static_cast<std::uint16_t>(value);
}

BoardLink::BoardLink(std::unique_ptr<Transport> transport, int attempts, std::chrono::milliseconds patience,
                     std::chrono::milliseconds rest)
    : transport_(std::move(transport)), attempts_(attempts), patience_(patience), rest_(rest) {}

tl::unexpected<Error> BoardLink::fault(std::string message, std::string hint) const {
    return fail(ErrorCode::device, std::move(message), transport_->name(), std::move(hint));
}

Result<void> BoardLink::need(std::size_t bytes, std::chrono::milliseconds deadline) {
    while (received_.size() < bytes) {
        const auto left = deadline - transport_->clock();
        const auto more = transport_->receive(std::clamp(left, std::chrono::milliseconds(0), patience_));
        if (!more) return tl::unexpected(more.error());
        if (more->empty()) return fault("the board does not answer", "is it on, loaded and at this rate?");
        received_.insert(received_.end(), more->begin(), more->end());
    }
    return {};
}

Result<BoardLink::Answer> BoardLink::answer(std::size_t answer_bytes) {
    const auto begin = transport_->clock();
    // What stands before an answer's mark is noise.
    while (received_.empty() || received_.front() != answer_mark) {
        if (transport_->clock() > begin + patience_)
            return fault("what comes over the line is no answer of a board", check_line);
        if (!received_.empty()) received_.erase(received_.begin());
        if (auto ok = need(1, begin + patience_); !ok) return tl::unexpected(ok.error());
    }
    const auto deadline = transport_->clock() + patience_ + slowest_byte * (header_bytes + answer_bytes + check_bytes);
    if (auto ok = need(header_bytes, deadline); !ok) return tl::unexpected(ok.error());
    const std::size_t size = take(received_, 2, 3);
    if (size > answer_bytes)
        return fault("the board announces an answer of " + std::to_string(size) + " bytes, not of " +
                         std::to_string(answer_bytes),
                     check_line);
    if (auto ok = need(header_bytes + size + check_bytes, deadline); !ok) return tl::unexpected(ok.error());
    const std::span<const std::uint8_t> all(received_);
    if (crc16(all.subspan(1, header_bytes - 1 + size)) != take(all, header_bytes + size, 2))
        return fault("the board's answer is garbled", check_line);
    const auto body = all.subspan(header_bytes, size);
    return Answer{received_[1], {body.begin(), body.end()}};
}

void BoardLink::drain() {
    const auto deadline = transport_->clock() + patience_;
    while (transport_->clock() <= deadline)
        if (const auto noise = transport_->receive(rest_); !noise || noise->empty()) return;
}

Result<std::vector<std::uint8_t>> BoardLink::request(std::uint8_t command, std::span<const std::uint8_t> payload,
                                                     std::size_t answer_bytes) {
    std::vector<std::uint8_t> frame = {request_mark, ++sequence_, command};
    put(frame, static_cast<std::uint32_t>(payload.size()), 2);
    frame.insert(frame.end(), payload.begin(), payload.end());
    put(frame, crc16(std::span(frame).subspan(1)), 2);
    Error last;
    for (int attempt = 0; attempt < attempts_; ++attempt) {
        if (attempt > 0) drain();  // what is left of the answer before; after a rest the board takes a new frame
        received_.clear();
        if (auto ok = transport_->send(frame); !ok) return tl::unexpected(ok.error());
        auto got = answer(answer_bytes);
        if (!got) {
            last = got.error();
            continue;
        }
        if (got->status == garbled) {
            last = fault("the board got the request garbled", check_line).value();
            continue;
        }
        if (got->status == core_error)
            return fault("the board's core refused the memory image", "load a model that was packed for this core");
        if (got->status != good)
            return fault("the board does not know request " + std::to_string(command),
                         "write a bitstream of this version to it: backends/fpga/README.md, The board");
        if (got->body.size() != answer_bytes) {
            last = fault("the board's answer has " + std::to_string(got->body.size()) + " bytes, not " +
                             std::to_string(answer_bytes),
                         check_line)
                       .value();
            continue;
        }
        return std::move(got->body);
    }
    last.message += ", " + std::to_string(attempts_) + " times";
    return tl::unexpected(last);
}

Result<CoreShape> BoardLink::hello() {
    const auto body = request(hello_command, {}, 12);
    if (!body) return tl::unexpected(body.error());
    if (take(*body, 0, 3) != 0x504654 || (*body)[3] != 1)
        return fault("what answers is no board of ours",
                     "name the line of a board that backends/fpga/README.md describes");
    const auto field = [&](std::size_t at) { return static_cast<int>((*body)[at]); };
    const auto lanes = static_cast<int>(take(*body, 4, 2));
    if (field(6) >= static_cast<int>(packing_names().size()))
        return fault("the board's packing is " + std::to_string(field(6)), wrong_core);
    const CoreShape shape{lanes, static_cast<Packing>(field(6)), field(7), field(8), field(9), field(10), field(11)};
    if (const auto sound = check_shape(shape); !sound)
        return fault("the board says that it has " + sound.error().message, wrong_core);
    return shape;
}

Result<void> BoardLink::write_memory(std::uint32_t address, std::span<const std::uint32_t> words) {
    for (std::size_t begin = 0; begin < words.size(); begin += block_words) {
        const auto block = words.subspan(begin, std::min(block_words, words.size() - begin));
        std::vector<std::uint8_t> payload;
        put(payload, address + static_cast<std::uint32_t>(begin), 4);
        for (const std::uint32_t word : block) put(payload, word, 4);
        if (auto done = request(write_memory_command, payload, 0); !done) return tl::unexpected(done.error());
    }
    return {};
}

Result<void> BoardLink::read_memory(std::uint32_t address, std::span<std::uint32_t> words) {
    for (std::size_t begin = 0; begin < words.size(); begin += block_words) {
        const auto block = words.subspan(begin, std::min(block_words, words.size() - begin));
        std::vector<std::uint8_t> payload;
        put(payload, address + static_cast<std::uint32_t>(begin), 4);
        put(payload, static_cast<std::uint32_t>(block.size()), 2);
        const auto body = request(read_memory_command, payload, block.size() * 4);
        if (!body) return tl::unexpected(body.error());
        for (std::size_t n = 0; n < block.size(); ++n) block[n] = take(*body, 4 * n, 4);
    }
    return {};
}

Result<void> BoardLink::write_h(int stream, std::uint32_t begin, std::span<const std::int32_t> values) {
    for (std::size_t at = 0; at < values.size(); at += block_states) {
        const auto block = values.subspan(at, std::min(block_states, values.size() - at));
        std::vector<std::uint8_t> payload;
        put(payload, static_cast<std::uint32_t>(stream), 1);
        put(payload, begin + static_cast<std::uint32_t>(at), 3);
        for (const std::int32_t value : block) put(payload, static_cast<std::uint32_t>(value), 3);
        if (auto done = request(write_h_command, payload, 0); !done) return tl::unexpected(done.error());
    }
    return {};
}

Result<void> BoardLink::read_h(int stream, std::uint32_t begin, std::span<std::int32_t> values) {
    for (std::size_t at = 0; at < values.size(); at += block_states) {
        const auto block = values.subspan(at, std::min(block_states, values.size() - at));
        std::vector<std::uint8_t> payload;
        put(payload, static_cast<std::uint32_t>(stream), 1);
        put(payload, begin + static_cast<std::uint32_t>(at), 3);
        put(payload, static_cast<std::uint32_t>(block.size()), 2);
        const auto body = request(read_h_command, payload, block.size() * 3);
        if (!body) return tl::unexpected(body.error());
        for (std::size_t n = 0; n < block.size(); ++n) block[n] = state_of(take(*body, 3 * n, 3));
    }
    return {};
}

Result<BoardToken> BoardLink::token(std::span<const std::int32_t> ids, std::uint8_t active, bool head,
                                    std::size_t vocabulary) {
    std::vector<std::uint8_t> payload;
    for (const std::int32_t id : ids) put(payload, static_cast<std::uint32_t>(id), 3);
    const std::size_t logit_bytes = vocabulary * ids.size() * 3;
    put(payload, active, 1);
    put(payload, vocabulary > 0 ? 2U : head ? 1U : 0U, 1);
    put(payload, static_cast<std::uint32_t>(logit_bytes), 3);
    const auto body = request(token_command, payload, logit_bytes + ids.size() * 3);
    if (!body) return tl::unexpected(body.error());
    BoardToken token;
    for (std::size_t n = 0; n < vocabulary * ids.size(); ++n) token.logits.push_back(state_of(take(*body, 3 * n, 3)));
    for (std::size_t s = 0; s < ids.size(); ++s)
        token.choices.push_back(static_cast<std::int32_t>(take(*body, logit_bytes + 3 * s, 3)));
    return token;
}

}  // namespace tephra::fpga

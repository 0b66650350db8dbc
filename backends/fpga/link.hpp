#pragma once
// The host's end of the protocol with a board (backends/fpga/README.md, "The link").
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/fpga/core_shape.hpp"
#include "core/error.hpp"

namespace tephra::fpga {

/// Bytes to and from a board. Errors are of the line itself; silence is not one.
class Transport {
public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;
    /// What the user calls it.
    [[nodiscard]] virtual std::string name() const = 0;
    virtual Result<void> send(std::span<const std::uint8_t> bytes) = 0;
    /// At least one byte, or none when `wait` has passed.
    virtual Result<std::vector<std::uint8_t>> receive(std::chrono::milliseconds wait) = 0;
    /// Time on the line, from any beginning: of a simulated board the simulated one.
    [[nodiscard]] virtual std::chrono::milliseconds clock() const = 0;
};

/// CRC-16/CCITT-FALSE of `bytes`, after those that gave `crc`.
std::uint16_t crc16(std::span<const std::uint8_t> bytes, std::uint16_t crc = 0xFFFF);

/// What a token is to bring: [head][logits].
struct BoardToken {
    std::vector<std::int32_t> choices;  ///< [streams]
    std::vector<std::int32_t> logits;   ///< [vocabulary x streams], or empty
};

/// Every request is sent again when the answer does not come or does not hold; the board carries none out twice.
/// Errors of all: device: the board does not answer, answers garbled, or refuses.
class BoardLink {
public:
    /// Requests are sent `attempts` times at most, each with `patience` for an answer to begin, whatever noise comes
    /// before, and for each silence within it. `rest`: a silence after which the board takes what comes for a new
    /// request.
    explicit BoardLink(std::unique_ptr<Transport> transport, int attempts = 4,
                       std::chrono::milliseconds patience = std::chrono::milliseconds(1000),
                       std::chrono::milliseconds rest = std::chrono::milliseconds(30));

    /// What core the board has; device too when it cannot be one (check_shape).
    Result<CoreShape> hello();
    /// Words of memory; `address` counts units of 32 bits.
    Result<void> write_memory(std::uint32_t address, std::span<const std::uint32_t> words);
    Result<void> read_memory(std::uint32_t address, std::span<std::uint32_t> words);
    /// Recurrent states of a stream from `begin` on.
    Result<void> write_h(int stream, std::uint32_t begin, std::span<const std::int32_t> values);
    Result<void> read_h(int stream, std::uint32_t begin, std::span<std::int32_t> values);
    /// One token of the active streams; `vocabulary` logits of each stream, 0 for none; the greedy choices come when
    /// `head` holds.
    Result<BoardToken> token(std::span<const std::int32_t> ids, std::uint8_t active, bool head, std::size_t vocabulary);

private:
    struct Answer {
        std::uint8_t status = 0;
        std::vector<std::uint8_t> body;
    };
    Result<std::vector<std::uint8_t>> request(std::uint8_t command, std::span<const std::uint8_t> payload,
                                              std::size_t answer_bytes);
    /// One answer of at most `answer_bytes`, or why there is none.
    Result<Answer> answer(std::size_t answer_bytes);
    /// Waits until so many bytes have come; not beyond `deadline`.
    Result<void> need(std::size_t bytes, std::chrono::milliseconds deadline);
    /// Reads away what comes until the line rests.
    void drain();
    [[nodiscard]] tl::unexpected<Error> fault(std::string message, std::string hint) const;

    std::unique_ptr<Transport> transport_;
    int attempts_;
    std::chrono::milliseconds patience_, rest_;
    std::uint8_t sequence_ = 0;
    std::vector<std::uint8_t> received_;
};

}  // namespace tephra::fpga

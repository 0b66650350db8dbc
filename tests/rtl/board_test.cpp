// A board in simulation, spoken to over its serial line: a small model is loaded as a user would load it, the shipped
// one by the back door. Lost and garbled bytes lose nothing.
#include "backends/fpga/cycles.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/sampling.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"
#include "tests/rtl/simulated_board.hpp"

using namespace tephra;
using namespace tephra::fpga;
using test::board_shape;
using test::SimulatedBoard;
using test::SimulatedLine;

namespace {

constexpr auto patience = std::chrono::milliseconds(3), rest = std::chrono::milliseconds(1);

std::shared_ptr<const Deployment> small_model() {
    ModelConfig config = test::small_config();
    config.intermediate_size = 70;
    config.num_layers = 2;
    return test::random_deployment(config);
}

template <typename T>
T demand(Result<T> result) {
    if (!result) FAIL(to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Says the same again and again, whatever it is asked; every call takes a tenth of a millisecond.
class NoisyLine final : public Transport {
public:
    explicit NoisyLine(std::vector<std::uint8_t> noise) : noise_(std::move(noise)) {}
    [[nodiscard]] std::string name() const override { return "a noisy line"; }
    Result<void> send(std::span<const std::uint8_t> /*bytes*/) override { return {}; }
    Result<std::vector<std::uint8_t>> receive(std::chrono::milliseconds /*wait*/) override {
        ++calls_;
        return noise_;
    }
    [[nodiscard]] std::chrono::milliseconds clock() const override { return std::chrono::milliseconds(calls_ / 10); }

private:
    std::vector<std::uint8_t> noise_;
    std::int64_t calls_ = 0;
};

/// A good answer with this body.
std::vector<std::uint8_t> framed(const std::vector<std::uint8_t>& body) {
    std::vector<std::uint8_t> frame = {0x5A, 0, static_cast<std::uint8_t>(body.size()), 0, 0};
    frame.insert(frame.end(), body.begin(), body.end());
    const std::uint16_t check = crc16(std::span(frame).subspan(1));
    frame.push_back(static_cast<std::uint8_t>(check & 255));
    frame.push_back(static_cast<std::uint8_t>(check >> 8));
    return frame;
}

}  // namespace

TEST_CASE("a board is told a model over its line and runs it, equal to the golden engine") {
    SimulatedBoard board;
    BoardLink link(std::make_unique<SimulatedLine>(board), 4, patience, rest);
    const CoreShape shape = demand(link.hello());
    CHECK(shape.lanes == board_shape.lanes);
    CHECK(shape.packing == board_shape.packing);
    CHECK(shape.h_bits == board_shape.h_bits);
    const auto model = small_model();
    const Image image = pack_image(*model, shape).value();
    demand(link.write_memory(0, image.data));
    std::vector<std::uint32_t> back(1000);
    demand(link.read_memory(300, back));
    CHECK(std::equal(back.begin(), back.end(), image.data.begin() + 300));

    std::vector<std::int32_t> h(96), read(96);
    for (std::size_t j = 0; j < h.size(); ++j) h[j] = static_cast<std::int32_t>(j * 87381) - 4000000;
    demand(link.write_h(0, 0, h));
    demand(link.read_h(0, 0, read));
    CHECK(read == h);
    const auto golden = make_golden_engine(model, {1, 1}).value();
    REQUIRE(golden->write_state(0, h));
    std::vector<std::int32_t> logits(97);
    for (const std::int32_t id : {5, 96, 0}) {
        REQUIRE(golden->decode({&id, 1}, logits));
        const BoardToken token = demand(link.token({&id, 1}, 1, true, 97));
        CHECK(token.logits == logits);
        CHECK(token.choices == std::vector<std::int32_t>{greedy_token(logits)});
    }
    const std::int32_t id = 9;
    REQUIRE(golden->decode({&id, 1}, {}));
    demand(link.token({&id, 1}, 1, false, 0));
    REQUIRE(golden->read_state(0, h));
    demand(link.read_h(0, 0, read));
    CHECK(read == h);
    CHECK(board.chip().fault() == "");
}

TEST_CASE("lost and garbled bytes cost time and nothing else; a token is not computed twice") {
    SimulatedBoard board;
    auto line = std::make_unique<SimulatedLine>(board);
    SimulatedLine& bytes = *line;
    BoardLink link(std::move(line), 4, patience, rest);
    const auto model = small_model();
    board.load(pack_image(*model, board_shape).value());
    std::vector<std::int32_t> h(96), read(96), logits(97);
    demand(link.write_h(0, 0, h));
    const auto golden = make_golden_engine(model, {1, 1}).value();
    // The states are a request of 299 bytes and an answer of 7; a token is 15 bytes, and 10 or 301.
    bytes.garble_sent = {305, 372};
    bytes.drop_sent = {331};
    bytes.garble_received = {700, 1240};
    bytes.drop_received = {450};
    for (const std::int32_t id : {3, 96, 7}) {
        REQUIRE(golden->decode({&id, 1}, logits));
        const BoardToken token = demand(link.token({&id, 1}, 1, true, 97));
        CHECK(token.logits == logits);
        REQUIRE(golden->decode({&id, 1}, logits));
        CHECK(demand(link.token({&id, 1}, 1, true, 0)).choices.front() == greedy_token(logits));
    }
    demand(link.read_h(0, 0, read));
    REQUIRE(golden->read_state(0, h));
    CHECK(read == h);
    CHECK(board.chip().fault() == "");
}

TEST_CASE("a board that is silent, garbles everything or has no model is one clear error") {
    SimulatedBoard board;
    auto line = std::make_unique<SimulatedLine>(board);
    SimulatedLine& bytes = *line;
    BoardLink link(std::move(line), 2, patience, rest);
    const std::int32_t id = 1;
    const auto nothing = link.token({&id, 1}, 1, true, 0);
    REQUIRE(!nothing);
    CHECK(nothing.error().code == ErrorCode::device);
    CHECK_THAT(to_string(nothing.error()), test::contains("the board's core refused the memory image"));
    bytes.dead = true;
    const auto silent = link.hello();
    REQUIRE(!silent);
    CHECK_THAT(to_string(silent.error()), test::contains("the board does not answer, 2 times"));
    bytes.dead = false;
    for (std::uint64_t n = 0; n < 3000; ++n)
        if (n % 9 == 5) bytes.garble_received.push_back(n);
    const auto garbled = link.hello();
    REQUIRE(!garbled);
    CHECK_THAT(to_string(garbled.error()), test::contains("2 times"));
}

TEST_CASE("a line that brings noise without end is one clear error") {
    const auto [noise, message] = GENERATE(table<std::vector<std::uint8_t>, std::string>(
        {{{0x00}, "no answer of a board"},
         {{0x5A, 0x00, 0xFF, 0xFF, 0xFF}, "announces an answer of 16777215 bytes, not of 12"},
         {{0x5A, 0x00, 0x0C, 0x00, 0x00, 0x11}, "the board's answer is garbled"}}));
    BoardLink link(std::make_unique<NoisyLine>(noise), 2, patience, rest);
    const auto shape = link.hello();
    REQUIRE(!shape);
    CHECK_THAT(to_string(shape.error()), test::contains(message) && test::contains("2 times"));
    CHECK(!shape.error().hint.empty());
}

TEST_CASE("a board is refused whose core cannot be") {
    const auto [at, value, message] =
        GENERATE(table<std::size_t, std::uint8_t, std::string>({{4, 0, "0 lanes of two-bits weights"},
                                                                {5, 255, "65296 lanes"},
                                                                {4, 17, "17 lanes"},
                                                                {6, 2, "packing is 2"},
                                                                {7, 0, "0 streams"},
                                                                {7, 65, "65 streams"},
                                                                {8, 25, "25 bits of an address"},
                                                                {11, 0, "0 bits of an address"}}));
    std::vector<std::uint8_t> body = {'T', 'F', 'P', 1, 16, 0, 0, 1, 8, 10, 11, 6};
    body[at] = value;
    BoardLink link(std::make_unique<NoisyLine>(framed(body)), 1, patience, rest);
    const auto shape = link.hello();
    REQUIRE(!shape);
    CHECK(shape.error().code == ErrorCode::device);
    CHECK_THAT(to_string(shape.error()), test::contains(message));
    body = {'T', 'F', 'P', 1, 16, 0, 0, 64, 24, 1, 11, 6};
    BoardLink sound(std::make_unique<NoisyLine>(framed(body)), 1, patience, rest);
    CHECK(demand(sound.hello()).streams == 64);
}

TEST_CASE("the shipped model runs on the board, at the rate that its SDRAM allows") {
    const auto model = load_model(std::string(TEPHRA_MODELS) + "/mmf-7m.tph").value();
    SimulatedBoard board;
    board.load(pack_image(*model, board_shape).value());
    BoardLink link(std::make_unique<SimulatedLine>(board), 4, std::chrono::milliseconds(20), rest);  // a token takes 9
    demand(link.write_h(0, 0, std::vector<std::int32_t>(6 * 256)));
    const auto native = make_native_engine(model, {1, 1}).value();
    std::vector<std::int32_t> logits(static_cast<std::size_t>(model->graph.config.vocab_size));
    std::int32_t id = 1;
    std::uint64_t cycles = 0;
    for (int t = 0; t < 4; ++t) {
        REQUIRE(native->decode({&id, 1}, logits));
        board.busy_cycles();
        const BoardToken token = demand(link.token({&id, 1}, 1, true, 0));
        cycles = board.busy_cycles();
        id = greedy_token(logits);
        REQUIRE(token.choices.front() == id);
    }
    CHECK(board.chip().fault() == "");
    const CycleCount count =
        count_cycles(model->graph.config, model->graph.embeddings.type, board_shape, HeadMode::greedy);
    const double port = static_cast<double>(count.words) / static_cast<double>(cycles);
    const double tokens = test::board_mhz * 1e6 / static_cast<double>(cycles);
    WARN(board_shape.lanes << " lanes: " << cycles << " cycles a token (" << count.total() << " with ideal memory), "
                           << tokens << " tok/s at 50 / 100 MHz, memory port " << 100 * port << " %");
    CHECK(std::abs(static_cast<double>(sdram_cycles(count)) / static_cast<double>(cycles) - 1) < 0.005);
    CHECK(port > 0.90);
    CHECK(tokens > (board_shape.packing == Packing::five_trits ? 130 : 105));
}

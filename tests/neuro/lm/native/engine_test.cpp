// The native engine against the golden one: logits, states and every tap, for any number of threads, any cut of a
// sequence and every instruction set.
#include <map>
#include <tuple>

#include "neuro/lm/engine.hpp"
#include "tests/neuro/lm/random_model.hpp"
#include "tests/neuro/on_every_target.hpp"

using namespace tephra;

namespace {

using Values = std::vector<std::int32_t>;
/// All values that a tap saw, in order of tokens, by (stream, block, name).
using Seen = std::map<std::tuple<int, int, std::string>, Values>;

Tap record_into(Seen& seen) {
    return [&seen](int stream, int block, std::string_view name, std::span<const std::int32_t> values) {
        Values& all = seen[{stream, block, std::string(name)}];
        all.insert(all.end(), values.begin(), values.end());
    };
}

ModelConfig config(int hidden, int layers, int intermediate, int vocabulary) {
    ModelConfig c = test::small_config();
    c.hidden_size = hidden, c.num_layers = layers, c.intermediate_size = intermediate, c.vocab_size = vocabulary;
    return c;
}

Values state_of(const Engine& engine, const Deployment& model, int stream) {
    Values h(model.graph.blocks.size() * static_cast<std::size_t>(model.graph.config.hidden_size));
    REQUIRE(engine.read_state(stream, h));
    return h;
}

std::string difference(const Seen& a, const Seen& b) {
    for (const auto& [key, values] : a) {
        const auto other = b.find(key);
        const std::string name = std::get<2>(key) + " of block " + std::to_string(std::get<1>(key));
        if (other == b.end()) return name + " was not seen";
        if (values != other->second) return name + " differs";
    }
    return a.size() == b.size() ? "" : "other names were seen";
}

struct Outcome {
    Seen seen;
    Values logits, state;
};

/// Feeds `ids` to the last stream in pieces.
Outcome run(Engine& engine, const Deployment& model, std::span<const std::int32_t> ids, std::size_t piece,
            bool tapped) {
    const auto vocabulary = static_cast<std::size_t>(model.graph.config.vocab_size);
    Outcome outcome;
    if (tapped) engine.set_tap(record_into(outcome.seen));
    const int stream = engine.streams() - 1;
    REQUIRE(engine.write_state(stream, Values(state_of(engine, model, stream).size(), 0)));
    outcome.logits.assign(ids.size() * vocabulary, 0x5A5A5A5A);
    for (std::size_t begin = 0; begin < ids.size(); begin += piece) {
        const std::size_t count = std::min(piece, ids.size() - begin);
        REQUIRE(engine.prefill(stream, ids.subspan(begin, count), Logits::all,
                               std::span(outcome.logits).subspan(begin * vocabulary, count * vocabulary)));
    }
    outcome.state = state_of(engine, model, stream);
    engine.set_tap({});
    return outcome;
}

}  // namespace

TEST_CASE("the native engine equals the golden engine in every value", "[threads]") {
    const ModelConfig shape =
        GENERATE(test::small_config(), config(300, 2, 96, 515), config(1, 1, 1, 2), config(520, 2, 1100, 130));
    INFO("hidden " << shape.hidden_size << " intermediate " << shape.intermediate_size);
    const auto model = test::random_deployment(shape, 5);
    const auto ids = test::random_ids(70, shape.vocab_size, 9);
    const auto golden = make_golden_engine(model, {}).value();
    const Outcome expected = run(*golden, *model, ids, ids.size(), true);
    test::on_every_target([&] {
        for (const int threads : {1, 2, 3}) {
            const auto native = make_native_engine(model, {.streams = 1, .threads = threads}).value();
            INFO(threads << " threads");
            const Outcome outcome = run(*native, *model, ids, threads == 2 ? 33 : 70, true);
            CHECK(difference(expected.seen, outcome.seen).empty());
            CHECK(outcome.logits == expected.logits);
            CHECK(outcome.state == expected.state);
        }
    });
}

TEST_CASE("a sequence may be cut anywhere") {
    const auto model = test::random_deployment(config(300, 2, 96, 131));  // shared from 10 tokens on
    const auto ids = test::random_ids(300, model->graph.config.vocab_size, 3);
    const auto golden = make_golden_engine(model, {}).value();
    const Outcome expected = run(*golden, *model, ids, ids.size(), false);
    for (const int threads : {1, 2, 3}) {
        const auto native = make_native_engine(model, {.streams = 3, .threads = threads}).value();
        for (const std::size_t piece : {1UL, 2UL, 7UL, 127UL, 128UL, 129UL, 255UL, 256UL, 300UL}) {
            INFO("pieces of " << piece << ", " << threads << " threads");
            const Outcome outcome = run(*native, *model, ids, piece, false);
            CHECK(outcome.logits == expected.logits);
            CHECK(outcome.state == expected.state);
        }
    }
}

TEST_CASE("streams decode side by side and do not touch each other", "[threads]") {
    const auto model = test::random_deployment(config(520, 2, 1100, 130));  // shared from 2 tokens on
    const auto vocabulary = static_cast<std::size_t>(model->graph.config.vocab_size);
    const int threads = GENERATE(1, 2);
    const auto golden = make_golden_engine(model, {.streams = 9}).value();
    const auto native = make_native_engine(model, {.streams = 9, .threads = threads}).value();
    Seen seen, expected_seen;
    native->set_tap(record_into(seen));
    golden->set_tap(record_into(expected_seen));
    for (const std::size_t active : {9UL, 1UL, 2UL, 8UL, 5UL}) {
        const auto ids = test::random_ids(static_cast<int>(active), static_cast<int>(vocabulary), active);
        Values expected(active * vocabulary), logits(active * vocabulary, 0x5A5A5A5A);
        REQUIRE(golden->decode(ids, expected));
        REQUIRE(native->decode(ids, logits));
        CHECK(logits == expected);
    }
    CHECK(difference(expected_seen, seen).empty());
    for (int stream = 0; stream < 9; ++stream)
        CHECK(state_of(*native, *model, stream) == state_of(*golden, *model, stream));
}

TEST_CASE("logits are given when wanted and a written state continues") {
    const auto model = test::random_deployment();
    const auto vocabulary = static_cast<std::size_t>(model->graph.config.vocab_size);
    const auto ids = test::random_ids(200, static_cast<int>(vocabulary), 4);
    const auto native = make_native_engine(model, {.streams = 2, .threads = 2}).value();
    Values all(ids.size() * vocabulary), last(vocabulary);
    REQUIRE(native->prefill(0, ids, Logits::all, all));
    const Values state = state_of(*native, *model, 0);
    REQUIRE(native->prefill(1, std::span(ids).first(150), Logits::none, {}));
    REQUIRE(native->prefill(1, std::span(ids).subspan(150), Logits::last, last));
    CHECK(std::equal(last.begin(), last.end(), all.end() - static_cast<std::ptrdiff_t>(vocabulary)));
    CHECK(state_of(*native, *model, 1) == state);
    const auto other = make_native_engine(model, {}).value();
    REQUIRE(other->write_state(0, state));
    REQUIRE(other->decode(std::span(ids).first(1), last));
    REQUIRE(native->decode(std::span(ids).first(1), std::span(all).first(vocabulary)));
    CHECK(std::equal(last.begin(), last.end(), all.begin()));
}

TEST_CASE("the native engine refuses bad arguments and changes nothing") {
    const auto model = test::random_deployment();
    const auto vocabulary = static_cast<std::size_t>(model->graph.config.vocab_size);
    const auto native = make_native_engine(model, {.streams = 2, .threads = 2}).value();
    Values logits(vocabulary);
    const Values three{1, 2, 3}, outside{static_cast<std::int32_t>(vocabulary)}, negative{-1}, one{1};
    CHECK_FALSE(native->decode(three, {}));
    CHECK_FALSE(native->decode(outside, {}));
    CHECK_FALSE(native->decode(negative, logits));
    CHECK_FALSE(native->decode(one, std::span(logits).first(3)));
    CHECK_FALSE(native->prefill(2, one, Logits::none, {}));
    CHECK_FALSE(native->prefill(0, three, Logits::all, logits));
    CHECK_FALSE(native->read_state(0, logits));
    CHECK_FALSE(native->write_state(5, logits));
    Values state = state_of(*native, *model, 0);
    CHECK(state == Values(state.size(), 0));
    state[0] = state_max + 1;
    CHECK_FALSE(native->write_state(0, state));
    CHECK(native->prefill(0, {}, Logits::none, {}));
    CHECK(native->decode({}, {}));
}

TEST_CASE("the native engine equals the golden engine on the trained models") {
    for (const char* name : {"mmf-7m", "mmf-25m"}) {
        const std::string path = std::string(TEPHRA_MODELS) + "/" + name + ".tph";
        if (!std::filesystem::exists(path)) continue;
        const auto model = load_model(path).value();
        const auto ids = test::random_ids(24, model->graph.config.vocab_size, 2);
        const auto golden = make_golden_engine(model, {}).value();
        const auto native = make_native_engine(model, {.streams = 1, .threads = 2}).value();
        const Outcome expected = run(*golden, *model, ids, ids.size(), true);
        const Outcome outcome = run(*native, *model, ids, 20, true);
        INFO(name);
        CHECK(difference(expected.seen, outcome.seen).empty());
        CHECK(outcome.logits == expected.logits);
        CHECK(outcome.state == expected.state);
    }
}

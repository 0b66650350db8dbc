#include "simulator/lm/token_feed.hpp"

#include "core/narrow.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

TokenOptions options_for(RunMode mode, std::vector<std::vector<std::int32_t>> prompts, int new_tokens) {
    TokenOptions options;
    options.mode = mode;
    options.prompts = std::move(prompts);
    options.new_tokens = new_tokens;
    options.sample = [](int, int, std::span<const std::int32_t>) { return 7; };
    return options;
}

/// Lets the next token in, number `now`.
void enter(TokenFeed& feed, std::int64_t now) {
    const auto values = feed.enter(now);
    REQUIRE(values.size() == 1);
    CHECK(values[0] == feed.token(narrow<std::uint32_t>(now)).input);
}

}  // namespace

TEST_CASE("records of tokens do not move, and a feed keeps nothing of the options it was made of") {
    TokenLog log(10'000);
    log.add({0, 0, 5, -1, Picoseconds(1), Picoseconds(2)});
    const TokenRecord* first = &log[0];
    for (int k = 1; k < 10'000; ++k) log.add({0, k, k, -1, {}, {}});
    CHECK(&log[0] == first);
    CHECK(log.size() == 10'000);
    const std::vector<TokenRecord> copy = log.copy();
    for (int k = 0; k < 10'000; ++k) CHECK(copy[static_cast<std::size_t>(k)].position == k);

    TokenFeed feed(options_for(RunMode::generate, {{1}}, 2));  // a temporary
    enter(feed, 0);
    feed.leave(0, {}, {});
    CHECK(feed.token(0).output == 7);
    CHECK(feed.total() == 2);
    enter(feed, 1);
    CHECK(feed.token(1).input == 7);
}

TEST_CASE("only tokens that are sampled from want logits") {
    const TokenOptions generate = options_for(RunMode::generate, {{1, 2, 3}}, 2);
    TokenFeed feed(generate);
    for (int k = 0; k < 3; ++k) enter(feed, k);
    CHECK_FALSE(feed.wants_output(0));
    CHECK_FALSE(feed.wants_output(1));
    CHECK(feed.wants_output(2));
    for (std::uint32_t k = 0; k < 3; ++k) feed.leave(k, {}, {});
    REQUIRE(feed.waiting());
    enter(feed, 3);
    CHECK(feed.token(3).input == 7);
    CHECK(feed.wants_output(3));

    TokenOptions prefill = options_for(RunMode::prefill, {{1, 2}, {3}}, 0);
    TokenFeed two(prefill);
    for (int k = 0; k < 3; ++k) enter(two, k);
    int wanted = 0;
    for (std::uint32_t k = 0; k < 3; ++k) wanted += two.wants_output(k) ? 1 : 0;
    CHECK(wanted == 2);
    prefill.sample = nullptr;
    TokenFeed silent(prefill);
    for (int k = 0; k < 3; ++k) enter(silent, k);
    for (std::uint32_t k = 0; k < 3; ++k) CHECK_FALSE(silent.wants_output(k));
}

TEST_CASE("a head on the host works for the tokens that are sampled from alone") {
    const auto model = *make_synthetic_model(synth_shape(96, 2, 150, 130, 5));
    const Program program = lower(model);
    const Machine machine = *find_machine("kapoho-point");
    const Mapping mapping = test::spread(program, machine, 32, 3, true);
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow}) {
        TokenOptions options = options_for(RunMode::prefill, {{1, 2, 3, 4, 5}}, 0);
        options.sync = sync;
        const auto sampled = simulate_tokens(program, machine, mapping, options);
        REQUIRE(sampled);
        options.sample = nullptr;
        const auto silent = simulate_tokens(program, machine, mapping, options);
        REQUIRE(silent);
        CHECK(total(*silent, EventKind::host_synop) == 0);
        CHECK(total(*sampled, EventKind::host_synop) > 0);
        CHECK(total(*sampled, EventKind::host_synop) <= std::int64_t{96} * 130);
        const std::int64_t embedding = total(*silent, EventKind::host_update);
        CHECK(embedding % 5 == 0);
        CHECK(total(*sampled, EventKind::host_update) == embedding + 2 * 130);  // logits and their sampler, once
        CHECK(total(*sampled, EventKind::neuron_update) == total(*silent, EventKind::neuron_update));
        CHECK(silent->elapsed < sampled->elapsed);
    }
}

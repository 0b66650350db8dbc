// What simulate() refuses, and what lies just within its limits.
#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "neuro/team.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "simulator/lm/token_feed.hpp"
#include "simulator/schedule.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

Program small_program() {
    return lower(*make_synthetic_model(synth_shape(96, 2, 150, 130, 5)));
}

}  // namespace

TEST_CASE("what a run cannot do is refused") {
    const Program program = small_program();
    const Machine machine = *find_machine("oheo-gulch");
    const Mapping mapping = test::spread(program, machine, 16);
    TokenOptions good;
    good.mode = RunMode::prefill;
    good.prompts = {{1}};
    REQUIRE(simulate_tokens(program, machine, mapping, good));
    const auto code = [&](const Mapping& map, const TokenOptions& options) {
        const auto run = simulate_tokens(program, machine, map, options);
        return run ? ErrorCode::internal : run.error().code;
    };
    TokenOptions options = good;
    options.prompts = {{1}, {2}};
    CHECK(code(mapping, options) == ErrorCode::does_not_fit);
    for (const std::vector<std::vector<std::int32_t>>& prompts :
         {std::vector<std::vector<std::int32_t>>{}, {{}}, {{-1}}, {{130}}}) {
        options.prompts = prompts;
        CHECK(code(mapping, options) == ErrorCode::bad_input);
    }
    options = good;
    for (const int threads : {0, max_threads + 1}) {
        options.threads = threads;
        CHECK(code(mapping, options) == ErrorCode::bad_input);
    }
    Mapping other = mapping;
    other.model.low ^= 1;
    CHECK(code(other, good) == ErrorCode::bad_input);
    other = mapping;
    other.machine.low ^= 1;
    CHECK(code(other, good) == ErrorCode::bad_input);
    options = good;
    options.new_tokens = 1;  // prefill generates nothing
    options.sample = [](int, int, std::span<const std::int32_t>) { return 1; };
    CHECK(code(mapping, options) == ErrorCode::bad_input);
    options.mode = RunMode::generate;
    CHECK(simulate_tokens(program, machine, mapping, options));
    options.sample = nullptr;
    CHECK(code(mapping, options) == ErrorCode::bad_input);
    options = good;
    options.threads = 0;
    CHECK(code(mapping, options) == ErrorCode::bad_input);
}

TEST_CASE("a mapping that breaks a rule of its machine is never run") {
    const Program program = small_program();
    Machine machine = *find_machine("oheo-gulch");
    machine.dead_cores = {CoreId(7)};
    machine.mesh.usable_cores = machine.cores_per_chip() - 1;
    machine.limits.neurons = 300;
    machine = *parse_machine(machine_json(machine), "machine");
    const Mapping good = test::spread(program, machine, 16);
    TokenOptions options;
    options.mode = RunMode::prefill;
    options.prompts = {{1}};
    REQUIRE(simulate_tokens(program, machine, good, options));
    const auto refused = [&](const auto& change) {
        Mapping mapping = good;
        change(mapping);
        const auto run = simulate_tokens(program, machine, mapping, options);
        return !run && run.error().code != ErrorCode::internal;
    };
    CHECK(refused([](Mapping& m) { m.slices[1][0].end = 2; }));
    CHECK(refused([](Mapping& m) { m.slices[1].clear(); }));  // not a population of the host
    CHECK(refused([](Mapping& m) { m.slices.pop_back(); }));
    CHECK(refused([&](Mapping& m) {  // all on one core: each population fits, all together do not
        for (std::size_t p = 0; p < m.slices.size(); ++p)
            if (!m.slices[p].empty()) m.slices[p] = {{CoreId(0), 0, program.populations[p].size}};
    }));
    const auto moved_to = [&](CoreId core) {
        return refused([&](Mapping& m) {
            const CoreId from = m.slices[1][0].core;
            for (auto& slices : m.slices)
                for (Slice& slice : slices)
                    if (slice.core == from) slice.core = core;
        });
    };
    CHECK(moved_to(CoreId(7)));                             // dead
    CHECK(moved_to(CoreId(machine.cores_per_chip() - 1)));  // reserved
    CHECK(moved_to(CoreId(machine.cores())));               // not there
    CHECK(moved_to(CoreId(-1)));
}

TEST_CASE("a run may ask for as many tokens as its numbers hold, and reserves nothing for them") {
    const Program program = small_program();
    Machine machine = *find_machine("oheo-gulch");
    machine.host.token = Picoseconds(1'000'000'000'000);
    const Mapping mapping = test::spread(program, machine, 16, 2);
    TokenOptions options;
    options.noc = NocMode::ideal;
    options.prompts = {{3, 4}};
    options.sample = [](int, int position, std::span<const std::int32_t>) { return position < 3 ? 1 : -1; };
    const auto plan = make_schedule(program, machine, mapping, false);
    REQUIRE(plan);
    // Two tokens of prompt, and new ones of which the last does not enter.
    const auto most = static_cast<int>((longest_time.value() - 1) / (*plan)->longest_token.value()) - 1;
    options.new_tokens = most;
    const auto run = simulate_tokens(program, machine, mapping, options);
    if (!run) FAIL(to_string(run.error()));
    CHECK(run->tokens.size() == 4);
    for (const int tokens : {most + 1, INT32_MAX - 1, INT32_MAX}) {
        options.new_tokens = tokens;
        const auto refused = simulate_tokens(program, machine, mapping, options);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::does_not_fit);
        CHECK(refused.error().place == "new tokens");
    }
    // The numbers of tokens: 2 + (n - 1) may reach most_tokens, if time allows; two streams may not.
    options.new_tokens = INT32_MAX - 1;
    CHECK(token_count(options) == most_tokens);
    options.prompts = {{3}, {4}};
    const auto refused = simulate_tokens(program, machine, mapping, options);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, test::contains(std::to_string(most_tokens)));
}

#include "neuro/team.hpp"

#include <new>
#include <stdexcept>
#include <vector>

#include "neuro/lm/engine.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/memory_limit.hpp"

using namespace tephra;

TEST_CASE("a team runs a job on every worker and its barrier orders their work", "[threads]") {
    for (const int threads : {1, 2, 3}) {
        Team team(threads);
        const auto size = static_cast<std::size_t>(threads);
        std::vector<int> steps(size, 0);
        std::vector<int> wrong(size, 0);
        for (int job = 0; job < 20; ++job)
            team.run([&](int worker) {
                const auto me = static_cast<std::size_t>(worker);
                for (int step = 0; step < 20; ++step) {
                    ++steps[me];
                    team.barrier();
                    for (const int other : steps) wrong[me] += other != steps[me];
                    team.barrier();
                }
            });
        CHECK(steps == std::vector<int>(size, 400));
        CHECK(wrong == std::vector<int>(size, 0));
    }
}

TEST_CASE("a team shares a loop and calls its body once for each index", "[threads]") {
    for (const int threads : {1, 2, 5}) {
        Team team(threads);
        for (const std::size_t count : {0UL, 1UL, 2UL, 1000UL}) {
            std::vector<std::atomic<int>> calls(count);
            std::atomic<bool> stranger{false};
            team.for_each(count, [&](std::size_t index, int worker) {
                ++calls[index];
                if (worker < 0 || worker >= threads) stranger = true;
            });
            for (const auto& number : calls) CHECK(number == 1);
            CHECK_FALSE(stranger);
        }
    }
}

TEST_CASE("an exception of any worker reaches the caller, and the team goes on", "[threads]") {
    for (const int threads : {1, 2, 4}) {
        Team team(threads);
        for (int thrower = 0; thrower < threads; ++thrower) {
            CHECK_THROWS_WITH(team.run([&](int worker) {
                team.barrier();
                if (worker == thrower) throw std::runtime_error("worker " + std::to_string(worker));
                team.barrier();
                team.barrier();
            }),
                              "worker " + std::to_string(thrower));
            std::atomic<int> sum{0};
            team.run([&](int worker) {
                sum += worker + 1;
                team.barrier();
            });
            CHECK(sum == threads * (threads + 1) / 2);
        }
        CHECK_THROWS_AS(team.for_each(100,
                                      [](std::size_t index, int) {
                                          if (index == 50) throw std::bad_alloc();
                                      }),
                        std::bad_alloc);
        CHECK_THROWS_AS(team.run([](int) { throw std::bad_alloc(); }), std::bad_alloc);
        std::atomic<int> calls{0};
        team.for_each(100, [&](std::size_t, int) { ++calls; });
        CHECK(calls == 100);
    }
}

TEST_CASE("a number of threads is refused outside its limits", "[threads]") {
    CHECK(check_threads(1));
    CHECK(check_threads(max_threads));
    for (const int threads : {0, -1, max_threads + 1}) {
        const auto error = check_threads(threads).error();
        CHECK(error.code == ErrorCode::bad_input);
        CHECK(error.message == std::to_string(threads) + " threads");
    }
}

// A sanitizer ends the process when the system refuses it memory.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("threads that the system has no room for are an error, and those that were started end", "[threads]") {
    const auto check = [](const Error& error) {
        CHECK(error.code == ErrorCode::bad_input);
        CHECK(error.place == "threads");
        CHECK_THAT(error.message, test::contains("the system has room for "));
        CHECK_THAT(error.message, test::contains(" of " + std::to_string(max_threads) + " threads: "));
        CHECK_THAT(error.hint, test::contains("ask for fewer"));
    };
    const auto model = *make_synthetic_model(synth_shape(64, 1, 64, 64, 5));
    {
        const test::MemoryLimit limit(256 << 20);  // some stacks of 8 MiB
        const auto result = with_threads([]() -> Result<int> { return Team(max_threads).size(); });
        REQUIRE_FALSE(result);
        check(result.error());
        const auto engine = make_native_engine(model, {1, max_threads});
        REQUIRE_FALSE(engine);
        check(engine.error());
        CHECK(with_threads([]() -> Result<int> { return Team(2).size(); }).value() == 2);
    }
    CHECK(make_native_engine(model, {1, 2}));
}
#endif

TEST_CASE("parts cover a range without overlap, in units of 64", "[threads]") {
    for (const std::size_t count : {0UL, 1UL, 63UL, 64UL, 65UL, 1000UL, 2560UL, 6912UL})
        for (const int parts : {1, 2, 3, 7}) {
            std::size_t at = 0;
            for (int i = 0; i < parts; ++i) {
                const Range part = part_of(count, i, parts);
                CHECK(part.begin == at);
                CHECK((part.begin % 64 == 0 || part.begin == count));
                at = part.end;
            }
            CHECK(at == count);
        }
}

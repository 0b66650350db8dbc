#include "simulator/ranks.hpp"

#include <stdexcept>

#include "tests/catch.hpp"
#include "tests/simulator/thread_ranks.hpp"

using namespace tephra;

TEST_CASE("in a round each rank gets what the others sent to it", "[threads]") {
    std::vector<std::string> got(3), told(3);
    test::ThreadRounds(3).run([&](Ranks& ranks) {
        const auto me = static_cast<std::size_t>(ranks.rank());
        for (int round = 0; round < 2; ++round) {
            for (std::size_t r = 0; r < 3; ++r) ranks.out()[r] += std::to_string(10 * me + r) + std::string(1, '\0');
            const auto in = ranks.swap();
            for (std::size_t r = 0; r < 3; ++r)
                if (r != me) got[me] += in[r];
        }
        told[me] = me == 0 ? "text of the root" : "";
        ranks.broadcast(told[me]);
    });
    using namespace std::string_literals;
    CHECK(got[0] == "10\00020\00010\00020\0"s);
    CHECK(got[1] == "1\00021\0001\00021\0"s);
    CHECK(got[2] == "2\00012\0002\00012\0"s);
    for (const std::string& text : told) CHECK(text == "text of the root");
}

TEST_CASE("a failure reaches all ranks in the round in which it is told", "[threads]") {
    std::vector<std::string> errors(4), later(4);
    std::vector<ErrorCode> codes(4);
    test::ThreadRounds(4).run([&](Ranks& ranks) {
        const Result<int> result = on_ranks(&ranks, [&]() -> Result<int> {
            (void)ranks.swap();
            if (ranks.rank() >= 2) return bad_input("lost " + std::to_string(ranks.rank()), "a file", "find it");
            (void)ranks.swap();
            (void)ranks.swap();
            return 1;
        });
        const auto me = static_cast<std::size_t>(ranks.rank());  // Catch's checks are for one thread
        if (!result) errors[me] = to_string(result.error());
        ranks.fail({ErrorCode::internal, "later", "", ""});  // too late: nobody waits for it
        codes[me] = ranks.failure()->code;
        try {
            (void)ranks.swap();
        } catch (const RanksFailed& failed) {
            later[me] = failed.what();
        }
    });
    for (const ErrorCode code : codes) CHECK(code == ErrorCode::bad_input);
    for (const std::string& what : later) CHECK(what == "lost 2");
    CHECK(errors[0] == "rank 2, a file: lost 2 (find it)");
    CHECK(errors[1] == errors[0]);
    CHECK(errors[2] == "a file: lost 2 (find it)");
    CHECK(errors[3] == errors[0]);
}

TEST_CASE("an exception on one rank is an error on the others, and none succeeds", "[threads]") {
    std::vector<std::string> errors(3);
    test::ThreadRounds(3).run([&](Ranks& ranks) {
        std::string& error = errors[static_cast<std::size_t>(ranks.rank())];
        try {
            const Result<int> result = on_ranks(&ranks, [&]() -> Result<int> {
                if (ranks.rank() == 1) throw std::runtime_error("no more");
                return 1;
            });
            error = result ? "succeeded" : to_string(result.error());
        } catch (const std::runtime_error& thrown) {
            error = thrown.what();
        }
    });
    CHECK(errors[0] == "rank 1: internal error: no more");
    CHECK(errors[1] == "no more");
    CHECK(errors[2] == errors[0]);
}

TEST_CASE("one process alone needs no ranks") {
    CHECK(on_ranks(nullptr, []() -> Result<int> { return 5; }).value() == 5);
}

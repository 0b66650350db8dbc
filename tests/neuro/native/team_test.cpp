#include "neuro/native/team.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("a team runs a job on every worker and its barrier orders their work") {
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

TEST_CASE("parts cover a range without overlap, in units of 64") {
    for (const std::size_t count : {0, 1, 63, 64, 65, 1000, 2560, 6912})
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

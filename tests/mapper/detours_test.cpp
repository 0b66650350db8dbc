#include <algorithm>
#include <optional>

#include "core/philox.hpp"
#include "mapper/route.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;
using test::small_machine;

TEST_CASE("A detour goes over the chip that makes the shortest way, of equal ones the first") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Machine machine = small_machine({4, 3, 3}, {1, 1}, 1);
        for (int from = 0; from < machine.chips(); ++from)
            for (int to = 0; to < machine.chips(); ++to)
                if (are_neighbours(machine, ChipId(from), ChipId(to)) &&
                    random_words(seed, 0, static_cast<std::uint64_t>(from), static_cast<std::uint32_t>(to))[0] % 12 ==
                        0)
                    machine.dead_links.push_back({ChipId(from), ChipId(to)});
        const auto topology = Topology::create(machine);
        if (!topology) continue;                    // a chip was cut off
        const auto steps = [&](int from, int to) {  // of the straight path; none: a dead link is on it
            std::optional<int> count = 0;
            for (ChipId at(from); at.value != to; count = *count + 1) {
                const int direction = topology->chip_direction(at, ChipId(to));
                const int stride = direction < 2 ? 1 : (direction < 4 ? 4 : 12);
                const ChipId next(at.value + (direction % 2 == 0 ? stride : -stride));
                if (std::ranges::count(machine.dead_links, Machine::DeadLink{at, next}) > 0)
                    return std::optional<int>();
                at = next;
            }
            return count;
        };
        for (int from = 0; from < machine.chips(); ++from)
            for (int to = 0; to < machine.chips(); ++to) {
                std::optional<int> shortest;
                ChipId best;
                for (int via = 0; via < machine.chips() && !steps(from, to); ++via) {
                    const auto first = steps(from, via), second = steps(via, to);
                    if (via == from || via == to || !first || !second) continue;
                    if (shortest && *first + *second >= *shortest) continue;
                    shortest = *first + *second;
                    best = ChipId(via);
                }
                CHECK(topology->detour(ChipId(from), ChipId(to)) == best);
            }
    }
}

#include "neuro/spiking/scattered.hpp"

#include "neuro/spiking/image.hpp"
#include "tests/neuro/spiking/check_format.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

/// The synapses of a format, target by target.
Expected listed(const SynapseFormat& format) {
    Expected expected;
    for (int source = 0; source < format.sources(); ++source)
        for (int target = 0; target < format.targets(); ++target)
            if (format.synops(source, {target, target + 1}) > 0) expected.synapses[{source, target}] = {{0, 1}};
    return expected;
}

}  // namespace

TEST_CASE("scattered synapses are as many as asked for, wherever they are counted") {
    for (const auto& [sources, targets, fan_out, window] :
         {std::array{30, 41, 7, 41}, std::array{30, 41, 7, 12}, std::array{41, 30, 5, 5}, std::array{1, 9, 1, 9}}) {
        INFO(sources << " sources, " << targets << " targets, " << fan_out << " of " << window);
        const auto format = make_scattered({sources, targets, fan_out, window}).value();
        const Expected expected = listed(*format);
        CHECK(std::ssize(expected.synapses) == sources * fan_out);
        CHECK(total_synops(*format) == sources * fan_out);
        check_format(*format, expected);
    }
}

TEST_CASE("scattered synapses stay near their source, and differ by seed") {
    const auto format = make_scattered({100, 1000, 20, 60}).value();
    const Expected expected = listed(*format);
    std::vector<int> reached(1000);
    for (const auto& [pair, synapse] : expected.synapses) {
        const int apart = std::abs(pair.second - 10 * pair.first);
        CHECK(std::min(apart, 1000 - apart) <= 30);  // on a ring
        ++reached[static_cast<std::size_t>(pair.second)];
    }
    CHECK(std::ranges::max(reached) <= 6);  // windows of sources ten apart
    const auto other = make_scattered({.sources = 100, .targets = 1000, .fan_out = 20, .window = 60, .seed = 2});
    CHECK(listed(**other).synapses != expected.synapses);
    CHECK(format->memory({0, 8}).bits == format->memory({0, 8}).weights * (8 + 3));
    CHECK(format->sources_of({500, 510}).front().begin >= 47);
    CHECK(format->sources_of({500, 510}).back().end <= 54);
}

TEST_CASE("scattered synapses out of their ranges are refused") {
    CHECK(make_scattered({1, most_neurons, 1, 1}));
    CHECK_FALSE(make_scattered({0, 9, 1, 9}));
    CHECK_FALSE(make_scattered({9, most_neurons + 1, 1, 9}));
    CHECK_FALSE(make_scattered({9, 9, 0, 9}));
    CHECK_FALSE(make_scattered({9, 9, 5, 4}));
    CHECK_FALSE(make_scattered({9, 9, 5, 10}));
    CHECK_FALSE(make_scattered({.sources = 9, .targets = 9, .fan_out = 1, .window = 9, .bits = 17}));
}

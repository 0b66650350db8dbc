#pragma once
// Holds a synapse format against the weights that it stands for.
#include <map>
#include <vector>

#include "core/philox.hpp"
#include "neuro/synapse_format.hpp"
#include "tests/catch.hpp"

namespace tephra::spiking::test {

/// Numbers in [min, max] for tests.
class Draw {
public:
    explicit Draw(std::uint64_t seed) : seed_(seed) {}
    std::int32_t operator()(std::int32_t min, std::int32_t max) {
        const auto word = random_words(seed_, 0, 0, step_++)[0];
        return min + static_cast<std::int32_t>(word % static_cast<std::uint32_t>(max - min + 1));
    }
    std::vector<std::int32_t> operator()(std::size_t count, std::int32_t min, std::int32_t max) {
        std::vector<std::int32_t> out(count);
        for (std::int32_t& value : out) value = (*this)(min, max);
        return out;
    }

private:
    std::uint64_t seed_;
    std::uint32_t step_ = 0;
};

/// The synapses that a format should have: delay and weight of each pair, and how sums end.
struct Expected {
    std::map<std::pair<int, int>, std::vector<std::pair<int, std::int32_t>>> synapses;  ///< (source, target)
    int exponent = 0;
};

inline std::vector<std::int32_t> expected_sums(const Expected& expected, const std::vector<Spike>& spikes,
                                               NeuronRange targets, int delays) {
    const auto n = static_cast<std::size_t>(targets.size());
    std::vector<std::int64_t> sums(n * static_cast<std::size_t>(delays));
    for (const Spike spike : spikes)
        for (int target = targets.begin; target < targets.end; ++target) {
            const auto found = expected.synapses.find({spike.source, target});
            if (found == expected.synapses.end()) continue;
            for (const auto& [delay, weight] : found->second)
                sums[static_cast<std::size_t>(delay) * n + static_cast<std::size_t>(target - targets.begin)] +=
                    std::int64_t{weight} * spike.payload;
        }
    std::vector<std::int32_t> out;
    for (const std::int64_t sum : sums)
        out.push_back(
            static_cast<std::int32_t>(expected.exponent >= 0 ? sum << expected.exponent : sum >> -expected.exponent));
    return out;
}

/// Sums, counts and reach of a format over several ranges of targets. `zeros`: whether weights of zero are stored.
inline void check_format(const SynapseFormat& format, const Expected& expected, bool graded = true) {
    Draw draw(7);
    const int sources = format.sources(), targets = format.targets();
    const NeuronRange all{0, targets}, some{targets / 3, targets - targets / 4}, one{targets - 1, targets};
    for (int round = 0; round < 3; ++round) {
        std::vector<Spike> spikes;
        for (int source = 0; source < sources; ++source)
            if (draw(0, 2) != 0) spikes.push_back({source, graded ? draw(-50, 50) : 1});
        if (round == 1) spikes.clear();
        for (const NeuronRange range : {all, some, one}) {
            std::vector<std::int32_t> sums(static_cast<std::size_t>(range.size() * (1 + format.max_delay())), 77);
            format.accumulate({.spikes = spikes}, range, sums);
            CHECK(sums == expected_sums(expected, spikes, range, 1 + format.max_delay()));
        }
    }
    for (const NeuronRange range : {all, some, one}) {
        std::vector<bool> named(static_cast<std::size_t>(sources));
        int end = -1;
        for (const NeuronRange sent : format.sources_of(range)) {
            CHECK((sent.begin > end && sent.begin < sent.end && sent.end <= sources));
            end = sent.end;
            for (int source = sent.begin; source < sent.end; ++source) named[static_cast<std::size_t>(source)] = true;
        }
        CHECK(format.memory(range).axons == total_size(format.sources_of(range)));
        for (int source = 0; source < sources; ++source) {
            std::int64_t met = 0;
            for (int target = range.begin; target < range.end; ++target) {
                const auto found = expected.synapses.find({source, target});
                if (found != expected.synapses.end()) met += std::ssize(found->second);
            }
            CHECK(format.synops(source, range) == met);
            CHECK((met == 0 || named[static_cast<std::size_t>(source)]));
        }
    }
    std::int64_t largest = 0;
    for (const auto& [pair, list] : expected.synapses)
        for (const auto& [delay, weight] : list)
            largest = std::max(largest, std::int64_t{weight < 0 ? -weight : weight});
    CHECK(format.largest_product() == largest << std::max(expected.exponent, 0));
}

}  // namespace tephra::spiking::test

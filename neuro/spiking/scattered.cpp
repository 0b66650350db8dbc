#include "neuro/spiking/scattered.hpp"

#include <algorithm>
#include <array>

#include "core/philox.hpp"
#include "neuro/spiking/constants.hpp"
#include "neuro/spiking/image.hpp"
#include "neuro/spiking/indexed_synapses.hpp"

namespace tephra::spiking {
namespace {

class Scattered final : public SynapseFormat {
public:
    explicit Scattered(const ScatteredParameters& parameters) : p_(parameters) {
        for (std::int64_t source = 0; source < p_.sources; ++source) {
            const auto middle = static_cast<int>(source * p_.targets / p_.sources);
            windows_.push_back((middle - p_.window / 2 + p_.targets) % p_.targets);
        }
    }
    [[nodiscard]] std::string_view kind() const override { return "scattered"; }
    [[nodiscard]] int sources() const override { return p_.sources; }
    [[nodiscard]] int targets() const override { return p_.targets; }
    [[nodiscard]] std::vector<NeuronRange> sources_of(NeuronRange targets) const override {
        return sources_that_reach(p_.sources, [&](int source) { return synops(source, targets); });
    }
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override {
        return indexed_memory(p_.sources, targets.size(), p_.bits, 0,
                              [&](int source) { return synops(source, targets); });
    }
    [[nodiscard]] int weight_bits() const override { return p_.bits; }
    [[nodiscard]] bool uniform() const override { return false; }
    [[nodiscard]] std::int64_t synops(int source, NeuronRange targets) const override {
        if (targets.size() == p_.targets) return p_.fan_out;
        std::int64_t count = 0;
        for_targets(source, targets, [&](int) { ++count; });
        return count;
    }
    [[nodiscard]] std::int64_t largest_product() const override { return 1; }
    void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const override {
        std::ranges::fill(sums, 0);
        for (const Spike spike : arrived.spikes)
            for_targets(spike.source, targets, [&](int target) {
                std::int32_t& sum = sums[static_cast<std::size_t>(target - targets.begin)];
                sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                                static_cast<std::uint32_t>(spike.payload));
            });
    }

private:
    /// Where part `k` of a window begins, counted from the window's first target.
    [[nodiscard]] int part(std::int64_t k) const { return static_cast<int>(k * p_.window / p_.fan_out); }

    /// Calls visit(target) for the targets of a source that lie in a range.
    template <typename Visit>
    void for_targets(int source, NeuronRange range, const Visit& visit) const {
        const int window = windows_[static_cast<std::size_t>(source)];
        if (range.begin < window)  // these lie behind the end of the ring
            for_offsets(source, {range.begin + p_.targets - window, std::min(range.end, window) + p_.targets - window},
                        [&](int offset) { visit(window + offset - p_.targets); });
        if (range.end > window)
            for_offsets(source, {std::max(range.begin, window) - window, range.end - window},
                        [&](int offset) { visit(window + offset); });
    }
    /// The same, targets counted from the window's first.
    template <typename Visit>
    void for_offsets(int source, NeuronRange range, const Visit& visit) const {
        const int end = std::min(range.end, p_.window);
        if (range.begin >= end) return;
        std::array<std::uint32_t, 4> words{};
        std::int64_t k = std::int64_t{range.begin} * p_.fan_out / p_.window;
        for (std::int64_t block = -1; k < p_.fan_out && part(k) < end; ++k) {
            if (k / 4 != block) {
                block = k / 4;
                words = random_words(p_.seed, static_cast<std::uint32_t>(source), static_cast<std::uint64_t>(block), 0);
            }
            const auto width = static_cast<std::uint64_t>(part(k + 1) - part(k));
            const int target = part(k) + static_cast<int>(words[static_cast<std::size_t>(k % 4)] * width >> 32);
            if (target >= range.begin && target < end) visit(target);
        }
    }

    ScatteredParameters p_;
    std::vector<int> windows_;  ///< first target of each source's window
};

}  // namespace

Result<SynapseFormatPtr> make_scattered(const ScatteredParameters& parameters) {
    const ScatteredParameters& p = parameters;
    for (const auto& checked : {check_constant(p.sources, "the number of sources", 1, most_neurons),
                                check_constant(p.targets, "the number of targets", 1, most_neurons),
                                check_constant(p.bits, "the number of weight bits", 1, most_stored_bits)})
        if (!checked) return tl::unexpected(checked.error());
    if (p.fan_out < 1 || p.window < p.fan_out || p.targets < p.window)
        return bad_input("a fan-out of " + std::to_string(p.fan_out) + " over a window of " + std::to_string(p.window) +
                             " of " + std::to_string(p.targets) + " targets",
                         "", "needed: 1 <= fan-out <= window <= targets");
    return std::make_shared<Scattered>(parameters);
}

}  // namespace tephra::spiking

#include "neuro/spiking/sparse.hpp"

#include <algorithm>
#include <tuple>

#include "core/narrow.hpp"
#include "neuro/spiking/constants.hpp"
#include "neuro/spiking/image.hpp"
#include "neuro/spiking/indexed_synapses.hpp"

namespace tephra::spiking {
namespace {

struct Entry {
    std::int32_t target = 0;
    std::int16_t weight = 0;
    std::int16_t delay = 0;
};

class Sparse final : public SynapseFormat {
public:
    Sparse(int sources, int targets, const std::vector<Synapse>& sorted, int bits, int exponent)
        : targets_(targets), bits_(bits), exponent_(exponent), first_(static_cast<std::size_t>(sources) + 1) {
        for (const Synapse& s : sorted) {
            entries_.push_back({s.target, narrow<std::int16_t>(s.weight), narrow<std::int16_t>(s.delay)});
            ++first_[static_cast<std::size_t>(s.source) + 1];
            max_delay_ = std::max(max_delay_, s.delay);
            largest_ = std::max(largest_, std::int64_t{s.weight < 0 ? -s.weight : s.weight});
        }
        for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    }
    [[nodiscard]] std::string_view kind() const override { return "sparse"; }
    [[nodiscard]] int sources() const override { return narrow<int>(first_.size()) - 1; }
    [[nodiscard]] int targets() const override { return targets_; }
    [[nodiscard]] std::vector<NeuronRange> sources_of(NeuronRange targets) const override {
        return sources_that_reach(sources(), [&](int source) { return std::ssize(of(source, targets)); });
    }
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override {
        return indexed_memory(sources(), targets.size(), bits_, max_delay_,
                              [&](int source) { return std::ssize(of(source, targets)); });
    }
    [[nodiscard]] int weight_bits() const override { return bits_; }
    [[nodiscard]] bool uniform() const override { return false; }
    [[nodiscard]] std::int64_t synops(int source, NeuronRange targets) const override {
        return std::ssize(of(source, targets));
    }
    [[nodiscard]] int max_delay() const override { return max_delay_; }
    [[nodiscard]] std::int64_t largest_product() const override { return largest_ << std::max(exponent_, 0); }
    void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const override {
        std::ranges::fill(sums, 0);
        const auto n = static_cast<std::size_t>(targets.size());
        for (const Spike spike : arrived.spikes)
            for (const Entry& entry : of(spike.source, targets)) {
                std::int32_t& sum = sums[static_cast<std::size_t>(entry.delay) * n +
                                         static_cast<std::size_t>(entry.target - targets.begin)];
                sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                                static_cast<std::uint32_t>(entry.weight) *
                                                    static_cast<std::uint32_t>(spike.payload));
            }
        scale_sums(sums, exponent_);
    }
    [[nodiscard]] std::optional<StoredParameters> store() const override {
        std::vector<std::int32_t> from, to, weights, delays;
        for (int source = 0; source < sources(); ++source)
            for (const Entry& entry : of(source, {0, targets_})) {
                from.push_back(source);
                to.push_back(entry.target);
                weights.push_back(entry.weight);
                delays.push_back(entry.delay);
            }
        return StoredParameters{{"sources", {sources()}},       {"targets", {targets_}},     {"bits", {bits_}},
                                {"exponent", {exponent_}},      {"source", std::move(from)}, {"target", std::move(to)},
                                {"weight", std::move(weights)}, {"delay", std::move(delays)}};
    }

private:
    /// Synapses of a source to a range of targets.
    [[nodiscard]] std::span<const Entry> of(int source, NeuronRange targets) const {
        const std::size_t begin = first_[static_cast<std::size_t>(source)],
                          end = first_[static_cast<std::size_t>(source) + 1];
        const auto all = std::span(entries_).subspan(begin, end - begin);
        const auto from = std::ranges::lower_bound(all, targets.begin, {}, &Entry::target);
        const auto to = std::ranges::lower_bound(all, targets.end, {}, &Entry::target);
        return {from, to};
    }
    int targets_, bits_, exponent_;
    int max_delay_ = 0;
    std::int64_t largest_ = 0;
    std::vector<std::size_t> first_;  ///< entry of each source, and the end
    std::vector<Entry> entries_;      ///< by source, target, delay
};

}  // namespace

Result<SynapseFormatPtr> make_sparse(int sources, int targets, std::vector<Synapse> synapses, int bits, int exponent) {
    if (sources < 1 || targets < 1 || sources > most_neurons || targets > most_neurons)
        return bad_input(
            "a projection of " + std::to_string(sources) + " sources and " + std::to_string(targets) + " targets", "",
            "both can be 1 to " + std::to_string(most_neurons));
    if (std::ssize(synapses) > most_weights)
        return bad_input(std::to_string(synapses.size()) + " synapses", "",
                         "a projection can have " + std::to_string(most_weights));
    for (const auto& checked :
         {check_constant(bits, "the number of weight bits", 1, most_stored_bits),
          check_constant(exponent, "the weight exponent", least_weight_exponent, most_weight_exponent)})
        if (!checked) return tl::unexpected(checked.error());
    for (std::size_t i = 0; i < synapses.size(); ++i) {
        const Synapse& s = synapses[i];
        if (s.source < 0 || s.source >= sources || s.target < 0 || s.target >= targets || s.weight < least_weight ||
            s.weight > largest_weight || s.delay < 0 || s.delay > longest_synaptic_delay)
            return bad_input("synapse " + std::to_string(i) + " from " + std::to_string(s.source) + " to " +
                                 std::to_string(s.target) + " with weight " + std::to_string(s.weight) + " and delay " +
                                 std::to_string(s.delay),
                             "",
                             "sources and targets exist, weights have 16 bits, delays are 0 to " +
                                 std::to_string(longest_synaptic_delay));
    }
    std::erase_if(synapses, [](const Synapse& s) { return s.weight == 0; });
    const auto key = [](const Synapse& s) { return std::tuple(s.source, s.target, s.delay); };
    std::ranges::sort(synapses, {}, key);
    const auto twice = std::ranges::adjacent_find(synapses, {}, key);
    if (twice != synapses.end())
        return bad_input("two synapses from " + std::to_string(twice->source) + " to " + std::to_string(twice->target) +
                             " with delay " + std::to_string(twice->delay),
                         "", "add their weights");
    return std::make_shared<Sparse>(sources, targets, synapses, bits, exponent);
}

Result<SynapseFormatPtr> read_sparse(ParameterReader& in) {
    const int sources = in.integer("sources"), targets = in.integer("targets");
    const int bits = in.integer("bits"), exponent = in.integer("exponent");
    const auto from = in.values("source"), to = in.values("target");
    const auto weights = in.values("weight"), delays = in.values("delay");
    if (from.size() != to.size() || from.size() != weights.size() || from.size() != delays.size())
        return bad_input("synapses with " + std::to_string(from.size()) + " sources, " + std::to_string(to.size()) +
                             " targets, " + std::to_string(weights.size()) + " weights and " +
                             std::to_string(delays.size()) + " delays",
                         "", "each synapse has one of each");
    std::vector<Synapse> synapses(from.size());
    for (std::size_t i = 0; i < synapses.size(); ++i) synapses[i] = {from[i], to[i], weights[i], delays[i]};
    return make_sparse(sources, targets, std::move(synapses), bits, exponent);
}

}  // namespace tephra::spiking

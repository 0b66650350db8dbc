#include "neuro/spiking/one_to_one.hpp"

#include <algorithm>

#include "neuro/spiking/image.hpp"

namespace tephra::spiking {
namespace {

class OneToOne final : public SynapseFormat {
public:
    OneToOne(int neurons, const StoredWeights& weights) : neurons_(neurons), weights_(weights) {}
    [[nodiscard]] std::string_view kind() const override { return "one_to_one"; }
    [[nodiscard]] int sources() const override { return neurons_; }
    [[nodiscard]] int targets() const override { return neurons_; }
    [[nodiscard]] std::vector<NeuronRange> sources_of(NeuronRange targets) const override { return {targets}; }
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override {
        const std::int64_t weights = shared() ? 1 : targets.size();
        return {weights, weights * weights_.bits, targets.size()};
    }
    [[nodiscard]] int weight_bits() const override { return weights_.bits; }
    [[nodiscard]] bool uniform() const override { return false; }
    [[nodiscard]] std::int64_t synops(int source, NeuronRange targets) const override {
        return source >= targets.begin && source < targets.end ? 1 : 0;
    }
    [[nodiscard]] std::int64_t largest_product() const override { return weights_.largest_product(); }
    void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const override {
        std::ranges::fill(sums, 0);
        for (const Spike spike : arrived.spikes) {
            if (spike.source < targets.begin || spike.source >= targets.end) continue;
            const std::int32_t weight = weights_.values[shared() ? 0 : static_cast<std::size_t>(spike.source)];
            std::int32_t& sum = sums[static_cast<std::size_t>(spike.source - targets.begin)];
            sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) +
                                            static_cast<std::uint32_t>(weight) *
                                                static_cast<std::uint32_t>(spike.payload));
        }
        scale_sums(sums, weights_.exponent);
    }
    [[nodiscard]] std::optional<StoredParameters> store() const override {
        StoredParameters out{{"neurons", {neurons_}}, {"exponent", {weights_.exponent}}};
        store_weights(out, {weights_.values.begin(), weights_.values.end()}, weights_.bits);
        return out;
    }

private:
    [[nodiscard]] bool shared() const { return weights_.values.size() == 1; }
    int neurons_;
    StoredWeights weights_;
};

}  // namespace

Result<SynapseFormatPtr> make_one_to_one(int neurons, const StoredWeights& weights) {
    const auto given = std::ssize(weights.values);
    if (neurons < 1 || neurons > most_neurons || (given != 1 && given != neurons))
        return bad_input(std::to_string(given) + " weights for " + std::to_string(neurons) + " neurons", "",
                         "give one, or one for each");
    return std::make_shared<OneToOne>(neurons, weights);
}

Result<SynapseFormatPtr> read_one_to_one(ParameterReader& in) {
    const int neurons = in.integer("neurons");
    const auto weights = read_weights(in, in.integer("exponent"));
    if (!weights) return tl::unexpected(weights.error());
    return make_one_to_one(neurons, *weights);
}

}  // namespace tephra::spiking

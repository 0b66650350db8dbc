#include "neuro/spiking/dense.hpp"

#include <algorithm>

#include "core/narrow.hpp"
#include "neuro/spiking/add_rows.hpp"

namespace tephra::spiking {
namespace {

class Dense final : public SynapseFormat {
public:
    Dense(int sources, int targets, const StoredWeights& weights)
        : sources_(sources),
          targets_(targets),
          bits_(weights.bits),
          exponent_(weights.exponent),
          narrow_(weights.largest_magnitude() <= largest_narrow_weight),
          largest_product_(weights.largest_product()),
          columns_(weights.values.size()) {
        const auto rows = static_cast<std::size_t>(targets), columns = static_cast<std::size_t>(sources);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < columns; ++c) columns_[c * rows + r] = weights.values[r * columns + c];
    }
    [[nodiscard]] std::string_view kind() const override { return "dense"; }
    [[nodiscard]] int sources() const override { return sources_; }
    [[nodiscard]] int targets() const override { return targets_; }
    [[nodiscard]] std::vector<NeuronRange> sources_of(NeuronRange) const override { return {{0, sources_}}; }
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override {
        const std::int64_t weights = std::int64_t{sources_} * targets.size();
        return {weights, weights * bits_, sources_};
    }
    [[nodiscard]] int weight_bits() const override { return bits_; }
    [[nodiscard]] bool uniform() const override { return true; }
    [[nodiscard]] std::int64_t synops(int, NeuronRange targets) const override { return targets.size(); }
    [[nodiscard]] std::int64_t largest_product() const override { return largest_product_; }
    void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const override {
        std::ranges::fill(sums, 0);
        const auto first = [&](Spike spike) {
            return narrow<std::uint32_t>(std::int64_t{spike.source} * targets_ + targets.begin);
        };
        if (narrow_ && std::ranges::all_of(arrived.spikes, [](Spike spike) { return spike.payload == 1; })) {
            std::vector<std::uint32_t> rows;
            rows.reserve(arrived.spikes.size());
            for (const Spike spike : arrived.spikes) rows.push_back(first(spike));
            add_narrow_rows(columns_, rows, sums);
        } else {
            std::vector<WeightRow> rows;
            rows.reserve(arrived.spikes.size());
            for (const Spike spike : arrived.spikes)
                rows.push_back({first(spike), 0, narrow<std::uint32_t>(targets.size()), spike.payload});
            add_rows(columns_, rows, sums);
        }
        scale_sums(sums, exponent_);
    }
    [[nodiscard]] std::optional<StoredParameters> store() const override {
        const auto rows = static_cast<std::size_t>(targets_), columns = static_cast<std::size_t>(sources_);
        std::vector<std::int32_t> weights(columns_.size());
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < columns; ++c) weights[r * columns + c] = columns_[c * rows + r];
        StoredParameters out{{"sources", {sources_}}, {"targets", {targets_}}, {"exponent", {exponent_}}};
        store_weights(out, std::move(weights), bits_);
        return out;
    }

private:
    int sources_, targets_, bits_, exponent_;
    bool narrow_;
    std::int64_t largest_product_;
    std::vector<std::int16_t> columns_;  ///< [source][target]
};

}  // namespace

Result<SynapseFormatPtr> make_dense(int sources, int targets, const StoredWeights& weights) {
    if (sources < 1 || targets < 1 || std::int64_t{sources} * targets != std::ssize(weights.values))
        return bad_input(std::to_string(weights.values.size()) + " weights for " + std::to_string(targets) +
                             " targets and " + std::to_string(sources) + " sources",
                         "", "a dense projection has a weight for each pair");
    if (std::ssize(weights.values) > most_weights)
        return bad_input("a dense projection of " + std::to_string(weights.values.size()) + " weights", "",
                         "it can have at most " + std::to_string(most_weights));
    return std::make_shared<Dense>(sources, targets, weights);
}

Result<SynapseFormatPtr> read_dense(ParameterReader& in) {
    const int sources = in.integer("sources"), targets = in.integer("targets");
    const auto weights = read_weights(in, in.integer("exponent"));
    if (!weights) return tl::unexpected(weights.error());
    return make_dense(sources, targets, *weights);
}

}  // namespace tephra::spiking

#include "neuro/spiking/pool.hpp"

#include <algorithm>

#include "neuro/spiking/constants.hpp"

namespace tephra::spiking {
namespace {

class Pool final : public SynapseFormat {
public:
    Pool(const Image& input, const Image& output, const Window& window, std::int32_t weight, int exponent)
        : in_(input),
          out_(output),
          window_(window),
          weight_(weight),
          exponent_(exponent),
          x_(input.x, output.x, window, 0),
          y_(input.y, output.y, window, 1) {}
    [[nodiscard]] std::string_view kind() const override { return "pool"; }
    [[nodiscard]] int sources() const override { return in_.size(); }
    [[nodiscard]] int targets() const override { return out_.size(); }
    [[nodiscard]] std::vector<NeuronRange> sources_of(NeuronRange targets) const override {
        return looked_at(in_, out_, window_, targets);
    }
    /// One weight, which all synapses share.
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override {
        return {1, most_weight_bits, total_size(sources_of(targets))};
    }
    [[nodiscard]] int weight_bits() const override { return most_weight_bits; }
    [[nodiscard]] bool uniform() const override { return false; }
    [[nodiscard]] std::int64_t synops(int source, NeuronRange targets) const override {
        std::int64_t sum = 0;
        for_targets(source, targets, [&](int) { ++sum; });
        return sum;
    }
    [[nodiscard]] std::int64_t largest_product() const override {
        return std::int64_t{weight_ < 0 ? -weight_ : weight_} << std::max(exponent_, 0);
    }
    void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const override {
        std::ranges::fill(sums, 0);
        for (const Spike spike : arrived.spikes) {
            const std::uint32_t more = static_cast<std::uint32_t>(weight_) * static_cast<std::uint32_t>(spike.payload);
            for_targets(spike.source, targets, [&](int target) {
                std::int32_t& sum = sums[static_cast<std::size_t>(target)];
                sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + more);
            });
        }
        scale_sums(sums, exponent_);
    }
    [[nodiscard]] std::optional<StoredParameters> store() const override {
        StoredParameters out;
        store_window(out, in_, window_);
        out.push_back({"weight", {weight_}});
        out.push_back({"exponent", {exponent_}});
        return out;
    }

private:
    /// Calls visit(target - targets.begin) for each target in a range that a source reaches.
    template <typename Visit>
    void for_targets(int source, NeuronRange targets, const Visit& visit) const {
        const int channel = source % in_.channels, pixel = source / in_.channels;
        for (const Tap tx : x_.of(pixel / in_.y))
            for (const Tap ty : y_.of(pixel % in_.y)) {
                const int target = (tx.target * out_.y + ty.target) * out_.channels + channel;
                if (target >= targets.begin && target < targets.end) visit(target - targets.begin);
            }
    }
    Image in_, out_;
    Window window_;
    std::int32_t weight_;
    int exponent_;
    AxisTaps x_, y_;
};

}  // namespace

Result<SynapseFormatPtr> make_pool(const Image& input, const Window& window, std::int32_t weight, int exponent) {
    const Result<Image> output = slide(input, window, input.channels);
    if (!output) return tl::unexpected(output.error());
    for (const auto& checked :
         {check_constant(weight, "the weight", least_weight, largest_weight),
          check_constant(exponent, "the weight exponent", least_weight_exponent, most_weight_exponent)})
        if (!checked) return tl::unexpected(checked.error());
    return std::make_shared<Pool>(input, *output, window, weight, exponent);
}

Result<SynapseFormatPtr> read_pool(ParameterReader& in) {
    const Image image = read_image(in);
    const Window window = read_window(in);
    return make_pool(image, window, in.integer("weight"), in.integer("exponent"));
}

}  // namespace tephra::spiking

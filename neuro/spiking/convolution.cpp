#include "neuro/spiking/convolution.hpp"

#include <algorithm>
#include <cassert>

#include "core/narrow.hpp"
#include "neuro/spiking/add_rows.hpp"

namespace tephra::spiking {
namespace {

constexpr std::size_t rows_at_once = 1024;  ///< what the first cache holds easily

class Convolution final : public SynapseFormat {
public:
    Convolution(const Image& input, const Image& output, const Window& window, int groups, const StoredWeights& weights)
        : in_(input),
          out_(output),
          window_(window),
          inputs_(input.channels / groups),
          outputs_(output.channels / groups),
          bits_(weights.bits),
          largest_product_(weights.largest_product()),
          x_(input.x, output.x, window, 0),
          y_(input.y, output.y, window, 1),
          weights_(weights.values.size()) {
        auto next = weights.values.begin();
        for_weights([&](std::size_t at) { weights_[at] = *next++; });
    }
    [[nodiscard]] std::string_view kind() const override { return "convolution"; }
    [[nodiscard]] int sources() const override { return in_.size(); }
    [[nodiscard]] int targets() const override { return out_.size(); }
    [[nodiscard]] std::vector<NeuronRange> sources_of(NeuronRange targets) const override {
        return looked_at(in_, out_, window_, targets);
    }
    /// One kernel for each output channel, however many positions the core has.
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override {
        const std::int64_t kernel = std::int64_t{window_.kernel[0]} * window_.kernel[1] * inputs_;
        const std::int64_t weights = kernel * std::min(targets.size(), out_.channels);
        return {weights, weights * bits_, total_size(sources_of(targets))};
    }
    [[nodiscard]] int weight_bits() const override { return bits_; }
    [[nodiscard]] bool uniform() const override { return false; }
    [[nodiscard]] std::int64_t synops(int source, NeuronRange targets) const override {
        std::int64_t sum = 0;
        for_rows({source, 1}, targets, [&](const WeightRow& row) { sum += row.length; });
        return sum;
    }
    [[nodiscard]] std::int64_t largest_product() const override { return largest_product_; }

    void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const override {
        std::ranges::fill(sums, 0);
        std::vector<WeightRow> rows;
        rows.reserve(rows_at_once);
        const auto flush = [&] {
            add_rows(weights_, rows, sums);
            rows.clear();
        };
        for (const Spike spike : arrived.spikes)
            for_rows(spike, targets, [&](const WeightRow& row) {
                rows.push_back(row);
                if (rows.size() == rows_at_once) flush();
            });
        flush();
        for (std::int32_t& sum : sums) sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) << 8) >> 8;
    }
    [[nodiscard]] std::optional<StoredParameters> store() const override {
        StoredParameters out;
        store_window(out, in_, window_);
        out.push_back({"output_channels", {out_.channels}});
        out.push_back({"groups", {in_.channels / inputs_}});
        std::vector<std::int32_t> weights;
        weights.reserve(weights_.size());
        for_weights([&](std::size_t at) { weights.push_back(weights_[at]); });
        store_weights(out, std::move(weights), bits_);
        return out;
    }

private:
    static constexpr std::size_t at(std::size_t before, int index, int size) {
        return before * static_cast<std::size_t>(size) + static_cast<std::size_t>(index);
    }
    /// First weight of an input channel and a tap: those of all output channels of its group.
    [[nodiscard]] std::size_t row(int input, int kx, int ky) const {
        return at(at(at(0, input, 1), kx, window_.kernel[0]), ky, window_.kernel[1]) *
               static_cast<std::size_t>(outputs_);
    }

    /// Calls visit(index in weights_) for each weight, in the order of make_convolution().
    template <typename Visit>
    void for_weights(const Visit& visit) const {
        for (int o = 0; o < out_.channels; ++o)
            for (int kx = 0; kx < window_.kernel[0]; ++kx)
                for (int ky = 0; ky < window_.kernel[1]; ++ky)
                    for (int c = 0; c < inputs_; ++c)
                        visit(row(o / outputs_ * inputs_ + c, kx, ky) + static_cast<std::size_t>(o % outputs_));
    }

    /// Calls visit(WeightRow) for each tap of a source that reaches some of the targets.
    template <typename Visit>
    void for_rows(Spike spike, NeuronRange targets, const Visit& visit) const {
        const int channel = spike.source % in_.channels, pixel = spike.source / in_.channels;
        const int first_output = channel / inputs_ * outputs_;
        for (const Tap tx : x_.of(pixel / in_.y))
            for (const Tap ty : y_.of(pixel % in_.y)) {
                const int begin = (tx.target * out_.y + ty.target) * out_.channels + first_output;
                const int from = std::max(begin, targets.begin), to = std::min(begin + outputs_, targets.end);
                if (from >= to) continue;
                visit(WeightRow{static_cast<std::uint32_t>(row(channel, tx.kernel, ty.kernel)) +
                                    static_cast<std::uint32_t>(from - begin),
                                static_cast<std::uint32_t>(from - targets.begin), static_cast<std::uint32_t>(to - from),
                                spike.payload});
            }
    }

    Image in_, out_;
    Window window_;
    int inputs_, outputs_;  ///< channels of a group
    int bits_;
    std::int64_t largest_product_;
    AxisTaps x_, y_;
    std::vector<std::int16_t> weights_;  ///< [input channel][kernel x][kernel y][output channel of the group]
};

}  // namespace

Result<SynapseFormatPtr> make_convolution(const Image& input, const Window& window, int output_channels, int groups,
                                          const StoredWeights& weights) {
    const Result<Image> output = slide(input, window, output_channels);
    if (!output) return tl::unexpected(output.error());
    if (groups < 1 || input.channels % groups != 0 || output_channels % groups != 0)
        return bad_input(std::to_string(groups) + " groups of " + std::to_string(input.channels) + " input and " +
                             std::to_string(output_channels) + " output channels",
                         "", "the number of groups divides both");
    if (weights.exponent != 0)
        return bad_input("a convolution with a weight exponent of " + std::to_string(weights.exponent), "",
                         "only 0 has a meaning here");
    const std::int64_t taps = std::int64_t{window.kernel[0]} * window.kernel[1] * (input.channels / groups);
    if (taps > most_weights / output_channels)
        return bad_input("a kernel of " + std::to_string(output_channels) + " x " + std::to_string(taps) + " weights",
                         "", "it can have at most " + std::to_string(most_weights));
    if (const std::int64_t wanted = taps * output_channels; wanted != std::ssize(weights.values))
        return bad_input(std::to_string(weights.values.size()) + " weights for a kernel of " + std::to_string(wanted),
                         "", "output channels x kernel x input channels of a group");
    return std::make_shared<Convolution>(input, *output, window, groups, weights);
}

Result<SynapseFormatPtr> read_convolution(ParameterReader& in) {
    const Image image = read_image(in);
    const Window window = read_window(in);
    const int output_channels = in.integer("output_channels"), groups = in.integer("groups");
    const auto weights = read_weights(in, 0);
    if (!weights) return tl::unexpected(weights.error());
    return make_convolution(image, window, output_channels, groups, *weights);
}

}  // namespace tephra::spiking

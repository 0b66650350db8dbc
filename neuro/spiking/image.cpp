#include "neuro/spiking/image.hpp"

#include <algorithm>

namespace tephra::spiking {
namespace {

constexpr int largest_extent = 1 << 16;

Result<void> check_extent(int value, int least, const char* what) {
    if (value >= least && value <= largest_extent) return {};
    return bad_input(std::string("the ") + what + " is " + std::to_string(value), "",
                     "it can be " + std::to_string(least) + " to " + std::to_string(largest_extent));
}

Result<void> check_image(const Image& image) {
    for (const int extent : {image.x, image.y, image.channels})
        if (auto checked = check_extent(extent, 1, "size of an image along an axis"); !checked) return checked;
    if (std::int64_t{image.x} * image.y > most_neurons / image.channels)
        return bad_input("an image of " + to_string(image) + " neurons", "",
                         "a population has at most " + std::to_string(most_neurons));
    return {};
}

}  // namespace

std::string to_string(const Image& image) {
    return std::to_string(image.x) + " x " + std::to_string(image.y) + " x " + std::to_string(image.channels);
}

void store_window(StoredParameters& out, const Image& image, const Window& window) {
    const auto add = [&](const char* name, const std::array<int, 2>& pair) {
        out.push_back({name, {pair.begin(), pair.end()}});
    };
    out.push_back({"image", {image.x, image.y, image.channels}});
    add("kernel", window.kernel);
    add("stride", window.stride);
    add("padding", window.padding);
    add("dilation", window.dilation);
}

Image read_image(ParameterReader& in) {
    const auto extents = in.array<3>("image");
    return {.x = extents[0], .y = extents[1], .channels = extents[2]};
}

Window read_window(ParameterReader& in) {
    return {.kernel = in.array<2>("kernel"),
            .stride = in.array<2>("stride"),
            .padding = in.array<2>("padding"),
            .dilation = in.array<2>("dilation")};
}

Result<Image> slide(const Image& image, const Window& window, int channels) {
    if (const auto checked = check_image(image); !checked) return tl::unexpected(checked.error());
    std::array<int, 2> stops{};
    for (std::size_t axis = 0; axis < 2; ++axis) {
        for (const auto& checked :
             {check_extent(window.kernel[axis], 1, "kernel size"), check_extent(window.stride[axis], 1, "stride"),
              check_extent(window.padding[axis], 0, "padding"), check_extent(window.dilation[axis], 1, "dilation")})
            if (!checked) return tl::unexpected(checked.error());
        const std::int64_t extent = axis == 0 ? image.x : image.y;
        if (extent * window.kernel[axis] > most_taps)
            return bad_input(
                "a kernel of " + std::to_string(window.kernel[axis]) + " on an image of " + std::to_string(extent), "",
                "their product can be at most " + std::to_string(most_taps));
        const std::int64_t reach = std::int64_t{window.dilation[axis]} * (window.kernel[axis] - 1) + 1;
        const std::int64_t room = extent + 2 * std::int64_t{window.padding[axis]} - reach;
        if (room < 0)
            return bad_input("a kernel that reaches over " + std::to_string(reach) + " does not fit an image of " +
                                 std::to_string(extent) + " with a padding of " + std::to_string(window.padding[axis]),
                             "", "use a smaller kernel or dilation, or more padding");
        stops[axis] = static_cast<int>(room / window.stride[axis] + 1);
    }
    const Image out{stops[0], stops[1], channels};
    if (const auto checked = check_image(out); !checked) return tl::unexpected(checked.error());
    return out;
}

std::vector<NeuronRange> looked_at(const Image& input, const Image& output, const Window& window, NeuronRange targets) {
    std::vector<NeuronRange> hulls(static_cast<std::size_t>(input.x));  // of each column x, along y
    const int first = targets.begin / output.channels, last = (targets.end - 1) / output.channels;  // pixels
    for (int x = first / output.y; targets.size() > 0 && x <= last / output.y; ++x) {
        const int from = x == first / output.y ? first % output.y : 0;
        const int to = x == last / output.y ? last % output.y : output.y - 1;
        const int lowest = std::max(0, from * window.stride[1] - window.padding[1]);
        const int highest = std::min(
            input.y - 1, to * window.stride[1] - window.padding[1] + (window.kernel[1] - 1) * window.dilation[1]);
        for (int k = 0; k < window.kernel[0] && lowest <= highest; ++k) {
            const int column = x * window.stride[0] - window.padding[0] + k * window.dilation[0];
            if (column < 0 || column >= input.x) continue;
            NeuronRange& hull = hulls[static_cast<std::size_t>(column)];
            hull = hull.size() == 0 ? NeuronRange{lowest, highest + 1}
                                    : NeuronRange{std::min(hull.begin, lowest), std::max(hull.end, highest + 1)};
        }
    }
    std::vector<NeuronRange> ranges;
    for (int x = 0; x < input.x; ++x) {
        const NeuronRange hull = hulls[static_cast<std::size_t>(x)];
        if (hull.size() == 0) continue;
        const int column = x * input.y;
        const NeuronRange range{(column + hull.begin) * input.channels, (column + hull.end) * input.channels};
        if (!ranges.empty() && ranges.back().end == range.begin)
            ranges.back().end = range.end;
        else
            ranges.push_back(range);
    }
    return ranges;
}

AxisTaps::AxisTaps(int sources, int targets, const Window& window, std::size_t axis) : first_{0} {
    for (int source = 0; source < sources; ++source) {
        // From the last tap to the first, so that targets ascend.
        for (int k = window.kernel[axis]; k-- > 0;) {
            const std::int64_t at =
                std::int64_t{source} + window.padding[axis] - std::int64_t{k} * window.dilation[axis];
            if (at < 0 || at % window.stride[axis] != 0 || at / window.stride[axis] >= targets) continue;
            taps_.push_back({k, static_cast<std::int32_t>(at / window.stride[axis])});
        }
        first_.push_back(taps_.size());
    }
}

}  // namespace tephra::spiking

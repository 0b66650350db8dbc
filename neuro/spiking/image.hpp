#pragma once
// Populations as images, and windows that move over them: the geometry of convolutions and pools.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/neuron_model.hpp"

namespace tephra::spiking {

/// Most neurons of a population.
inline constexpr int most_neurons = 1 << 24;
/// Most pairs of a position and a tap along one axis of a window.
inline constexpr std::int64_t most_taps = std::int64_t{1} << 24;

/// Neuron (i, j, c) has number (i y + j) channels + c: the channel varies fastest.
struct Image {
    int x = 1, y = 1, channels = 1;
    [[nodiscard]] constexpr int size() const { return x * y * channels; }
    friend constexpr bool operator==(const Image&, const Image&) = default;
};

/// "200 x 66 x 3".
std::string to_string(const Image& image);

/// Each has the value of x and of y. Tap k of target i looks at i stride + k dilation - padding.
struct Window {
    std::array<int, 2> kernel{1, 1}, stride{1, 1}, padding{0, 0}, dilation{1, 1};
};

/// Adds an image and a window over it to the parameters of a format.
void store_window(StoredParameters& out, const Image& image, const Window& window);
/// Read them again; slide() checks them.
Image read_image(ParameterReader& in);
Window read_window(ParameterReader& in);

/// Where the window stops: an image of `channels` channels. Errors: bad_input when a number is out of [1, 2^16] (a
/// padding: [0, 2^16]), no position fits the image, an image has more than most_neurons neurons, or an axis of it times
/// that of the kernel is more than most_taps.
Result<Image> slide(const Image& image, const Window& window, int channels);

/// The sources that targets of a window look at, as ranges in ascending order that do not touch: all channels, and
/// along y also what a stride or a dilation leaves out in between.
std::vector<NeuronRange> looked_at(const Image& input, const Image& output, const Window& window, NeuronRange targets);

/// One target that a source reaches along an axis, and by which tap of the kernel.
struct Tap {
    std::int32_t kernel = 0, target = 0;
};

/// The taps of every source along one axis.
class AxisTaps {
public:
    AxisTaps() = default;
    AxisTaps(int sources, int targets, const Window& window, std::size_t axis);
    [[nodiscard]] std::span<const Tap> of(int source) const {
        return std::span(taps_).subspan(
            first_[static_cast<std::size_t>(source)],
            first_[static_cast<std::size_t>(source) + 1] - first_[static_cast<std::size_t>(source)]);
    }

private:
    std::vector<Tap> taps_;
    std::vector<std::size_t> first_;  ///< of each source, and the end
};

}  // namespace tephra::spiking

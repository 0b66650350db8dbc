#include "neuro/spiking/nir_linear.hpp"

#include <memory>

#include "core/narrow.hpp"
#include "neuro/spiking/nir_shape.hpp"

namespace tephra::spiking {
namespace {

/// One value, or one of each element.
double element(const std::vector<double>& values, std::size_t index) {
    return values[values.size() == 1 ? 0 : index];
}

/// Windows over an image whose elements stand as (channel, y, x).
struct Windows {
    Windows(const Image& from, const Image& to, const Window& w)
        : in(from), out(to), window(w), x(from.x, to.x, w, 0), y(from.y, to.y, w, 1) {}
    Image in, out;
    Window window;
    AxisTaps x, y;
    /// Calls visit(kernel x, kernel y, pixel of the target) for a source.
    template <typename Visit>
    void visit(int source, const Visit& visit_tap) const {
        const int pixel = source % (in.x * in.y);
        for (const Tap ty : y.of(pixel / in.x))
            for (const Tap tx : x.of(pixel % in.x)) visit_tap(tx.kernel, ty.kernel, ty.target * out.x + tx.target);
    }
};

}  // namespace

Result<LinearMap> LinearMap::make(const NirNode& node, const std::vector<int>& in) {
    LinearMap map;
    const auto outputs = static_cast<std::size_t>(node.size());
    map.taps_ = [](int source, std::vector<LinearTap>& out) { out.push_back({source, 1}); };
    if (node.type == "Affine" || node.type == "Linear") {
        const std::vector<double>& weight = node.at("weight").values;
        const auto columns = static_cast<std::size_t>(in.front());
        map.taps_ = [&weight, columns, outputs](int source, std::vector<LinearTap>& out) {
            for (std::size_t row = 0; row < outputs; ++row)
                out.push_back({static_cast<int>(row), weight[row * columns + static_cast<std::size_t>(source)]});
        };
        if (node.type == "Affine")
            for (std::size_t row = 0; row < outputs; ++row) map.bias_.push_back(element(node.at("bias").values, row));
    } else if (node.type == "Scale") {
        const std::vector<double>& scale = node.at("scale").values;
        map.taps_ = [&scale](int source, std::vector<LinearTap>& out) {
            out.push_back({source, element(scale, static_cast<std::size_t>(source))});
        };
    } else if (node.type == "Delay") {
        const std::vector<double>& delay = node.at("delay").values;
        for (std::size_t i = 0; i < outputs; ++i) {
            map.delay_.push_back(element(delay, i));
            if (map.delay_.back() < 0)
                return bad_input("node \"" + node.name + "\" has a negative delay", node.place,
                                 "delays are seconds from 0");
        }
    } else if (node.type != "Input" && node.type != "Output" && node.type != "Flatten") {
        const auto image = nir_image(in, node.place), out_image = nir_image(node.shape, node.place);
        const auto window = nir_window(node);
        if (!image || !out_image || !window)
            return tl::unexpected(!image ? image.error() : !out_image ? out_image.error() : window.error());
        const auto windows = std::make_shared<const Windows>(*image, *out_image, *window);
        const int in_pixels = image->x * image->y, out_pixels = out_image->x * out_image->y;
        if (node.type == "SumPool2d" || node.type == "AvgPool2d") {
            const double weight = node.type == "SumPool2d" ? 1 : 1.0 / (window->kernel[0] * window->kernel[1]);
            map.taps_ = [=](int source, std::vector<LinearTap>& out) {
                windows->visit(source, [&](int, int, int pixel) {
                    out.push_back({source / in_pixels * out_pixels + pixel, weight});
                });
            };
            return map;
        }
        const std::vector<double>& weight = node.at("weight").values;
        const int inputs = narrow<int>(node.at("weight").shape[1]);
        const int group_outputs = out_image->channels / (image->channels / inputs);
        map.taps_ = [=, &weight](int source, std::vector<LinearTap>& out) {
            const int channel = source / in_pixels, first = channel / inputs * group_outputs;
            const auto [kx, ky] = windows->window.kernel;
            windows->visit(source, [&, kx = kx, ky = ky](int x, int y, int pixel) {
                for (int o = first; o < first + group_outputs; ++o)
                    out.push_back(
                        {o * out_pixels + pixel,
                         weight[static_cast<std::size_t>(((o * inputs + channel % inputs) * ky + y) * kx + x)]});
            });
        };
        for (std::size_t i = 0; i < outputs; ++i)
            map.bias_.push_back(element(node.at("bias").values, i / static_cast<std::size_t>(out_pixels)));
    }
    return map;
}

}  // namespace tephra::spiking

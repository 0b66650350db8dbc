#include "neuro/spiking/nir_shape.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/narrow.hpp"
#include "core/text.hpp"

namespace tephra::spiking {
namespace {

std::string shape_text(const std::vector<int>& shape) {
    std::string text = "(";
    for (const int extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + ")";
}

std::string shown(const NirNode& node) {
    return "node \"" + node.name + "\" (" + node.type + ")";
}

/// A shape of 1 to most_neurons neurons from the extents of an array or the values of a parameter.
template <typename T>
Result<std::vector<int>> checked_shape(const std::vector<T>& extents, const NirNode& node) {
    std::vector<int> shape;
    double size = 1;
    for (const T extent : extents) {
        const auto value = static_cast<double>(extent);
        size *= value;
        if (value < 1 || value != std::floor(value) || size > most_neurons || extents.size() > 4)
            return bad_input(shown(node) + " has a shape that no population can have", node.place,
                             "positive integers, at most " + std::to_string(most_neurons) + " neurons");
        shape.push_back(static_cast<int>(value));
    }
    if (shape.empty()) shape.push_back(1);
    return shape;
}

/// The shape that a neuron model's parameters have; empty: all of them are single numbers. Errors: two shapes.
Result<std::vector<int>> parameter_shape(const NirNode& node) {
    std::vector<int> found;
    for (const auto& [name, array] : node.values) {
        if (array.values.size() == 1 && array.shape.size() <= 1) continue;
        auto shape = checked_shape(array.shape, node);
        if (!shape) return shape;
        if (!found.empty() && *shape != found)
            return bad_input(
                shown(node) + " has parameters of shape " + shape_text(found) + " and " + shape_text(*shape),
                node.place, "they all have the shape of its neurons, or are single numbers");
        found = *shape;
    }
    return found;
}

tl::unexpected<Error> wrong_input(const NirNode& node, const std::vector<int>& in, const std::string& wanted) {
    return bad_input(shown(node) + " gets an input of shape " + shape_text(in), node.place, "it takes " + wanted);
}

Result<std::vector<int>> linear_shape(const NirNode& node, const std::vector<int>& in) {
    const auto& weight = node.at("weight");
    auto shape = checked_shape(weight.shape, node);
    if (!shape) return shape;
    if (shape->size() != 2)
        return bad_input(shown(node) + " needs a matrix of weights", node.place, "(outputs, inputs)");
    if (in.size() != 1 || in[0] != (*shape)[1]) return wrong_input(node, in, "(" + std::to_string((*shape)[1]) + ")");
    if (node.type == "Affine") {
        const auto& bias = node.at("bias").values;
        if (bias.size() != 1 && std::ssize(bias) != (*shape)[0])
            return bad_input(shown(node) + " has " + std::to_string(bias.size()) + " biases for " +
                                 std::to_string((*shape)[0]) + " outputs",
                             node.place, "one for each");
    }
    return std::vector<int>{(*shape)[0]};
}

Result<std::vector<int>> convolution_shape(const NirNode& node, const std::vector<int>& in) {
    const bool flat = node.type == "Conv1d";
    auto weight = checked_shape(node.at("weight").shape, node);
    if (!weight) return weight;
    if (weight->size() != (flat ? 3U : 4U) || in.size() != (flat ? 2U : 3U))
        return wrong_input(
            node, in, flat ? "(channels, x) and a kernel of three axes" : "(channels, y, x) and a kernel of four axes");
    const auto groups = nir_integer(node, "groups", 0, 1, most_neurons);
    if (!groups) return tl::unexpected(groups.error());
    if (in[0] != (*weight)[1] * std::int64_t{*groups} || (*weight)[0] % *groups != 0)
        return wrong_input(node, in,
                           std::to_string((*weight)[1]) + " channels in each of " + std::to_string(*groups) +
                               " groups, which divide the outputs");
    if (node.values.contains("input_shape")) {
        const auto& given = node.at("input_shape").values;
        const bool known = given.size() == in.size() - 1 && std::equal(given.begin(), given.end(), in.begin() + 1,
                                                                       [](double a, int b) { return a == b; });
        if (!known) return wrong_input(node, in, "the input_shape of its parameters");
    }
    const auto& bias = node.at("bias").values;
    if (bias.size() != 1 && std::ssize(bias) != (*weight)[0])
        return bad_input(shown(node) + " has " + std::to_string(bias.size()) + " biases for " +
                             std::to_string((*weight)[0]) + " channels",
                         node.place, "one for each");
    const auto window = nir_window(node);
    if (!window) return tl::unexpected(window.error());
    const auto image = nir_image(in, node.place);
    if (!image) return tl::unexpected(image.error());
    const auto out = slide(*image, *window, (*weight)[0]);
    if (!out) return bad_input(shown(node) + ": " + out.error().message, node.place, out.error().hint);
    return flat ? std::vector<int>{out->channels, out->x} : std::vector<int>{out->channels, out->y, out->x};
}

Result<std::vector<int>> pool_shape(const NirNode& node, const std::vector<int>& in) {
    if (in.size() != 3) return wrong_input(node, in, "(channels, y, x)");
    const auto window = nir_window(node);
    if (!window) return tl::unexpected(window.error());
    const auto image = nir_image(in, node.place);
    if (!image) return tl::unexpected(image.error());
    const auto out = slide(*image, *window, image->channels);
    if (!out) return bad_input(shown(node) + ": " + out.error().message, node.place, out.error().hint);
    return std::vector<int>{out->channels, out->y, out->x};
}

Result<std::vector<int>> flatten_shape(const NirNode& node, const std::vector<int>& in) {
    const int axes = narrow<int>(in.size());
    const auto start = nir_integer(node, "start_dim", 0, -axes, axes - 1),
               end = nir_integer(node, "end_dim", 0, -axes, axes - 1);
    for (const auto* part : {&start, &end})
        if (!*part) return tl::unexpected(part->error());
    const int first = *start < 0 ? *start + axes : *start, last = *end < 0 ? *end + axes : *end;
    if (first > last)
        return bad_input(shown(node) + " ends before it starts", node.place, "check start_dim and end_dim");
    std::vector<int> out;
    for (int axis = 0; axis < axes; ++axis) {
        if (axis > first && axis <= last)
            out.back() *= in[static_cast<std::size_t>(axis)];
        else
            out.push_back(in[static_cast<std::size_t>(axis)]);
    }
    return out;
}

/// A parameter that is one number or has the shape of the input.
Result<std::vector<int>> elementwise_shape(const NirNode& node, const std::vector<int>& in) {
    auto shape = parameter_shape(node);
    if (!shape) return shape;
    if (!shape->empty() && *shape != in) return wrong_input(node, in, shape_text(*shape));
    return in;
}

Result<std::vector<int>> output_shape(const NirNode& node, const std::vector<int>& in) {
    if (node.type == "Affine" || node.type == "Linear") return linear_shape(node, in);
    if (node.type == "Conv1d" || node.type == "Conv2d") return convolution_shape(node, in);
    if (node.type == "SumPool2d" || node.type == "AvgPool2d") return pool_shape(node, in);
    if (node.type == "Flatten") return flatten_shape(node, in);
    if (node.type == "Output") {
        auto shape = checked_shape(node.at("shape").values, node);
        if (shape && *shape != in) return wrong_input(node, in, shape_text(*shape));
        return shape;
    }
    return elementwise_shape(node, in);
}

/// The shape that a node has whatever its inputs are; empty: it depends on them.
Result<std::vector<int>> own_shape(const NirNode& node) {
    if (node.type == "Input") return checked_shape(node.at("shape").values, node);
    return node.is_neuron() ? parameter_shape(node) : Result<std::vector<int>>(std::vector<int>());
}

}  // namespace

Result<int> nir_integer(const NirNode& node, const std::string& parameter, std::size_t index, int min, int max) {
    const double value = node.at(parameter).values.at(index);
    if (value == std::floor(value) && value >= min && value <= max) return static_cast<int>(value);
    return bad_input("\"" + parameter + "\" of " + shown(node) + " is " + number_text(value), node.place,
                     "an integer from " + std::to_string(min) + " to " + std::to_string(max));
}

Result<Image> nir_image(const std::vector<int>& shape, const std::string& place) {
    if (shape.size() == 1) return Image{1, 1, shape[0]};
    if (shape.size() == 2) return Image{shape[1], 1, shape[0]};
    if (shape.size() == 3) return Image{shape[2], shape[1], shape[0]};
    return bad_input("a population of shape " + shape_text(shape), place, "up to three axes: channel, y, x");
}

Result<Window> nir_window(const NirNode& node) {
    constexpr int most = 1 << 16;
    const bool flat = node.type == "Conv1d", convolution = flat || node.type == "Conv2d";
    Window window;
    const auto read = [&](const std::string& parameter, int min, std::array<int, 2>& out) -> Result<void> {
        const std::size_t given = node.at(parameter).values.size();
        if (given > (flat ? 1U : 2U))
            return bad_input("\"" + parameter + "\" of " + shown(node) + " has " + std::to_string(given) + " numbers",
                             node.place, flat ? "one" : "one, or two: y, x");
        const auto x = nir_integer(node, parameter, given - 1, min, most),
                   y = nir_integer(node, parameter, 0, min, most);
        for (const auto* part : {&x, &y})
            if (!*part) return tl::unexpected(part->error());
        out[0] = *x;
        if (!flat) out[1] = *y;
        return {};
    };
    if (convolution) {
        const auto& weight = node.at("weight").shape;
        window.kernel = {narrow<int>(weight.back()), flat ? 1 : narrow<int>(weight[weight.size() - 2])};
        if (const auto done = read("dilation", 1, window.dilation); !done) return tl::unexpected(done.error());
    } else if (const auto done = read("kernel_size", 1, window.kernel); !done) {
        return tl::unexpected(done.error());
    }
    for (const auto& done : {read("stride", 1, window.stride), read("padding", convolution ? -1 : 0, window.padding)})
        if (!done) return tl::unexpected(done.error());
    for (std::size_t axis = 0; axis < (flat ? 1U : 2U); ++axis) {
        if (window.padding[axis] >= 0) continue;
        const int reach = window.dilation[axis] * (window.kernel[axis] - 1);
        if (node.at("padding").values.size() != 1 || window.stride[axis] != 1 || reach % 2 != 0)
            return bad_input("the padding \"same\" of " + shown(node) + " is not the same on both sides", node.place,
                             "use an odd kernel and stride 1, or give the padding as numbers");
        window.padding[axis] = reach / 2;
    }
    return window;
}

Result<void> find_nir_shapes(NirGraph& graph) {
    for (NirNode& node : graph.nodes) {
        auto shape = own_shape(node);
        if (!shape) return tl::unexpected(shape.error());
        node.shape = std::move(*shape);
    }
    // Each pass finds the shape of one node more, at least.
    for (bool changed = true; changed;) {
        changed = false;
        for (NirNode& node : graph.nodes)
            for (const int from : node.from) {
                const std::vector<int>& in = graph.nodes[static_cast<std::size_t>(from)].shape;
                if (!node.shape.empty() || in.empty()) continue;
                auto shape = output_shape(node, in);
                if (!shape) return tl::unexpected(shape.error());
                node.shape = std::move(*shape);
                changed = true;
            }
    }
    for (const NirNode& node : graph.nodes) {
        if (node.from.empty() && node.type != "Input")
            return bad_input("nothing leads to " + shown(node), node.place, "add an edge to it, or remove it");
        if (node.shape.empty()) return bad_input("no input reaches " + shown(node), node.place, "add an edge to it");
        if (node.type == "Input" && node.name.find('/') == std::string::npos && !node.from.empty())
            return bad_input("an edge leads to " + shown(node), node.place, "remove it");
        for (const int from : node.from) {
            const auto shape = node.type == "Input"
                                   ? node.shape
                                   : output_shape(node, graph.nodes[static_cast<std::size_t>(from)].shape);
            if (!shape) return tl::unexpected(shape.error());
            if (*shape != node.shape)
                return wrong_input(node, graph.nodes[static_cast<std::size_t>(from)].shape,
                                   "one shape from every node");
        }
    }
    return {};
}

}  // namespace tephra::spiking

#include "neuro/spiking/netx_synapses.hpp"

#include <algorithm>
#include <bit>

#include "core/narrow.hpp"
#include "neuro/spiking/convolution.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/sparse.hpp"

namespace tephra::spiking {
namespace {

/// Errors: bad_input where lava-dl's choice of weight bits would change one of the weights.
Result<void> check_dense_weights(const std::vector<std::int32_t>& weights, const std::string& place) {
    const auto [min, max] = std::ranges::minmax(weights);
    const bool mixed = min < 0 && max >= 0;
    if (min < (mixed ? -256 : -255) || max > (mixed ? 254 : 255))
        return bad_input("weights from " + std::to_string(min) + " to " + std::to_string(max), place,
                         "they can be -256 to 254 with both signs, else up to 255 in magnitude");
    if (max < 0 && std::has_single_bit(static_cast<std::uint32_t>(-min)))
        return bad_input(
            "all weights are negative and the smallest is " + std::to_string(min), place,
            "lava-dl loads it as another number; write " + std::to_string(min + 1) + ", or make one weight 0");
    return {};
}

/// Columns of weights for (channel, y, x) of an image, x varying fastest, in the order of our neurons.
void permute(Integers& weight, const Image& image) {
    const auto columns = static_cast<std::size_t>(image.size());
    std::vector<std::int32_t> out(weight.values.size());
    for (std::size_t row = 0; row < weight.values.size(); row += columns) {
        std::size_t to = row;
        for (int x = 0; x < image.x; ++x)
            for (int y = 0; y < image.y; ++y)
                for (int c = 0; c < image.channels; ++c)
                    out[to++] = weight.values[row + static_cast<std::size_t>((c * image.y + y) * image.x + x)];
    }
    weight.values = std::move(out);
}

Result<SynapseFormatPtr> make_synapses(const Hdf5Group& group, const Integers& weight, const std::string& place) {
    const int targets = narrow<int>(weight.shape[0]), sources = narrow<int>(weight.shape[1]);
    const auto stored = with_place(place, store_plain(weight.values));
    if (!stored) return tl::unexpected(stored.error());
    if (!group.has("delay")) return with_place(place, make_dense(sources, targets, *stored));
    const Result<Integers> delay = read_integers(group, "delay");
    if (!delay) return tl::unexpected(delay.error());
    const auto n = static_cast<std::int64_t>(delay->values.size());
    const bool matrix = delay->shape == weight.shape, scalar = n == 1;
    const bool by_row = delay->shape.size() == 1 && n == targets, by_column = delay->shape.size() == 1 && n == sources;
    if (!matrix && !scalar && !by_row && !by_column)
        return bad_input("delays of another shape than the weights", group.place("delay"),
                         "one, one for each target or source, or one for each weight");
    std::vector<Synapse> synapses;
    for (int row = 0; row < targets; ++row)
        for (int column = 0; column < sources; ++column) {
            const std::int64_t cell = std::int64_t{row} * sources + column;
            const std::int64_t which = scalar ? 0 : matrix ? cell : by_row ? row : column;
            synapses.push_back({column, row, stored->values[static_cast<std::size_t>(cell)],
                                delay->values[static_cast<std::size_t>(which)]});
        }
    return with_place(group.place("delay"), make_sparse(sources, targets, std::move(synapses), stored->bits, 0));
}

/// One or two numbers (y, x) as {x, y}.
Result<std::array<int, 2>> pair(const Hdf5Group& group, const std::string& name, int fallback) {
    if (!group.has(name)) return std::array<int, 2>{fallback, fallback};
    const Result<Integers> values = read_integers(group, name);
    if (!values) return tl::unexpected(values.error());
    const auto& v = values->values;
    if (v.size() != 1 && v.size() != 2)
        return bad_input(std::to_string(v.size()) + " numbers", group.place(name), "one, or two: y, x");
    return std::array<int, 2>{v.back(), v.front()};
}

/// A number that a file may give, although its weights say it.
Result<void> check_count(const Hdf5Group& group, const std::string& name, std::int64_t count) {
    if (!group.has(name)) return {};
    const auto given = group.integer(name, 1, most_neurons);
    if (!given) return tl::unexpected(given.error());
    if (*given != count)
        return bad_input("it is " + std::to_string(*given) + ", the weights have " + std::to_string(count),
                         group.place(name), "correct it, or leave it out");
    return {};
}

}  // namespace

Result<Image> read_netx_shape(const Hdf5Group& group) {
    const Result<Integers> shape = read_integers(group, "shape");
    if (!shape) return tl::unexpected(shape.error());
    std::int64_t size = 1;
    for (const std::int32_t extent : shape->values) {
        size = extent < 1 ? most_neurons + 1 : size * extent;
        if (size > most_neurons) break;
    }
    if (size > most_neurons || shape->values.empty())
        return bad_input("the shape has no neurons or too many", group.place("shape"),
                         "a layer has 1 to " + std::to_string(most_neurons) + " neurons");
    const std::vector<std::int32_t>& v = shape->values;
    if (v.size() == 1) return Image{1, 1, v[0]};
    if (v.size() == 3) return Image{v[2], v[1], v[0]};
    return bad_input("the shape has " + std::to_string(v.size()) + " axes", group.place("shape"),
                     "it can have one, or three: channel, y, x");
}

Result<NetxSynapses> read_netx_dense(const Hdf5Group& group, const Image& source, bool flattened) {
    Result<Integers> weight = read_integers(group, "weight");
    if (!weight) return tl::unexpected(weight.error());
    if (weight->shape.size() == 1) weight->shape.insert(weight->shape.begin(), 1);
    const std::string place = group.place("weight");
    if (weight->shape.size() != 2 || weight->values.empty() || weight->shape[1] != source.size())
        return bad_input("a dense weight that does not have the shape (targets, " + std::to_string(source.size()) + ")",
                         place, "its last axis are the neurons of the layer before");
    if (weight->shape[0] > most_neurons)
        return bad_input("too many targets", place, "at most " + std::to_string(most_neurons));
    const int targets = narrow<int>(weight->shape[0]);
    const Result<Image> shape = read_netx_shape(group);
    if (!shape) return tl::unexpected(shape.error());
    if (shape->size() != targets)
        return bad_input("a shape of " + std::to_string(shape->size()) + " neurons for " + std::to_string(targets) +
                             " rows of weights",
                         group.place("shape"), "they must agree");
    for (const auto& [name, value] : {std::pair("inFeatures", source.size()), std::pair("outFeatures", targets)})
        if (group.has(name))
            if (const auto same = group.integer(name, value, value); !same) return tl::unexpected(same.error());
    if (auto good = check_dense_weights(weight->values, place); !good) return tl::unexpected(good.error());
    if (flattened) permute(*weight, source);
    const auto synapses = make_synapses(group, *weight, place);
    if (!synapses) return tl::unexpected(synapses.error());
    return NetxSynapses{*synapses, {1, 1, targets}};
}

Result<SynapseFormatPtr> read_netx_recurrent(const Hdf5Group& group, int neurons) {
    const Result<Integers> weight = read_integers(group, "weight_rec");
    if (!weight) return tl::unexpected(weight.error());
    const std::string place = group.place("weight_rec");
    if (weight->shape != std::vector<std::int64_t>{neurons, neurons})
        return bad_input("recurrent weights of another shape", place,
                         "they have one row and one column for each neuron");
    if (auto good = check_dense_weights(weight->values, place); !good) return tl::unexpected(good.error());
    const auto stored = with_place(place, store_plain(weight->values));
    if (!stored) return tl::unexpected(stored.error());
    return with_place(place, make_dense(neurons, neurons, *stored));
}

Result<NetxSynapses> read_netx_convolution(const Hdf5Group& group, const Image& source) {
    for (const char* name : {"delay", "weight_rec"})
        if (group.has(name))
            return bad_input("a convolution has none", group.place(name), "lava-dl ignores it; remove it");
    Result<Integers> file = read_integers(group, "weight");
    if (!file) return tl::unexpected(file.error());
    const std::string place = group.place("weight");
    if (file->shape.size() == 5 && file->shape.back() == 1) file->shape.pop_back();
    if (file->shape.size() != 4 || file->values.empty())
        return bad_input("a kernel that does not have four axes", place, "output channel, input channel, y, x");
    for (const std::int64_t extent : file->shape)
        if (extent > most_neurons) return bad_input("a kernel that is too large", place, "use a smaller one");
    const auto stride = pair(group, "stride", 1), padding = pair(group, "padding", 0),
               dilation = pair(group, "dilation", 1);
    for (const auto* part : {&stride, &padding, &dilation})
        if (!*part) return tl::unexpected(part->error());
    const auto groups = group.has("groups") ? group.integer("groups", 1, most_neurons) : Result<std::int64_t>(1);
    if (!groups) return tl::unexpected(groups.error());
    const int outputs = narrow<int>(file->shape[0]), inputs = narrow<int>(file->shape[1]),
              ky = narrow<int>(file->shape[2]), kx = narrow<int>(file->shape[3]);
    if (auto same = check_count(group, "outChannels", outputs); !same) return tl::unexpected(same.error());
    if (auto same = check_count(group, "inChannels", inputs * *groups); !same) return tl::unexpected(same.error());
    const auto size = pair(group, "kernelSize", kx);
    if (!size) return tl::unexpected(size.error());
    if (group.has("kernelSize") && std::minmax((*size)[0], (*size)[1]) != std::minmax(kx, ky))
        return bad_input(
            "the kernel's size is not that of its weights, " + std::to_string(ky) + " x " + std::to_string(kx),
            group.place("kernelSize"), "correct it, or leave it out");
    const Window window{{kx, ky}, *stride, *padding, *dilation};
    std::vector<std::int32_t> weights;
    weights.reserve(file->values.size());
    for (int o = 0; o < outputs; ++o)
        for (int x = 0; x < kx; ++x)
            for (int y = 0; y < ky; ++y)
                for (int c = 0; c < inputs; ++c)
                    weights.push_back(file->values[static_cast<std::size_t>(((o * inputs + c) * ky + y) * kx + x)]);
    const auto stored = with_place(place, store_plain(weights));
    if (!stored) return tl::unexpected(stored.error());
    const Result<Image> out = with_place(group.place(), slide(source, window, outputs));
    if (!out) return tl::unexpected(out.error());
    const Result<Image> shape = read_netx_shape(group);
    if (!shape) return tl::unexpected(shape.error());
    if (*shape != *out)
        return bad_input(
            "the shape is " + to_string(*shape) + " (x, y, channels), the convolution gives " + to_string(*out),
            group.place("shape"), "check kernel, stride, padding and dilation");
    const auto synapses = with_place(place, make_convolution(source, window, outputs, narrow<int>(*groups), *stored));
    if (!synapses) return tl::unexpected(synapses.error());
    return NetxSynapses{*synapses, *out};
}

}  // namespace tephra::spiking

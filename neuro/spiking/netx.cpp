#include "neuro/spiking/netx.hpp"

#include <algorithm>
#include <bit>

#include "core/narrow.hpp"
#include "neuro/spiking/convolution.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/netx_neurons.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/sparse.hpp"
#include "neuro/spiking/trial.hpp"

namespace tephra::spiking {
namespace {

const std::vector<std::string> layer_members = {
    "type",        "shape",      "neuron",      "weight",     "weight_rec", "bias",    "delay",    "inFeatures",
    "outFeatures", "inChannels", "outChannels", "kernelSize", "stride",     "padding", "dilation", "groups"};
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

class Reader {
public:
    Reader(Hdf5Group layers, const NetxOptions& options) : layers_(std::move(layers)), options_(options) {}

    Result<NetxModel> read() {
        const Result<int> count = count_layers();
        if (!count) return tl::unexpected(count.error());
        for (int i = 0; i < *count; ++i)
            if (const auto done = read_layer(i); !done) return tl::unexpected(done.error());
        if (parts_.layers.empty()) return bad_input("there are no neurons", layers_.place(), "a network has layers");
        parts_.outputs = {narrow<int>(parts_.layers.size()) - 1};
        Result<Network> network = with_place(layers_.place(), Network::make(std::move(parts_)));
        if (!network) return tl::unexpected(network.error());
        return NetxModel{std::move(*network), std::move(notes_)};
    }

private:
    /// Layers are called 0, 1, ...
    Result<int> count_layers() {
        const auto names = layers_.names();
        if (!names) return tl::unexpected(names.error());
        for (std::size_t i = 0; i < names->size(); ++i)
            if (!layers_.has_group(std::to_string(i)))
                return bad_input(
                    "there are " + std::to_string(names->size()) + " members, but no layer " + std::to_string(i),
                    layers_.place(), "layers are numbered from 0 without gaps");
        return narrow<int>(names->size());
    }

    Result<void> read_layer(int index) {
        const Result<Hdf5Group> group = layers_.group(std::to_string(index));
        if (!group) return tl::unexpected(group.error());
        if (auto known = check_netx_members(*group, layer_members); !known) return known;
        const Result<std::string> type = group->string("type");
        if (!type) return tl::unexpected(type.error());
        name_ = *type + std::to_string(index);
        if (*type == "input") return read_input(*group, index);
        if (*type == "flatten") return read_flatten();
        if (*type == "dense" || *type == "dense_rec") return read_dense(*group, *type == "dense_rec");
        if (*type == "conv") return read_convolution(*group);
        return bad_input("layers of type \"" + *type + "\" are not read", group->place("type"),
                         "lava-dl does not define them on fixed point, or tephra lacks them; use input, flatten, "
                         "dense, dense_rec or conv");
    }

    /// The last `axes` axes of a shape that stands as (channel, y, x).
    Result<Image> read_shape(const Hdf5Group& group) {
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

    Result<void> read_input(const Hdf5Group& group, int index) {
        if (index != 0)
            return bad_input("an input layer that is not the first", group.place(), "a file has one at most");
        if (options_.input_message_bits > 0)
            return bad_input("a file with an input layer takes no message bits for its input", group.place(),
                             "leave --input-bits out: the layer says how values enter");
        for (const char* name : {"delay", "weight_rec", "stride"})
            if (group.has(name)) return bad_input("an input layer has no synapses", group.place(name), "remove it");
        const Result<Image> image = read_shape(group);
        if (!image) return tl::unexpected(image.error());
        const auto neurons = group.group("neuron");
        if (!neurons) return tl::unexpected(neurons.error());
        if (group.has("weight") || group.has("bias"))
            notes_.push_back("layer " + name_ +
                             ": offer weight x pixel + bias of the file as input; neither is applied");
        auto layer = add_layer(*neurons, *image, NeuronConstant(), true);
        if (!layer) return layer;
        parts_.inputs = {{0, input_port_}};
        return {};
    }

    Result<void> read_flatten() {
        if (parts_.layers.empty()) return bad_input("a flatten layer comes first", layers_.place(), "remove it");
        flattened_ = true;
        return {};
    }

    /// Gives a file without an input layer one.
    Result<void> add_relay(const Hdf5Group& group) {
        const auto features = group.integer("inFeatures", 1, most_neurons);
        if (!features) return tl::unexpected(features.error());
        image_ = {1, 1, narrow<int>(*features)};
        message_bits_ = options_.input_message_bits;
        parts_.layers.push_back({"input", {image_.channels}, make_relay(), message_bits_});
        parts_.inputs = {{0, 0}};
        return {};
    }

    Result<void> read_dense(const Hdf5Group& group, bool recurrent) {
        if (parts_.layers.empty())
            if (auto added = add_relay(group); !added) return added;
        if (!flattened_ && (image_.x > 1 || image_.y > 1))
            return bad_input("a dense layer after an image of " + to_string(image_), group.place(),
                             "put a flatten layer between them");
        Result<Integers> weight = read_integers(group, "weight");
        if (!weight) return tl::unexpected(weight.error());
        if (weight->shape.size() == 1) weight->shape.insert(weight->shape.begin(), 1);
        const std::string place = group.place("weight");
        if (weight->shape.size() != 2 || weight->values.empty() || weight->shape[1] != image_.size())
            return bad_input(
                "a dense weight that does not have the shape (targets, " + std::to_string(image_.size()) + ")", place,
                "its last axis are the neurons of the layer before");
        if (weight->shape[0] > most_neurons)
            return bad_input("too many targets", place, "at most " + std::to_string(most_neurons));
        const int targets = narrow<int>(weight->shape[0]), source = last();
        const Result<Image> shape = read_shape(group);
        if (!shape) return tl::unexpected(shape.error());
        if (shape->size() != targets)
            return bad_input("a shape of " + std::to_string(shape->size()) + " neurons for " + std::to_string(targets) +
                                 " rows of weights",
                             group.place("shape"), "they must agree");
        for (const auto& [name, value] : {std::pair("inFeatures", image_.size()), std::pair("outFeatures", targets)})
            if (group.has(name))
                if (const auto same = group.integer(name, value, value); !same) return tl::unexpected(same.error());
        if (auto good = check_dense_weights(weight->values, place); !good) return good;
        if (flattened_) permute(*weight);
        const auto synapses = make_synapses(group, *weight, place);
        if (!synapses) return tl::unexpected(synapses.error());
        if (auto added = add_neurons(group, {1, 1, targets}); !added) return added;
        parts_.connections.push_back({source, last(), 0, *synapses, 0});
        if (recurrent) return read_recurrent(group, targets);
        if (group.has("weight_rec"))
            return bad_input("recurrent weights of a layer of type dense", group.place("weight_rec"),
                             "its type should be dense_rec");
        return {};
    }

    Result<void> read_recurrent(const Hdf5Group& group, int neurons) {
        const Result<Integers> weight = read_integers(group, "weight_rec");
        if (!weight) return tl::unexpected(weight.error());
        const std::string place = group.place("weight_rec");
        if (weight->shape != std::vector<std::int64_t>{neurons, neurons})
            return bad_input("recurrent weights of another shape", place,
                             "they have one row and one column for each neuron");
        if (auto good = check_dense_weights(weight->values, place); !good) return good;
        const auto stored = with_place(place, store_plain(weight->values));
        if (!stored) return tl::unexpected(stored.error());
        const auto synapses = with_place(place, make_dense(neurons, neurons, *stored));
        if (!synapses) return tl::unexpected(synapses.error());
        parts_.connections.push_back({last(), last(), 0, *synapses, 0});
        return {};
    }

    /// Columns of weights for (channel, y, x), x varying fastest, in the order of our neurons.
    void permute(Integers& weight) const {
        const auto columns = static_cast<std::size_t>(image_.size());
        std::vector<std::int32_t> out(weight.values.size());
        for (std::size_t row = 0; row < weight.values.size(); row += columns) {
            std::size_t to = row;
            for (int x = 0; x < image_.x; ++x)
                for (int y = 0; y < image_.y; ++y)
                    for (int c = 0; c < image_.channels; ++c)
                        out[to++] = weight.values[row + static_cast<std::size_t>((c * image_.y + y) * image_.x + x)];
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
        const bool by_row = delay->shape.size() == 1 && n == targets,
                   by_column = delay->shape.size() == 1 && n == sources;
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
    static Result<void> check_count(const Hdf5Group& group, const std::string& name, std::int64_t count) {
        if (!group.has(name)) return {};
        const auto given = group.integer(name, 1, most_neurons);
        if (!given) return tl::unexpected(given.error());
        if (*given != count)
            return bad_input("it is " + std::to_string(*given) + ", the weights have " + std::to_string(count),
                             group.place(name), "correct it, or leave it out");
        return {};
    }

    Result<void> read_convolution(const Hdf5Group& group) {
        if (parts_.layers.empty() || flattened_)
            return bad_input("a convolution of something that is no image", group.place(),
                             "an input layer, or another convolution comes before it");
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
        if (auto same = check_count(group, "outChannels", outputs); !same) return same;
        if (auto same = check_count(group, "inChannels", inputs * *groups); !same) return same;
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
        const Result<Image> out = with_place(group.place(), slide(image_, window, outputs));
        if (!out) return tl::unexpected(out.error());
        const Result<Image> shape = read_shape(group);
        if (!shape) return tl::unexpected(shape.error());
        if (*shape != *out)
            return bad_input(
                "the shape is " + to_string(*shape) + " (x, y, channels), the convolution gives " + to_string(*out),
                group.place("shape"), "check kernel, stride, padding and dilation");
        const auto synapses =
            with_place(place, make_convolution(image_, window, outputs, narrow<int>(*groups), *stored));
        if (!synapses) return tl::unexpected(synapses.error());
        const int source = last();
        if (auto added = add_neurons(group, *out); !added) return added;
        parts_.connections.push_back({source, last(), 0, *synapses, 0});
        return {};
    }

    /// Neurons of a layer with synapses; biases are per channel.
    Result<void> add_neurons(const Hdf5Group& group, const Image& image) {
        NeuronConstant bias;
        if (group.has("bias")) {
            const Result<Integers> given = read_integers(group, "bias");
            if (!given) return tl::unexpected(given.error());
            if (std::ssize(given->values) != image.channels)
                return bad_input(std::to_string(given->values.size()) + " biases for " +
                                     std::to_string(image.channels) + " channels",
                                 group.place("bias"), "one for each");
            std::vector<std::int32_t> each(static_cast<std::size_t>(image.size()));
            for (std::size_t i = 0; i < each.size(); ++i) each[i] = given->values[i % given->values.size()];
            bias = NeuronConstant(std::move(each));
        }
        const auto neurons = group.group("neuron");
        if (!neurons) return tl::unexpected(neurons.error());
        return add_layer(*neurons, image, bias, false);
    }

    Result<void> add_layer(const Hdf5Group& group, const Image& image, const NeuronConstant& bias, bool input) {
        Result<NetxNeurons> neurons = read_netx_neurons(group, {name_, neuron_layers_, input}, bias, options_, notes_);
        if (!neurons) return tl::unexpected(neurons.error());
        message_bits_ = neurons->message_bits;
        input_port_ = neurons->input_port;
        const bool flat = image.x == 1 && image.y == 1 && !name_.starts_with("conv") && !name_.starts_with("input");
        std::vector<int> shape = flat ? std::vector{image.channels} : std::vector{image.x, image.y, image.channels};
        parts_.layers.push_back({name_, std::move(shape), std::move(neurons->model), message_bits_});
        image_ = image;
        flattened_ = false;
        ++neuron_layers_;
        return {};
    }

    [[nodiscard]] int last() const { return narrow<int>(parts_.layers.size()) - 1; }

    Hdf5Group layers_;
    NetxOptions options_;
    NetworkParts parts_;
    std::vector<std::string> notes_;
    std::string name_;        ///< of the layer that is being read
    Image image_;             ///< of the last layer
    bool flattened_ = false;  ///< a flatten layer came after it
    int message_bits_ = 0;    ///< of the last layer
    int input_port_ = 0;      ///< where input enters the neurons of the last layer
    int neuron_layers_ = 0;   ///< layers of the file that have neurons, so far
};

}  // namespace

static Result<NetxModel> read_model(const std::string& path, const NetxOptions& options) {
    const auto file = Hdf5Group::open(path);
    if (!file) return tl::unexpected(file.error());
    const auto layers = file->group("layer");
    if (!layers) return tl::unexpected(layers.error());
    return Reader(*layers, options).read();
}

Result<NetxModel> read_netx(const std::string& path, const NetxOptions& options) {
    return read_with_trial(path, [&] { return read_model(path, options); });
}

}  // namespace tephra::spiking

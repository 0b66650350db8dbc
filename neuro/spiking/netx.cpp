#include "neuro/spiking/netx.hpp"

#include "core/narrow.hpp"
#include "neuro/spiking/netx_neurons.hpp"
#include "neuro/spiking/netx_synapses.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/trial.hpp"

namespace tephra::spiking {
namespace {

const std::vector<std::string> layer_members = {
    "type",        "shape",      "neuron",      "weight",     "weight_rec", "bias",    "delay",    "inFeatures",
    "outFeatures", "inChannels", "outChannels", "kernelSize", "stride",     "padding", "dilation", "groups"};
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

    Result<void> read_input(const Hdf5Group& group, int index) {
        if (index != 0)
            return bad_input("an input layer that is not the first", group.place(), "a file has one at most");
        if (options_.input_message_bits > 0)
            return bad_input("a file with an input layer takes no message bits for its input", group.place(),
                             "leave --input-bits out: the layer says how values enter");
        for (const char* name : {"delay", "weight_rec", "stride"})
            if (group.has(name)) return bad_input("an input layer has no synapses", group.place(name), "remove it");
        const Result<Image> image = read_netx_shape(group);
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
        if (!recurrent && group.has("weight_rec"))
            return bad_input("recurrent weights of a layer of type dense", group.place("weight_rec"),
                             "its type should be dense_rec");
        const auto synapses = read_netx_dense(group, image_, flattened_);
        if (!synapses) return tl::unexpected(synapses.error());
        if (auto added = add_neurons(group, *synapses); !added) return added;
        if (!recurrent) return {};
        const auto among = read_netx_recurrent(group, synapses->targets.size());
        if (!among) return tl::unexpected(among.error());
        parts_.connections.push_back({last(), last(), 0, *among, 0});
        return {};
    }

    Result<void> read_convolution(const Hdf5Group& group) {
        if (parts_.layers.empty() || flattened_)
            return bad_input("a convolution of something that is no image", group.place(),
                             "an input layer, or another convolution comes before it");
        const auto synapses = read_netx_convolution(group, image_);
        if (!synapses) return tl::unexpected(synapses.error());
        return add_neurons(group, *synapses);
    }

    /// Neurons of a layer, with synapses from the last one; biases are per channel.
    Result<void> add_neurons(const Hdf5Group& group, const NetxSynapses& incoming) {
        const Image& image = incoming.targets;
        const int source = last();
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
        if (auto added = add_layer(*neurons, image, bias, false); !added) return added;
        parts_.connections.push_back({source, last(), 0, incoming.synapses, 0});
        return {};
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

// Synapse formats by their factories: tephra.synapses.
#include "neuro/spiking/convolution.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/one_to_one.hpp"
#include "neuro/spiking/pool.hpp"
#include "neuro/spiking/sparse.hpp"
#include "python/bindings/network_objects.hpp"

namespace tephra::python {
namespace {

using namespace spiking;

/// How weights are stored: exactly as they are, or as a core of so many bits does.
struct Precision {
    std::optional<int> bits;
    int exponent = 0;
    std::optional<SignMode> sign;
    bool round = false;
};

Precision take_precision(Keywords& in, bool with_exponent) {
    Precision p;
    in.take("weight_bits", [&](py::handle value, const std::string& place) {
        p.bits = small_integer(value, place, 1, most_weight_bits);
    });
    if (with_exponent) in.integer("exponent", p.exponent, least_weight_exponent, most_weight_exponent);
    in.take("sign_mode", [&](py::handle value, const std::string& place) {
        p.sign = static_cast<SignMode>(choice(value, place, {"mixed", "excitatory", "inhibitory"}));
    });
    in.take("round", [&](py::handle value, const std::string& place) { p.round = flag(value, place); });
    if (!p.bits && (p.sign || p.round))
        refuse("sign_mode and round say how weights of few bits are stored", in.place(),
               "give weight_bits, or leave them out");
    return p;
}

StoredWeights stored(const Integers& weights, const Precision& p, const std::string& place) {
    if (!p.bits) {
        StoredWeights out = require(with_place(place, store_plain(weights.values())));
        out.exponent = p.exponent;
        return out;
    }
    StoredWeights out = require(
        with_place(place, store_weights(weights.values(), {.bits = *p.bits, .exponent = p.exponent, .sign = p.sign})));
    if (out.changed > 0 && !p.round)
        refuse(std::to_string(out.changed) + " of " + std::to_string(out.values.size()) + " weights have no place in " +
                   std::to_string(*p.bits) + " bits",
               place, "round them first, give more weight_bits, or say round=True to store what a core would");
    return out;
}

Synapses made(const std::string& place, Result<SynapseFormatPtr> result, std::int64_t changed) {
    return {require(with_place(place, std::move(result))), changed};
}

int extent(const Integers& array, std::size_t axis, const std::string& place) {
    if (array.shape()[axis] > most_neurons)
        refuse("an array of shape " + shape_text(array.shape()), place,
               "a population has at most " + std::to_string(most_neurons) + " neurons");
    return static_cast<int>(array.shape()[axis]);
}

void check_axes(const Integers& array, std::size_t axes, const std::string& place, const std::string& wanted) {
    if (array.shape().size() != axes)
        refuse("an array of shape " + shape_text(array.shape()), place, "its axes are " + wanted);
}

Synapses dense(py::handle weights, const py::kwargs& given) {
    Keywords in(given, "dense");
    const Precision precision = take_precision(in, true);
    in.finish();
    const Integers array(weights, "dense, weights");
    check_axes(array, 2, "dense, weights", "(targets, sources)");
    const StoredWeights values = stored(array, precision, "dense, weights");
    return made("dense, weights",
                make_dense(extent(array, 1, "dense, weights"), extent(array, 0, "dense, weights"), values),
                values.changed);
}

Synapses one_to_one(py::handle neurons, py::handle weights, const py::kwargs& given) {
    Keywords in(given, "one_to_one");
    const Precision precision = take_precision(in, true);
    in.finish();
    const Integers array(weights, "one_to_one, weights");
    const StoredWeights values = stored(array, precision, "one_to_one, weights");
    return made("one_to_one", make_one_to_one(small_integer(neurons, "one_to_one, neurons", 1, most_neurons), values),
                values.changed);
}

Synapses sparse(py::handle sources, py::handle targets, py::handle source, py::handle target, py::handle weight,
                py::handle delay, const py::kwargs& given) {
    Keywords in(given, "sparse");
    const Precision precision = take_precision(in, true);
    in.finish();
    const Integers from(source, "sparse, source"), to(target, "sparse, target"), weights(weight, "sparse, weight"),
        delays(delay, "sparse, delay");
    const std::size_t n = from.values().size();
    const bool shared_delay = delays.shape().empty();
    if (to.values().size() != n || weights.values().size() != n || (!shared_delay && delays.values().size() != n))
        refuse("synapses with " + std::to_string(n) + " sources, " + std::to_string(to.values().size()) + " targets, " +
                   std::to_string(weights.values().size()) + " weights and " + std::to_string(delays.values().size()) +
                   " delays",
               "sparse", "give one of each for each synapse, or one delay for all");
    const StoredWeights values = stored(weights, precision, "sparse, weight");
    std::vector<Synapse> synapses(n);
    for (std::size_t i = 0; i < n; ++i)
        synapses[i] = {from.values()[i], to.values()[i], values.values[i], delays.values()[shared_delay ? 0 : i]};
    return made("sparse",
                make_sparse(small_integer(sources, "sparse, sources", 1, most_neurons),
                            small_integer(targets, "sparse, targets", 1, most_neurons), std::move(synapses),
                            values.bits, values.exponent),
                values.changed);
}

Image image_of(py::handle shape, const std::string& place) {
    const Integers extents(shape, place);
    if (extents.values().size() != 3)
        refuse(std::to_string(extents.values().size()) + " extents", place, "an image has three: (x, y, channels)");
    for (const std::int32_t e : extents.values())
        if (e < 1 || e > most_neurons)
            refuse("an extent of " + std::to_string(e), place, "it can be 1 to " + std::to_string(most_neurons));
    return {extents.values()[0], extents.values()[1], extents.values()[2]};
}

/// One number for both axes, or a pair.
void take_pair(Keywords& in, const char* name, std::array<int, 2>& pair) {
    in.take(name, [&](py::handle given, const std::string& place) {
        const Integers values(given, place);
        if (values.values().size() != 2 && !values.shape().empty())
            refuse(std::to_string(values.values().size()) + " numbers", place, "give one, or one for x and one for y");
        pair = {values.values().front(), values.values().back()};
    });
}

Synapses convolution(py::handle input, py::handle weights, const py::kwargs& given) {
    Keywords in(given, "convolution");
    const Precision precision = take_precision(in, false);
    Window window;
    int groups = 1;
    take_pair(in, "stride", window.stride);
    take_pair(in, "padding", window.padding);
    take_pair(in, "dilation", window.dilation);
    in.integer("groups", groups, 1, most_neurons);
    in.finish();
    const Integers array(weights, "convolution, weights");
    check_axes(array, 4, "convolution, weights", "(output channels, kernel x, kernel y, input channels of a group)");
    const Image image = image_of(input, "convolution, input_shape");
    window.kernel = {extent(array, 1, "convolution, weights"), extent(array, 2, "convolution, weights")};
    if (image.channels % groups != 0 || image.channels / groups != array.shape()[3])
        refuse("weights of " + std::to_string(array.shape()[3]) + " input channels, the image has " +
                   std::to_string(image.channels) + " in " + std::to_string(groups) + " groups",
               "convolution, weights", "the last axis has the channels of a group");
    const StoredWeights values = stored(array, precision, "convolution, weights");
    return made("convolution",
                make_convolution(image, window, extent(array, 0, "convolution, weights"), groups, values),
                values.changed);
}

Synapses pool(py::handle input, const py::kwargs& given) {
    Keywords in(given, "pool");
    Window window;
    int weight = 1, exponent = 0;
    take_pair(in, "kernel", window.kernel);
    window.stride = window.kernel;
    take_pair(in, "stride", window.stride);
    take_pair(in, "padding", window.padding);
    take_pair(in, "dilation", window.dilation);
    in.integer("weight", weight, least_weight, largest_weight);
    in.integer("exponent", exponent, least_weight_exponent, most_weight_exponent);
    in.finish();
    return made("pool", make_pool(image_of(input, "pool, input_shape"), window, weight, exponent), 0);
}

/// The shape of the image that a window makes of one.
std::tuple<int, int, int> window_shape(py::handle input, py::handle channels, const py::kwargs& given) {
    Keywords in(given, "window_shape");
    Window window;
    take_pair(in, "kernel", window.kernel);
    take_pair(in, "stride", window.stride);
    take_pair(in, "padding", window.padding);
    take_pair(in, "dilation", window.dilation);
    in.finish();
    const Image out = require(slide(image_of(input, "window_shape, input_shape"), window,
                                    small_integer(channels, "window_shape, channels", 1, most_neurons)));
    return {out.x, out.y, out.channels};
}

}  // namespace

void bind_synapses(py::module_& m) {
    py::class_<Synapses>(m, "Synapses", "Synapses of one connection, for the connections of a network.")
        .def_property_readonly("kind", [](const Synapses& s) { return std::string(s.format->kind()); })
        .def_property_readonly("sources", [](const Synapses& s) { return s.format->sources(); })
        .def_property_readonly("targets", [](const Synapses& s) { return s.format->targets(); })
        .def_property_readonly("weight_bits", [](const Synapses& s) { return s.format->weight_bits(); })
        .def_property_readonly("max_delay", [](const Synapses& s) { return s.format->max_delay(); })
        .def_property_readonly(
            "changed", [](const Synapses& s) { return s.changed; },
            "Weights that the precision made another number (round=True).")
        .def_property_readonly(
            "weights",
            [](const Synapses& s) {
                return s.format->memory({0, s.format->targets()}).weights;
            },
            "Stored weights, each shared one counted once.")
        .def(
            "parameters", [](const Synapses& s) { return stored_dict(s.format->store(), s.format->kind()); },
            "Parameters as a deployment file keeps them: arrays of int32 by name.");
    m.def("dense", &dense);
    m.def("one_to_one", &one_to_one);
    m.def("sparse", &sparse);
    m.def("convolution", &convolution);
    m.def("pool", &pool);
    m.def("window_shape", &window_shape);
}

}  // namespace tephra::python

// Networks: built from layers and connections, read from NetX, NIR and deployment files, written.

#include <filesystem>

#include "core/files.hpp"
#include "core/json.hpp"
#include "neuro/spiking/network_kind.hpp"
#include "neuro/spiking/network_origin.hpp"
#include "neuro/spiking/netx.hpp"
#include "neuro/spiking/nir_import.hpp"
#include "python/bindings/network_objects.hpp"

namespace tephra::python {
namespace {

using namespace spiking;

Layer layer_of(py::handle given, const std::string& place) {
    const auto fields = items(given, place);
    if (fields.size() != 4) refuse(std::to_string(fields.size()) + " fields", place, "(name, shape, neurons, bits)");
    Layer layer;
    layer.name = text(fields[0], place + ", name");
    const Integers shape(fields[1], place + ", shape");
    layer.shape.assign(shape.values().begin(), shape.values().end());
    if (!py::isinstance<Neurons>(fields[2]))
        refuse("its neurons are no neuron model", place + ", neurons", "make them with tephra.neurons: lif(), ...");
    layer.neurons = fields[2].cast<const Neurons&>().model;
    layer.message_bits = small_integer(fields[3], place + ", message_bits", 0, most_message_bits);
    return layer;
}

Connection connection_of(py::handle given, const std::string& place) {
    const auto fields = items(given, place);
    if (fields.size() != 5)
        refuse(std::to_string(fields.size()) + " fields", place, "(source, target, port, synapses, delay)");
    Connection c;
    c.source = small_integer(fields[0], place + ", source", 0, most_layers);
    c.target = small_integer(fields[1], place + ", target", 0, most_layers);
    c.port = small_integer(fields[2], place + ", port", 0, most_layers);
    if (!py::isinstance<Synapses>(fields[3]))
        refuse("its synapses are no synapse format", place + ", synapses",
               "make them with tephra.synapses: dense(), ...");
    c.synapses = fields[3].cast<const Synapses&>().format;
    c.delay = small_integer(fields[4], place + ", delay", 0, longest_delay);
    return c;
}

NetworkObject make_network(py::handle name, py::handle layers, py::handle connections, py::handle inputs,
                           py::handle outputs) {
    NetworkParts parts;
    for (const py::object& layer : items(layers, "layers"))
        parts.layers.push_back(layer_of(layer, "layer " + std::to_string(parts.layers.size())));
    for (const py::object& connection : items(connections, "connections"))
        parts.connections.push_back(
            connection_of(connection, "connection " + std::to_string(parts.connections.size())));
    for (const py::object& input : items(inputs, "inputs")) {
        const auto fields = items(input, "inputs");
        if (fields.size() != 2) refuse(std::to_string(fields.size()) + " fields", "inputs", "(layer, port)");
        parts.inputs.push_back({small_integer(fields[0], "inputs, layer", 0, most_layers),
                                small_integer(fields[1], "inputs, port", 0, most_layers)});
    }
    for (const py::object& output : items(outputs, "outputs"))
        parts.outputs.push_back(small_integer(output, "outputs", 0, most_layers));
    static const std::string origin =
        Json(Json::Object{{"tool", "tephra " TEPHRA_VERSION}, {"command", "NetworkBuilder"}}).dump(-1);
    return {require(Network::make(std::move(parts))), text(name, "name"), origin};
}

/// How far the layers of a NIR file are from its parameters, a dict each.
py::list errors_of(const NirModel& model) {
    py::list out;
    for (const NirLayerError& e : model.errors) {
        py::dict row;
        row["layer"] = e.layer;
        row["scale"] = e.scale;
        row["weight"] = e.weight;
        row["threshold"] = e.threshold;
        row["decay"] = e.decay;
        row["bias"] = e.bias;
        row["delay"] = e.delay;
        out.append(std::move(row));
    }
    return out;
}

std::string stem_of(const std::string& path) {
    return std::filesystem::path(path).stem().string();
}

// libhdf5 is not made for threads: the GIL stays held while it reads.

py::tuple read_netx_file(py::handle file, const py::kwargs& given) {
    Keywords in(given, "read_netx");
    NetxOptions options;
    in.integer("reset_interval", options.reset_interval, 0, longest_reset_interval / 2);
    in.integer("reset_offset", options.reset_offset, 0, longest_reset_interval / 4);
    in.integer("input_bits", options.input_message_bits, 0, most_message_bits);
    in.choice("threshold", options.threshold_rule, {"above", "reached"});
    in.finish();
    if (options.reset_interval == 0 && options.reset_offset != 0)
        refuse("it has no effect without reset_interval", "reset_offset", "give both or none");
    const std::string name = path(file, "path");
    NetxModel model = require(read_netx(name, options));
    return py::make_tuple(NetworkObject(std::move(model.network), stem_of(name), require(netx_origin(name, options))),
                          model.notes);
}

py::tuple read_nir_file(py::handle file, const py::kwargs& given) {
    Keywords in(given, "read_nir");
    NirOptions options;
    in.take("dt", [&](py::handle value, const std::string& place) { options.dt = number(value, place, 1e-12, 1e6); });
    in.choice("rule", options.rule, {"nearest", "lava"});
    in.integer("weight_bits", options.weight_bits, 2, most_stored_bits);
    in.integer("input_bits", options.input_message_bits, 0, most_message_bits);
    in.finish();
    const std::string name = path(file, "path");
    NirModel model = require(import_nir(require(read_nir(name)), options));
    py::list errors = errors_of(model);
    return py::make_tuple(NetworkObject(std::move(model.network), stem_of(name), require(nir_origin(name, options))),
                          std::move(errors));
}

/// "netx", "nir", "network" or "language_model": what the file is, by its content.
std::string file_kind(py::handle file) {
    const std::string name = path(file, "path");
    if (const auto kind = tph_kind(name)) return *kind == TphKind::network ? "network" : "language_model";
    return require(network_kind(name)) == NetworkKind::netx ? "netx" : "nir";
}

NetworkObject read_tph(py::handle file) {
    return NetworkObject(require(load_network(path(file, "path"))));
}

void write_tph(const NetworkObject& object, py::handle file) {
    const std::string name = path(file, "path");
    const NamedNetwork named = require(name_network(object.network(), object.name(), object.origin()));
    OutputFile output = require(OutputFile::create_regular(name));
    require(write_network(named, output));
}

py::list layers_of(const NetworkObject& object) {
    py::list out;
    for (const Layer& layer : object.network().layers())
        out.append(
            py::make_tuple(layer.name, py::tuple(py::cast(layer.shape)), Neurons{layer.neurons}, layer.message_bits));
    return out;
}

py::list connections_of(const NetworkObject& object) {
    py::list out;
    for (const Connection& c : object.network().connections())
        out.append(py::make_tuple(c.source, c.target, c.port, Synapses{c.synapses}, c.delay));
    return out;
}

py::list inputs_of(const NetworkObject& object) {
    py::list out;
    for (const Input& input : object.network().inputs()) out.append(py::make_tuple(input.layer, input.port));
    return out;
}

}  // namespace

Hash128 NetworkObject::hash() const {
    if (!hash_) hash_ = content_hash(require(encode_network(*network_)));
    return *hash_;
}

py::dict stored_dict(const std::optional<StoredParameters>& stored, std::string_view kind) {
    if (!stored) refuse("kind \"" + std::string(kind) + "\" can't be stored", "parameters", "no file holds it");
    py::dict out;
    for (const auto& [name, values] : *stored) out[py::str(name)] = array_of(values, {std::ssize(values)});
    return out;
}

void bind_networks(py::module_& m) {
    py::class_<NetworkObject>(m, "Network")
        .def_property_readonly("name", &NetworkObject::name)
        .def_property_readonly("origin", &NetworkObject::origin)
        .def_property_readonly("hash", [](const NetworkObject& n) { return to_string(n.hash()); })
        .def_property_readonly("layers", &layers_of)
        .def_property_readonly("connections", &connections_of)
        .def_property_readonly("inputs", &inputs_of)
        .def_property_readonly("outputs", [](const NetworkObject& n) { return n.network().outputs(); })
        .def("find",
             [](const NetworkObject& n, py::handle name) {
                 return require(with_place("layer", n.network().find(text(name, "layer"))));
             })
        .def("renamed", [](const NetworkObject& n, py::handle name) { return n.renamed(text(name, "name")); })
        .def("write", &write_tph);
    m.def("make_network", &make_network);
    m.def("read_netx", &read_netx_file);
    m.def("read_nir", &read_nir_file);
    m.def("read_network", &read_tph);
    m.def("file_kind", &file_kind);
}

}  // namespace tephra::python

// Neuron models by their factories: tephra.neurons.
#include "neuro/spiking/graded.hpp"
#include "neuro/spiking/leaky_readout.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/resonate_fire.hpp"
#include "neuro/spiking/sigma_delta.hpp"
#include "neuro/spiking/ternary_lif.hpp"
#include "python/bindings/network_objects.hpp"

namespace tephra::python {
namespace {

using namespace spiking;

/// A constant: one value for all neurons, or an array with one for each, in C order.
void take(Keywords& in, const char* name, NeuronConstant& constant) {
    in.take(name, [&](py::handle given, const std::string& place) {
        const Integers values(given, place);
        if (values.values().empty()) refuse("it has no values", place, "give one, or one for each neuron");
        constant = NeuronConstant(values.copy());
    });
}

void take(Keywords& in, Cuba& cuba) {
    take(in, "current_decay", cuba.current_decay);
    take(in, "voltage_decay", cuba.voltage_decay);
    take(in, "drive", cuba.drive);
    take(in, "bias", cuba.bias);
    in.integer("bias_exponent", cuba.bias_exponent, least_bias_exponent, most_bias_exponent);
}

void take(Keywords& in, SigmaDeltaScale& scale) {
    in.integer("spike_exponent", scale.spike_exponent, 0, most_sigma_delta_shift);
    in.integer("state_exponent", scale.state_exponent, 0, most_sigma_delta_shift);
}

Neurons made(const Keywords& in, Result<NeuronModelPtr> result) {
    return {require(with_place(in.place(), std::move(result)))};
}

Neurons lif(const py::kwargs& given) {
    Keywords in(given, "lif");
    LifParameters p;
    take(in, p.cuba);
    take(in, "threshold", p.threshold);
    in.choice("threshold_rule", p.threshold_rule, {"above", "reached"});
    in.choice("reset", p.reset_rule, {"zero", "subtract"});
    in.integer("refractory", p.refractory, 0, most_refractory_steps);
    in.integer("clear_interval", p.clear.interval, 0, longest_reset_interval);
    in.integer("clear_offset", p.clear.offset, 0, longest_reset_interval);
    in.finish();
    return made(in, make_lif(std::move(p)));
}

Neurons ternary_lif(const py::kwargs& given) {
    Keywords in(given, "ternary_lif");
    TernaryLifParameters p;
    take(in, p.cuba);
    take(in, "lower", p.lower);
    take(in, "upper", p.upper);
    in.finish();
    return made(in, make_ternary_lif(std::move(p)));
}

Neurons leaky_readout(const py::kwargs& given) {
    Keywords in(given, "leaky_readout");
    Cuba cuba;
    take(in, cuba);
    in.finish();
    return made(in, make_leaky_readout(std::move(cuba)));
}

Neurons sigma_delta(const py::kwargs& given) {
    Keywords in(given, "sigma_delta");
    SigmaDeltaParameters p;
    take(in, p.scale);
    take(in, "threshold", p.threshold);
    take(in, "bias", p.bias);
    in.take("relu", [&](py::handle value, const std::string& place) { p.relu = flag(value, place); });
    in.finish();
    return made(in, make_sigma_delta(std::move(p)));
}

Neurons delta(const py::kwargs& given) {
    Keywords in(given, "delta");
    DeltaParameters p;
    take(in, p.scale);
    take(in, "threshold", p.threshold);
    in.finish();
    return made(in, make_delta(std::move(p)));
}

/// A model whose one parameter is a threshold.
template <Result<NeuronModelPtr> (*make)(NeuronConstant)>
Neurons with_threshold(const char* name, const py::kwargs& given) {
    Keywords in(given, name);
    NeuronConstant threshold;
    take(in, "threshold", threshold);
    in.finish();
    return made(in, make(std::move(threshold)));
}

Neurons product(const py::kwargs& given) {
    Keywords in(given, "product");
    NeuronConstant threshold;
    int shift = 0;
    take(in, "threshold", threshold);
    in.integer("shift", shift, 0, most_product_shift);
    in.finish();
    return made(in, make_product(std::move(threshold), shift));
}

Neurons resonate_fire(const py::kwargs& given) {
    Keywords in(given, "resonate_fire");
    ResonatorParameters p;
    in.choice("rule", p.kind, {"crossing", "reset"});
    take(in, "cosine", p.cosine);
    take(in, "sine", p.sine);
    in.integer("bits", p.bits, 0, most_resonator_bits);
    take(in, "threshold", p.threshold);
    in.integer("input_shift", p.input_shift, 0, most_resonator_shift);
    in.finish();
    return made(in, make_resonator(std::move(p)));
}

std::vector<std::string> names(std::span<const std::string_view> views) {
    return {views.begin(), views.end()};
}

}  // namespace

void bind_neurons(py::module_& m) {
    py::class_<Neurons>(m, "Neurons", "A neuron model with its parameters, for the layers of a network.")
        .def_property_readonly("kind", [](const Neurons& n) { return std::string(n.model->kind()); })
        .def_property_readonly(
            "neurons", [](const Neurons& n) { return n.model->neurons(); },
            "Neurons that it has constants for; 0: any number.")
        .def_property_readonly("ports", [](const Neurons& n) { return names(n.model->ports()); })
        .def_property_readonly("states", [](const Neurons& n) { return names(n.model->states()); })
        .def(
            "parameters", [](const Neurons& n) { return stored_dict(n.model->store(), n.model->kind()); },
            "Parameters as a deployment file keeps them: arrays of int32 by name.");
    m.def("lif", &lif);
    m.def("ternary_lif", &ternary_lif);
    m.def("leaky_readout", &leaky_readout);
    m.def("sigma_delta", &sigma_delta);
    m.def("delta", &delta);
    m.def("graded", [](const py::kwargs& given) { return with_threshold<make_graded>("graded", given); });
    m.def("graded_relu",
          [](const py::kwargs& given) { return with_threshold<make_graded_relu>("graded_relu", given); });
    m.def("threshold", [](const py::kwargs& given) { return with_threshold<make_threshold>("threshold", given); });
    m.def("product", &product);
    m.def("resonate_fire", &resonate_fire);
    m.def("sigma", [] { return Neurons{make_sigma()}; });
    m.def("relay", [] { return Neurons{make_relay()}; });
    m.def("resonator_rotation", [](py::handle period, py::handle decay, py::handle bits) {
        return resonator_rotation(number(period, "period", 1e-9, 1e12), number(decay, "decay", 0, 1),
                                  small_integer(bits, "bits", 0, most_resonator_bits));
    });
}

}  // namespace tephra::python

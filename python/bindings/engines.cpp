// The plain engine of spiking and graded networks, step by step.

#include <algorithm>
#include <limits>
#include <mutex>

#include "core/stop.hpp"
#include "neuro/spiking/engine.hpp"
#include "python/bindings/calls.hpp"
#include "python/bindings/network_objects.hpp"

namespace tephra::python {
namespace {

constexpr int messages_word = -1;
constexpr std::int64_t most_steps = std::int64_t{1} << 30;
constexpr std::int64_t most_probed_values = std::int64_t{1} << 32;

/// What a probe records: state word `word` of a layer, or its messages.
struct Probe {
    int layer = 0, word = messages_word;
};

/// The values for one of the network's inputs: a frame for all steps, or one a step.
struct Frames {
    std::span<const std::int32_t> values;
    std::size_t neurons = 0;
    bool each = false;
    [[nodiscard]] std::span<const std::int32_t> at(std::size_t step) const {
        return values.empty() ? values : values.subspan(each ? step * neurons : 0, neurons);
    }
};

/// An engine with the network that it runs. A lock keeps calls of several threads apart.
class EngineObject {
public:
    explicit EngineObject(const NetworkObject& object) : network_(object.shared()), engine_(*network_) {}

    void step(py::handle inputs) {
        const auto given = integers(inputs);
        std::vector<std::span<const std::int32_t>> frames;
        for (const auto& values : given) frames.push_back(values ? values->values() : std::span<const std::int32_t>());
        const py::gil_scoped_release released;
        const std::scoped_lock lock(busy_);
        advance(frames);
    }

    py::list run(py::handle steps_given, py::handle inputs, py::handle probes_given) {
        const auto steps = static_cast<std::size_t>(integer(steps_given, "steps", 0, most_steps));
        const auto given = integers(inputs);
        std::vector<Frames> frames;
        for (std::size_t i = 0; i < given.size(); ++i) frames.push_back(frames_of(given[i], i, steps));
        const std::vector<Probe> probes = probes_of(probes_given);
        std::vector<std::vector<std::int32_t>> recorded;
        std::int64_t values = 0;
        for (const Probe& probe : probes) values += std::int64_t{size(probe.layer)} * static_cast<std::int64_t>(steps);
        if (values > most_probed_values)
            refuse("the probes would record " + std::to_string(values) + " values", "probes",
                   "record fewer layers or steps");
        recorded.reserve(probes.size());
        for (const Probe& probe : probes) recorded.emplace_back(static_cast<std::size_t>(size(probe.layer)) * steps);
        run_long([&] {
            const std::scoped_lock lock(busy_);
            std::vector<std::span<const std::int32_t>> frame(frames.size());
            for (std::size_t step = 0; step < steps; ++step) {
                stop_point();
                for (std::size_t i = 0; i < frames.size(); ++i) frame[i] = frames[i].at(step);
                advance(frame);
                for (std::size_t p = 0; p < probes.size(); ++p) {
                    const auto now = values_of(probes[p]);
                    std::ranges::copy(now, recorded[p].begin() + static_cast<std::ptrdiff_t>(step * now.size()));
                }
            }
        });
        py::list out;
        for (std::size_t p = 0; p < probes.size(); ++p) {
            std::vector<std::int64_t> shape = shape_of(probes[p].layer);
            shape.insert(shape.begin(), static_cast<std::int64_t>(steps));
            out.append(array_from(std::move(recorded[p]), shape));
        }
        return out;
    }

    [[nodiscard]] py::array values(py::handle layer, int word, bool copy, py::handle self) const {
        const Probe probe{layer_index(layer), word};
        const auto shape = shape_of(probe.layer);
        if (!copy) return view_of(values_of(probe), shape, self);
        py::array_t<std::int32_t> out(shape);
        const std::span<std::int32_t> to(out.mutable_data(), static_cast<std::size_t>(out.size()));
        const py::gil_scoped_release released;
        const std::scoped_lock lock(busy_);
        std::ranges::copy(values_of(probe), to.begin());
        return out;
    }

    [[nodiscard]] int word_index(py::handle layer, py::handle word) const {
        const spiking::Layer& what = network_->layer(layer_index(layer));
        const auto states = what.neurons->states();
        if (PyUnicode_Check(word.ptr()) == 0)
            return small_integer(word, "word", 0, static_cast<int>(states.size()) - 1);
        const std::string name = text(word, "word");
        const auto found = std::ranges::find(states, std::string_view(name));
        if (found != states.end()) return static_cast<int>(found - states.begin());
        std::string known;
        for (const std::string_view state : states) known += (known.empty() ? "" : ", ") + std::string(state);
        refuse("layer \"" + what.name + "\" has no state \"" + name + "\"", "word",
               known.empty() ? "its neurons have none" : "it has " + known);
    }

    void set_state(py::handle layer, py::handle word, py::handle values) {
        const int index = layer_index(layer), w = word_index(layer, word);
        const Integers given(values, "values");
        std::vector<std::int32_t> all;
        if (given.shape().empty()) all.assign(static_cast<std::size_t>(size(index)), given.values().front());
        const std::span<const std::int32_t> each = given.shape().empty() ? all : given.values();
        const py::gil_scoped_release released;
        const std::scoped_lock lock(busy_);
        require(engine_.set_state(index, w, each));
    }

    void fire(py::handle layer, py::handle inputs) {
        const int index = layer_index(layer);
        const auto given = integers(inputs);
        std::vector<std::span<const std::int32_t>> frames;
        for (const auto& values : given) frames.push_back(values ? values->values() : std::span<const std::int32_t>());
        const py::gil_scoped_release released;
        const std::scoped_lock lock(busy_);
        check_alive();
        check_sizes(frames);
        keep(engine_.fire_layer(index, frames));
    }

    void finish() {
        const py::gil_scoped_release released;
        const std::scoped_lock lock(busy_);
        check_alive();
        keep(engine_.finish());
    }

    void set_neurons(py::handle layer, py::handle neurons) {
        const int index = layer_index(layer);
        if (!py::isinstance<Neurons>(neurons))
            refuse("it is no neuron model", "neurons", "make it with tephra.neurons: lif(), ...");
        const auto model = neurons.cast<const Neurons&>().model;
        const py::gil_scoped_release released;
        const std::scoped_lock lock(busy_);
        require(engine_.set_neurons(index, model));
    }

    void set_synapses(py::handle connection, py::handle synapses) {
        const int index =
            small_integer(connection, "connection", 0, static_cast<int>(network_->connections().size()) - 1);
        if (!py::isinstance<Synapses>(synapses))
            refuse("it is no synapse format", "synapses", "make it with tephra.synapses: dense(), ...");
        const auto format = synapses.cast<const Synapses&>().format;
        const py::gil_scoped_release released;
        const std::scoped_lock lock(busy_);
        require(engine_.set_synapses(index, format));
    }

    [[nodiscard]] int layer_index(py::handle layer) const {
        if (PyUnicode_Check(layer.ptr()) != 0)
            return require(spiking::with_place("layer", network_->find(text(layer, "layer"))));
        return small_integer(layer, "layer", 0, static_cast<int>(network_->layers().size()) - 1);
    }
    [[nodiscard]] const spiking::Engine& engine() const { return engine_; }

private:
    using Given = std::vector<std::optional<Integers>>;

    /// One entry for each input of the network; None: zeros. A network with one input takes its array alone.
    [[nodiscard]] Given integers(py::handle inputs) const {
        const std::size_t wanted = network_->inputs().size();
        std::vector<py::object> given;
        if (inputs.is_none()) return {};
        if (wanted == 1 && PyTuple_Check(inputs.ptr()) == 0)
            given = {py::reinterpret_borrow<py::object>(inputs)};
        else
            given = items(inputs, "inputs");
        if (given.size() != wanted)
            refuse(std::to_string(given.size()) + " arrays for " + std::to_string(wanted) + " inputs", "inputs",
                   "give one for each input of the network, or None");
        Given out;
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (given[i].is_none())
                out.emplace_back(std::nullopt);
            else
                out.emplace_back(Integers(given[i], "inputs, " + std::to_string(i)));
        }
        return out;
    }

    [[nodiscard]] Frames frames_of(const std::optional<Integers>& given, std::size_t input, std::size_t steps) const {
        if (!given) return {};
        const int layer = network_->inputs()[input].layer;
        const auto neurons = static_cast<std::size_t>(size(layer));
        const auto& shape = given->shape();
        const std::vector<std::int64_t> whole = shape_of(layer);
        const std::vector<std::int64_t> flat = {static_cast<std::int64_t>(neurons)};
        if (shape == whole || shape == flat) return {given->values(), neurons, false};
        if (!shape.empty() && shape.front() == static_cast<std::int64_t>(steps)) {
            const std::vector<std::int64_t> frame(shape.begin() + 1, shape.end());
            if (frame == whole || frame == flat) return {given->values(), neurons, true};
        }
        refuse("an array of shape " + shape_text(shape) + " for a layer of shape " + shape_text(whole) + " and " +
                   std::to_string(steps) + " steps",
               "inputs, " + std::to_string(input),
               "its axes are those of the layer, with the steps first where frames differ");
    }

    [[nodiscard]] std::vector<Probe> probes_of(py::handle given) const {
        std::vector<Probe> probes;
        for (const py::object& probe : items(given, "probes")) {
            const auto fields = items(probe, "probes");
            if (fields.size() != 2) refuse(std::to_string(fields.size()) + " fields", "probes", "(layer, word)");
            const bool messages = PyUnicode_Check(fields[1].ptr()) != 0 && text(fields[1], "probes") == "spikes";
            const int word = messages ? messages_word : word_index(fields[0], fields[1]);
            probes.push_back({layer_index(fields[0]), word});
        }
        return probes;
    }

    void advance(std::span<const std::span<const std::int32_t>> frames) {
        check_alive();
        check_sizes(frames);
        keep(engine_.step(frames));
    }

    void check_alive() const {
        if (failed_)
            throw Failure({ErrorCode::bad_input, "the engine failed in an earlier step", "engine",
                           "make a new one: its states have no meaning any more"});
    }
    /// Remembers that a step failed.
    void keep(Result<void> stepped) {
        failed_ = !stepped;
        require(std::move(stepped));
    }

    /// What the engine would refuse before it does anything, so that it stays of use.
    void check_sizes(std::span<const std::span<const std::int32_t>> frames) const {
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const int layer = network_->inputs()[i].layer;
            if (!frames[i].empty() && std::ssize(frames[i]) != size(layer))
                throw Failure({ErrorCode::bad_input,
                               std::to_string(frames[i].size()) + " values for " + std::to_string(size(layer)) +
                                   " neurons of layer \"" + network_->layer(layer).name + "\"",
                               "inputs, " + std::to_string(i), "offer one value for each neuron"});
        }
    }

    [[nodiscard]] std::span<const std::int32_t> values_of(const Probe& probe) const {
        return probe.word == messages_word ? engine_.messages(probe.layer) : engine_.state(probe.layer, probe.word);
    }
    [[nodiscard]] int size(int layer) const { return network_->layer(layer).size(); }
    [[nodiscard]] std::vector<std::int64_t> shape_of(int layer) const {
        const auto& shape = network_->layer(layer).shape;
        return {shape.begin(), shape.end()};
    }

    std::shared_ptr<const spiking::Network> network_;
    spiking::Engine engine_;
    mutable std::mutex busy_;
    bool failed_ = false;
};

}  // namespace

void bind_engines(py::module_& m) {
    py::class_<EngineObject>(m, "Engine")
        .def(py::init([](const NetworkObject& network) { return std::make_unique<EngineObject>(network); }))
        .def("step", &EngineObject::step)
        .def("run", &EngineObject::run)
        .def("messages",
             [](const py::object& self, py::handle layer, py::handle copy) {
                 return self.cast<const EngineObject&>().values(layer, messages_word, flag(copy, "copy"), self);
             })
        .def("state",
             [](const py::object& self, py::handle layer, py::handle word, py::handle copy) {
                 const auto& engine = self.cast<const EngineObject&>();
                 return engine.values(layer, engine.word_index(layer, word), flag(copy, "copy"), self);
             })
        .def("set_state", &EngineObject::set_state)
        .def("fire", &EngineObject::fire)
        .def("finish", &EngineObject::finish)
        .def("set_neurons", &EngineObject::set_neurons)
        .def("set_synapses", &EngineObject::set_synapses)
        .def_property_readonly("steps", [](const EngineObject& e) { return e.engine().steps(); })
        .def("sent", [](const EngineObject& e, py::handle layer) { return e.engine().sent(e.layer_index(layer)); })
        .def("synops", [](const EngineObject& e, py::handle layer) { return e.engine().synops(e.layer_index(layer)); });
}

}  // namespace tephra::python

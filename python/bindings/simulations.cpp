// Runs: networks without a machine, models and networks on one.
#include <algorithm>
#include <array>

#include "core/stop.hpp"
#include "neuro/spiking/engine.hpp"
#include "python/bindings/calls.hpp"
#include "python/bindings/model_objects.hpp"
#include "python/bindings/network_task.hpp"
#include "python/bindings/run_objects.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "simulator/spiking/network_feed.hpp"
#include "simulator/spiking/probe_recorder.hpp"

namespace tephra::python {
namespace {

using spiking::NetworkInput;
using spiking::Probe;

constexpr int most_new_tokens = 1 << 24;  // of a stream

NumberArray array_argument(py::handle value, const std::string& place) {
    if (PyUnicode_Check(value.ptr()) != 0 || py::hasattr(value, "__fspath__"))
        return require(read_npy(path(value, place)));
    const Integers given(value, place);
    return {given.shape(), {given.values().begin(), given.values().end()}};
}

NetworkTask make_task(const std::string& verb, const NetworkObject& object, const py::kwargs& given) {
    Keywords in(given, verb);
    NetworkTask task{.object = object, .input = {}, .probes = {}, .progress = {}};
    const spiking::Network& network = object.network();
    if (in.has("input")) in.refuse_ignored({"events"}, "with input");
    for (const char* name : {"input", "events"})
        in.take(name, [&](py::handle value, const std::string& place) {
            if (network.inputs().empty()) refuse("the network takes no input", place, "leave it out");
            const spiking::Layer& layer = network.layer(network.inputs().front().layer);
            const NumberArray array = array_argument(value, place);
            task.input = require(std::string_view(name) == "events" ? NetworkInput::events(array, layer, place)
                                                                    : NetworkInput::frames(array, layer, place));
        });
    int steps = 0;
    in.integer("steps", steps, 1, spiking::most_steps);
    task.steps = require(task.input.steps_to_run(steps, in.place() + ", steps"));
    std::vector<std::string> names;
    bool record = true;
    in.take("probe", [&](py::handle value, const std::string& place) {
        for (const py::object& name : items(value, place)) names.push_back(text(name, place));
        record = !names.empty();
    });
    if (record) task.probes = require(spiking::find_probes(network, names, task.steps, in.place() + ", probe"));
    in.take("progress", [&](py::handle value, const std::string& place) { task.progress = progress_of(value, place); });
    in.finish();
    return task;
}

/// What probes recorded, by name: int8 for spikes, else int32, [steps, *shape of the layer].
py::dict recorded(std::vector<Probe>& probes, const spiking::Network& network, int steps) {
    py::dict out;
    for (Probe& probe : probes) {
        std::vector<std::int64_t> shape{steps};
        for (const int extent : network.layer(probe.layer).shape) shape.push_back(extent);
        if (probe.small) {
            py::array_t<std::int8_t> array(shape);
            std::ranges::copy(probe.bytes, array.mutable_data());
            out[py::str(probe.name)] = std::move(array);
        } else {
            out[py::str(probe.name)] = array_from(std::move(probe.words), shape);
        }
    }
    return out;
}

/// Counts of the plain engine, a row a layer.
py::list engine_counts(const spiking::Network& network, const spiking::Engine& engine) {
    py::list rows;
    for (int i = 0; i < static_cast<int>(network.layers().size()); ++i) {
        const spiking::Layer& layer = network.layer(i);
        rows.append(py::make_tuple(layer.name, layer.size(), std::string(layer.neurons->kind()), engine.sent(i),
                                   engine.synops(i)));
    }
    return rows;
}

py::tuple run_network(NetworkTask& task) {
    task.use();

    const spiking::Network& network = task.object.network();
    spiking::Engine engine(network);
    run_long([&] {
        for (int step = 0; step < task.steps; ++step) {
            stop_point();
            const std::array<std::span<const std::int32_t>, 1> frames{task.input.frame(step)};
            require(engine.step(std::span(frames).first(network.inputs().empty() ? 0 : 1)));
            for (Probe& probe : task.probes) {
                const auto values =
                    probe.word < 0 ? engine.messages(probe.layer) : engine.state(probe.layer, probe.word);
                probe.set(values.size() * static_cast<std::size_t>(step), values);
            }
            if (task.progress) task.progress(step + 1, task.steps);
        }
    });
    return py::make_tuple(task.steps, recorded(task.probes, network, task.steps), engine_counts(network, engine));
}

py::tuple simulate_network(NetworkTask& task, const ProgramObject& program, const MachineObject& machine,
                           const MappingObject& mapping, const py::kwargs& given) {
    Keywords in(given, "simulate");
    SimulateOptions options;
    take_simulation(in, options, *machine.machine);
    TraceFile trace(in);
    const CheckpointFiles checkpoints(in, options.checkpoint);
    in.finish();
    task.use();
    trace.open();
    options.trace = trace.output();
    const spiking::Network& network = task.object.network();
    const auto reader = [&](std::int64_t round, std::span<const std::int32_t>) {
        if (task.progress) task.progress(round + 1, task.steps);
    };
    FrameFeed feed = spiking::network_feed(*program.program, task.input, task.steps, reader);
    spiking::ProbeRecorder recorder(network, task.probes);
    if (!task.probes.empty()) options.observer = &recorder;
    options.checkpoint.inputs = spiking::checkpoint_inputs(task.input, task.probes);
    Run run = long_call(
        [&] { return require(simulate(*program.program, *machine.machine, *mapping.mapping, feed, options)); });
    trace.commit();
    checkpoints.warn();
    return py::make_tuple(RunObject{std::make_shared<const Run>(std::move(run))},
                          recorded(task.probes, network, task.steps), trace.dropped());
}

/// The ids of each stream: prompts are given out in turn, as the command line does.
std::vector<PromptIds> take_prompts(Keywords& in, const ModelObject& object, int streams) {
    std::vector<PromptIds> prompts;
    in.take("prompt",
            [&](py::handle value, const std::string& place) { prompts.push_back(prompt_of(object, value, place)); });
    if (!prompts.empty()) in.refuse_ignored({"prompts"}, "with prompt");
    in.take("prompts", [&](py::handle value, const std::string& place) {
        for (const py::object& each : items(value, place)) prompts.push_back(prompt_of(object, each, place));
    });
    if (prompts.empty()) refuse("there is no prompt", in.place() + ", prompt", "give a text or token ids");
    if (prompts.size() > static_cast<std::size_t>(streams))
        refuse(std::to_string(prompts.size()) + " prompts for " + std::to_string(streams) +
                   (streams == 1 ? " stream" : " streams"),
               in.place() + ", prompts", "a stream continues one prompt: give fewer prompts or more streams");
    const std::size_t written = prompts.size();
    while (prompts.size() < static_cast<std::size_t>(streams)) prompts.push_back(prompts[prompts.size() % written]);
    return prompts;
}

py::tuple simulate_model(const ModelObject& object, const ProgramObject& program, const MachineObject& machine,
                         const MappingObject& mapping, const py::kwargs& given) {
    Keywords in(given, "simulate");
    TokenOptions options;
    in.choice("mode", options.mode, mode_names());
    const bool prefill = options.mode == RunMode::prefill;
    int streams = 1, tokens = 32;
    in.integer("streams", streams, 1, most_streams);
    if (prefill)
        in.refuse_ignored({"tokens"}, "with mode=\"prefill\"");
    else
        in.integer("tokens", tokens, 0, most_new_tokens);
    py::object custom;
    in.take("sampler", [&](py::handle value, const std::string& place) {
        if (PyCallable_Check(value.ptr()) == 0)
            refuse("it can't be called", place, "give a function from stream, position and logits to a token id");
        custom = py::reinterpret_borrow<py::object>(value);
    });
    const SamplingOptions sampling = take_sampling(
        in, prefill ? "with mode=\"prefill\"" : (tokens == 0 ? "with tokens=0" : (custom ? "with a sampler" : "")));
    const std::vector<PromptIds> prompts = take_prompts(in, object, streams);
    take_simulation(in, options, *machine.machine);
    TraceFile trace(in);
    const CheckpointFiles checkpoints(in, options.checkpoint);
    in.take("progress",
            [&](py::handle value, const std::string& place) { options.progress = progress_of(value, place); });
    in.finish();
    trace.open();
    options.trace = trace.output();
    options.new_tokens = prefill ? 0 : tokens;
    std::vector<Follower> followers;
    std::vector<std::string> texts(prompts.size());
    for (const PromptIds& prompt : prompts) {
        options.prompts.push_back(prompt.ids);
        followers.emplace_back(object, prompt);
    }
    Sampler sampler = require(Sampler::create(sampling, object.model->quantized.logits));
    const auto chosen = [&](int stream, int position, std::span<const std::int32_t> logits) {
        if (!custom)
            return sampler.next(logits, static_cast<std::uint32_t>(stream), static_cast<std::uint64_t>(position) + 1);
        const py::gil_scoped_acquire held;
        const py::object id = custom(stream, position, array_of(logits, {std::ssize(logits)}));
        return static_cast<std::int32_t>(integer(id, "sampler, its result", -1, object.config().vocab_size - 1));
    };
    const auto follow = [&](int stream, std::int32_t id) {
        texts[static_cast<std::size_t>(stream)] += followers[static_cast<std::size_t>(stream)].next(id);
    };
    options.sample = [&](int stream, int position, std::span<const std::int32_t> logits) {
        const std::int32_t id = chosen(stream, position, logits);
        if (id < 0 || id == object.config().eos_token_id) return -1;
        follow(stream, id);
        return static_cast<int>(id);
    };
    options.resumed = follow;
    options.checkpoint.inputs = {custom ? CheckpointInput{"choice of tokens", "a sampler of Python"}
                                        : sampling_input(sampling)};
    Run run = long_call(
        [&] { return require(simulate_tokens(*program.program, *machine.machine, *mapping.mapping, options)); });
    trace.commit();
    checkpoints.warn();
    run.parameters = parameter_count(object.config());
    run.seed = sampling.seed;
    for (std::size_t s = 0; s < texts.size(); ++s) run.text += (s > 0 ? "\f" : "") + texts[s] + followers[s].finish();
    return py::make_tuple(RunObject{std::make_shared<const Run>(std::move(run))}, py::dict(), trace.dropped());
}

}  // namespace

TraceFile::TraceFile(Keywords& in) {
    in.take("trace", [&](py::handle value, const std::string& place) { path_ = path(value, place); });
    if (path_.empty()) {
        in.refuse_ignored({"trace_mib"}, "without trace");
        return;
    }
    int mib = 64;
    in.integer("trace_mib", mib, 1, 1024);
    bytes_ = std::int64_t{mib} << 20;
}

void TraceFile::open() {
    if (!path_.empty()) file_.emplace(require(OutputFile::create_regular(path_)));
}

void TraceFile::commit() {
    if (file_) require(file_->commit());
}

CheckpointFiles::CheckpointFiles(Keywords& in, CheckpointOptions& options) {
    in.take("checkpoint", [&](py::handle value, const std::string& place) {
        options.path = path(value, place);
        require(OutputFile::create_regular(options.path));  // whether it can be written is known before work begins
    });
    if (options.path.empty()) in.refuse_ignored({"every_s"}, "without checkpoint");
    in.take("every_s", [&](py::handle value, const std::string& place) {
        options.due = every_seconds(number(value, place, 0.001, 1e9));
    });
    in.take("resume", [&](py::handle value, const std::string& place) {
        resume_.emplace(require(Checkpoint::open(path(value, place))));
        options.resume = &*resume_;
    });
    options.report = &report_;
}

void CheckpointFiles::warn() const {
    if (!report_.failure) return;
    const std::string what = "no checkpoint was written: " + to_string(*report_.failure);
    if (PyErr_WarnEx(PyExc_RuntimeWarning, what.c_str(), 1) != 0) throw py::error_already_set();
}

void take_simulation(Keywords& in, SimulateOptions& options, const Machine& machine) {
    in.choice("sync", options.sync, sync_names());
    in.choice("noc", options.noc, noc_names());
    if (!machine.has_link_errors())
        in.refuse_ignored({"fault_seed"}, "on " + machine.name + ", whose links do not err");
    in.take("fault_seed", [&](py::handle value, const std::string& place) { options.fault_seed = seed(value, place); });
    options.threads = take_threads(in);
}

void bind_simulations(py::module_& m) {
    py::class_<RunObject>(m, "Run")
        .def("json", [](const RunObject& o) { return require(run_json(*o.run)); })
        .def("write", [](const RunObject& o, py::handle file) { require(write_run(*o.run, path(file, "path"))); })
        .def_property_readonly("model_name", [](const RunObject& o) { return o.run->model_name; })
        .def_property_readonly("machine_name", [](const RunObject& o) { return o.run->machine_name; })
        .def_property_readonly("machine_kind", [](const RunObject& o) { return o.run->machine_kind; })
        .def_property_readonly("rounds", [](const RunObject& o) { return o.run->tokens.size(); })
        .def_property_readonly("round", [](const RunObject& o) { return round_words(o.run->round).one; })
        .def_property_readonly("elapsed_ps", [](const RunObject& o) { return o.run->elapsed.value(); })
        .def_property_readonly("trace", [](const RunObject& o) { return to_string(o.run->trace); })
        .def_property_readonly("text", [](const RunObject& o) { return o.run->text; })
        .def("phases",
             [](const RunObject& o) {
                 std::vector<std::pair<std::string, std::int64_t>> out;
                 for (const PhaseTime& phase : phases_of(*o.run)) out.emplace_back(phase.name, phase.time.value());
                 return out;
             })
        .def("total", [](const RunObject& o) {
            py::dict out;
            for (std::size_t kind = 0; kind < event_kinds; ++kind)
                out[py::str(std::string(event_name(static_cast<EventKind>(kind))))] =
                    total(*o.run, static_cast<EventKind>(kind));
            return out;
        });
    m.def("read_run", [](py::handle file) {
        return RunObject{std::make_shared<const Run>(require(read_run(path(file, "path"))))};
    });
    py::class_<NetworkTask>(m, "NetworkTask", "One run of a network: made, then run once.")
        .def(py::init([](py::handle verb, const NetworkObject& network, const py::kwargs& given) {
            return std::make_unique<NetworkTask>(make_task(text(verb, "verb"), network, given));
        }))
        .def_property_readonly("constant", [](const NetworkTask& task) { return task.input.constant(); });
    m.def("run_network", &run_network);
    m.def("simulate_network", &simulate_network);
    m.def("simulate_model", &simulate_model);
}

}  // namespace tephra::python

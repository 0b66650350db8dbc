#include "simulator/spiking/repeat_network.hpp"

#include <algorithm>

#include "core/data_files.hpp"
#include "core/narrow.hpp"
#include "core/npy.hpp"
#include "core/object_reader.hpp"
#include "mapper/mapping.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/lower.hpp"
#include "neuro/spiking/netx.hpp"
#include "neuro/spiking/one_to_one.hpp"
#include "neuro/spiking/scripted.hpp"
#include "simulator/frame_feed.hpp"
#include "simulator/price.hpp"
#include "simulator/simulate.hpp"

namespace tephra {
namespace {

using spiking::Network;
using spiking::NetworkParts;

constexpr int most_steps = 1 << 20, most_parts = 1 << 16, most_populations = 1 << 12;
const std::vector<std::string> programs = {"fixed_function", "microcode", "special"};
const std::vector<std::string> formats = {"dense", "one_to_one"};

std::string place_of(const LedgerRow& row) {
    return "ledger row " + row.id + "#/repeat";
}

/// Where and how long a network runs.
struct Bench {
    std::string machine, costs;
    NocMode noc = NocMode::contended;
    int steps = 0, cores_per_chip = 0, threads = 1;
};

Bench read_bench(ObjectReader& reader, int threads) {
    Bench bench;
    bench.machine = reader.string("machine");
    bench.costs = reader.string("costs");
    bench.noc = static_cast<NocMode>(reader.choice("noc", noc_names()));
    bench.steps = static_cast<int>(reader.integer("steps", 1, most_steps));
    bench.threads = threads;
    return bench;
}

struct Priced {
    Run run;
    Report report;
    std::string inputs;
};

/// `parts`: cores of each layer; empty: as the mapper chooses.
Result<Priced> run_on(const Bench& bench, const Network& network, const std::string& name,
                      const std::vector<int>& parts, std::span<const std::int32_t> frame) {
    const auto machine = find_machine(bench.machine);
    if (!machine) return tl::unexpected(machine.error());
    const auto costs = find_cost_table(bench.costs);
    if (!costs) return tl::unexpected(costs.error());
    const auto program = spiking::lower(network, name, hash128(name), spiking::HostInput::changes);
    if (!program) return tl::unexpected(program.error());
    MapOptions options;
    options.format = WeightStorage::int8;
    options.cores_per_chip = bench.cores_per_chip;
    auto mapping = map_program(*program, *machine, options);
    if (!mapping) return tl::unexpected(mapping.error());
    for (std::size_t layer = 0, core = 0; layer < parts.size(); ++layer) {
        auto& slices = mapping->slices[layer + 1];
        slices.clear();
        const int neurons = network.layers()[layer].size();
        for (int k = 0; k < parts[layer]; ++k)
            slices.push_back({CoreId(narrow<int>(core++)), narrow<int>(std::int64_t{k} * neurons / parts[layer]),
                              narrow<int>(std::int64_t{k + 1} * neurons / parts[layer])});
    }
    const std::vector<std::int32_t> nothing(static_cast<std::size_t>((*program)[program->source].size));
    FrameFeed feed(bench.steps,
                   [&](std::int64_t) { return frame.empty() ? std::span<const std::int32_t>(nothing) : frame; }, {});
    SimulateOptions simulation;
    simulation.noc = bench.noc;
    simulation.threads = bench.threads;
    auto run = simulate(*program, *machine, *mapping, feed, simulation);
    if (!run) return tl::unexpected(run.error());
    auto report = price(*run, *costs);
    if (!report) return tl::unexpected(report.error());
    return Priced{std::move(*run), std::move(*report), hash_of_inputs(&machine->hash, &costs->hash)};
}

std::int64_t synops(const EventCounts& counts) {
    return count_of(counts, EventKind::synop_int8) + count_of(counts, EventKind::synop_ternary);
}

/// Figures of a step in the middle of a long run: barriers stand between steps, so a run of n has n - 1 of them and the
/// host's two steps more.
Predicted predict(const LedgerFigure& figure, const Priced& priced, int steps) {
    const double seconds_a_step = seconds(priced.run.elapsed) / static_cast<double>(priced.run.steps + 1);
    const auto exactly = [](double value) { return Predicted{value, value, value, ""}; };
    if (figure.unit == "us/step") return exactly(1e6 * seconds_a_step);
    if (figure.unit == "synops/step") {
        std::int64_t sum = 0;
        for (const PopulationRecord& population : priced.run.populations) sum += synops(population.counts);
        return exactly(static_cast<double>(sum) / steps);
    }
    if (figure.unit == "synops/step/core") {
        std::int64_t most = 0;
        for (const CoreRecord& core : priced.run.cores) most = std::max(most, synops(core.counts));
        return exactly(static_cast<double>(most) / steps);
    }
    const EnergyRange& dynamic = priced.report.dynamic;
    if (figure.unit == "uJ/step" && figure.scope == PowerScope::neurocores)
        return {1e6 * joules(dynamic.value) / steps, 1e6 * joules(dynamic.low) / steps,
                1e6 * joules(dynamic.high) / steps, ""};
    return not_predicted(figure);
}

Result<RowResult> result_of(const LedgerRow& row, const std::vector<Priced>& runs, int steps) {
    RowResult result{row.id, {}, runs.front().inputs, to_string(runs.front().run.trace)};
    for (std::size_t k = 0; k < row.figures.size(); ++k)
        result.figures.push_back(predict(row.figures[k], runs[runs.size() == 1 ? 0 : k], steps));
    return result;
}

std::vector<int> read_numbers(ObjectReader& reader, const std::string& key, std::size_t count, int most) {
    std::vector<int> numbers;
    const Json::Array& array = reader.array(key);
    if (array.size() != count)
        reader.fault(key, "expected " + std::to_string(count) + " numbers, one for each population or layer");
    for (std::size_t k = 0; k < array.size(); ++k) {
        const std::int64_t* number = array[k].integer();
        if (number == nullptr || *number < 1 || *number > most)
            reader.fault(key + "/" + std::to_string(k), "expected an integer from 1 to " + std::to_string(most));
        else
            numbers.push_back(static_cast<int>(*number));
    }
    return numbers;
}

struct Shape {
    std::vector<spiking::ScriptedParameters> neurons;
    std::vector<int> sizes, cores;
    struct Link {
        int from = 0, to = 0;
        std::size_t format = 0;
        int weight_bits = spiking::most_weight_bits;
    };
    std::vector<Link> links;
};

Result<Shape> read_shape(const LedgerRow& row, ObjectReader& reader) {
    Shape shape;
    const Json::Array& populations = reader.array("populations");
    if (populations.empty() || populations.size() > most_populations)
        reader.fault("populations", "expected 1 to " + std::to_string(most_populations));
    for (std::size_t k = 0; k < populations.size(); ++k) {
        ObjectReader in(populations[k], place_of(row) + "/populations/" + std::to_string(k));
        spiking::ScriptedParameters neuron;
        shape.sizes.push_back(static_cast<int>(in.integer("neurons", 1, max_population)));
        neuron.program = static_cast<NeuronProgram>(in.choice("program", programs));
        neuron.share = in.number("share", 0, 1);
        neuron.seed = k + 1;
        shape.cores.push_back(static_cast<int>(in.integer("cores", 1, most_parts)));
        if (auto done = in.finish(); !done) return tl::unexpected(done.error());
        shape.neurons.push_back(neuron);
    }
    const Json::Array& links = reader.array("connections");
    const auto last = std::ssize(populations) - 1;
    for (std::size_t k = 0; k < links.size(); ++k) {
        ObjectReader in(links[k], place_of(row) + "/connections/" + std::to_string(k));
        Shape::Link link;
        link.from = static_cast<int>(in.integer("from", 0, last));
        link.to = static_cast<int>(in.integer("to", 0, last));
        link.format = in.choice("synapses", formats);
        link.weight_bits =
            static_cast<int>(in.integer_or("weight_bits", spiking::most_weight_bits, 1, spiking::most_weight_bits));
        if (auto done = in.finish(); !done) return tl::unexpected(done.error());
        shape.links.push_back(link);
    }
    return shape;
}

/// Weights are all one: scripted neurons do not look at them.
Result<Network> make_network(const Shape& shape) {
    NetworkParts parts;
    for (std::size_t k = 0; k < shape.sizes.size(); ++k) {
        auto model = spiking::make_scripted(shape.neurons[k]);
        if (!model) return tl::unexpected(model.error());
        parts.layers.push_back({"population " + std::to_string(k), {shape.sizes[k]}, std::move(*model), 0});
    }
    for (const Shape::Link& link : shape.links) {
        const int sources = shape.sizes[static_cast<std::size_t>(link.from)];
        const int targets = shape.sizes[static_cast<std::size_t>(link.to)];
        spiking::StoredWeights weights;
        weights.bits = link.weight_bits;
        weights.values.assign(link.format == 0 ? static_cast<std::size_t>(sources) * static_cast<std::size_t>(targets)
                                               : static_cast<std::size_t>(sources),
                              std::int16_t{1});
        auto synapses = link.format == 0 ? spiking::make_dense(sources, targets, weights)
                                         : spiking::make_one_to_one(sources, weights);
        if (!synapses) return tl::unexpected(synapses.error());
        parts.connections.push_back({link.from, link.to, 0, std::move(*synapses), 0});
    }
    // A network needs an output. Reading a population would load the host's link, which the measured runs did not.
    auto silent = spiking::make_scripted({});
    if (!silent) return tl::unexpected(silent.error());
    parts.outputs = {narrow<int>(parts.layers.size())};
    parts.layers.push_back({"silent", {1}, std::move(*silent), 0});
    return Network::make(std::move(parts));
}

}  // namespace

Result<RowResult> repeat_network(const LedgerRow& row, int threads) {
    ObjectReader reader(row.repeat, place_of(row));
    reader.ignore("kind");
    reader.ignore("synthetic");
    const Bench bench = read_bench(reader, threads);
    const auto shape = read_shape(row, reader);
    if (!shape) return tl::unexpected(shape.error());
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    const bool one = std::ranges::all_of(row.figures, [](const auto& figure) { return figure.at.object() == nullptr; });
    std::vector<Priced> runs;
    for (std::size_t k = 0; k < (one ? 1 : row.figures.size()); ++k) {
        Shape of_figure = *shape;
        if (row.figures[k].at.object() != nullptr) {
            ObjectReader at(row.figures[k].at, "ledger row " + row.id + "#/figures/" + std::to_string(k) + "/at");
            of_figure.sizes = read_numbers(at, "neurons", shape->sizes.size(), max_population);
            of_figure.cores = read_numbers(at, "cores", shape->sizes.size(), most_parts);
            if (auto done = at.finish(); !done) return tl::unexpected(done.error());
        }
        const auto network = make_network(of_figure);
        if (!network) return tl::unexpected(network.error());
        auto priced = run_on(bench, *network, row.id, of_figure.cores, {});
        if (!priced) return tl::unexpected(priced.error());
        runs.push_back(std::move(*priced));
    }
    return result_of(row, runs, bench.steps);
}

Result<RowResult> repeat_network_file(const LedgerRow& row, int threads) {
    ObjectReader reader(row.repeat, place_of(row));
    reader.ignore("kind");
    Bench bench = read_bench(reader, threads);
    const std::string file = reader.string("file"), input = reader.string("input");
    spiking::NetxOptions netx;
    netx.reset_interval = static_cast<int>(reader.integer("reset_interval", 0, spiking::longest_reset_interval / 2));
    bench.cores_per_chip = static_cast<int>(reader.integer_or("cores", 0, 1, most_parts));
    const bool measured_parts = reader.has("layer_cores");
    if (measured_parts) reader.ignore("layer_cores");
    if (measured_parts && bench.cores_per_chip > 0) reader.fault("cores", "layer_cores says it already", "remove one");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    const auto path = find_shipped_file(file);
    if (!path) return tl::unexpected(path.error());
    const auto model = spiking::read_netx(*path, netx);
    if (!model) return tl::unexpected(model.error());
    const auto frame_path = find_shipped_file(input);
    if (!frame_path) return tl::unexpected(frame_path.error());
    const auto array = read_npy(*frame_path);
    if (!array) return tl::unexpected(array.error());
    const Network& network = model->network;
    if (network.inputs().size() != 1 ||
        std::ssize(array->values) != network.layer(network.inputs().front().layer).size())
        return bad_input("the frame has not a value for each neuron of the network's one input", *frame_path,
                         "name the frame that belongs to the network");
    std::vector<std::int32_t> frame;
    for (const double value : array->values) frame.push_back(static_cast<std::int32_t>(value));
    std::vector<int> parts;
    if (measured_parts) {
        parts = read_numbers(reader, "layer_cores", network.layers().size(), most_parts);
        if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    }
    const auto priced = run_on(bench, network, row.id, parts, frame);
    if (!priced) return tl::unexpected(priced.error());
    return result_of(row, {*priced}, bench.steps);
}

}  // namespace tephra

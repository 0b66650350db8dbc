#include "simulator/spiking/repeat_network.hpp"

#include <algorithm>
#include <functional>

#include "core/data_files.hpp"
#include "core/npy.hpp"
#include "core/object_reader.hpp"
#include "mapper/mapping.hpp"
#include "neuro/spiking/lower.hpp"
#include "neuro/spiking/netx.hpp"
#include "simulator/frame_feed.hpp"
#include "simulator/simulate.hpp"
#include "simulator/spiking/network_figures.hpp"
#include "simulator/spiking/network_recipe.hpp"

namespace tephra {
namespace {

using spiking::Network;

constexpr int most_steps = 1 << 20;
constexpr double most_activity = 1e6;

std::string place_of(const LedgerRow& row) {
    return "ledger row " + row.id + "#/repeat";
}

std::string place_of(const LedgerRow& row, std::size_t figure) {
    return "ledger row " + row.id + "#/figures/" + std::to_string(figure) + "/at";
}

/// Where and how long a network runs.
struct Bench {
    Machine machine;
    CostTable costs;
    NocMode noc = NocMode::contended;
    int steps = 0, threads = 1;
    [[nodiscard]] std::string inputs() const { return hash_of_inputs(&machine.hash, &costs.hash); }
};

Result<Bench> read_bench(ObjectReader& reader, int threads) {
    const std::string machine_name = reader.string("machine"), costs_name = reader.string("costs");
    Bench bench;
    bench.noc = static_cast<NocMode>(reader.choice("noc", noc_names()));
    bench.steps = static_cast<int>(reader.integer("steps", 1, most_steps));
    bench.threads = threads;
    if (reader.failed()) return tl::unexpected(reader.finish().error());
    auto machine = find_machine(machine_name);
    if (!machine) return tl::unexpected(machine.error());
    auto costs = find_cost_table(costs_name);
    if (!costs) return tl::unexpected(costs.error());
    bench.machine = std::move(*machine);
    bench.costs = std::move(*costs);
    return bench;
}

using Mapper = std::function<Result<Mapping>(const Program&, const Machine&)>;

Result<NetworkRun> run_on(const Bench& bench, const Network& network, const std::string& name, const Mapper& map,
                          std::span<const std::int32_t> frame) {
    const auto program = spiking::lower(network, name, hash128(name), spiking::HostInput::changes);
    if (!program) return tl::unexpected(program.error());
    const auto mapping = map(*program, bench.machine);
    if (!mapping) return tl::unexpected(mapping.error());
    const std::vector<std::int32_t> nothing(static_cast<std::size_t>((*program)[program->source].size));
    FrameFeed feed(bench.steps,
                   [&](std::int64_t) { return frame.empty() ? std::span<const std::int32_t>(nothing) : frame; }, {});
    SimulateOptions simulation;
    simulation.noc = bench.noc;
    simulation.threads = bench.threads;
    auto run = simulate(*program, bench.machine, *mapping, feed, simulation);
    if (!run) return tl::unexpected(run.error());
    auto report = price(*run, bench.costs);
    if (!report) return tl::unexpected(report.error());
    return NetworkRun{std::move(*run), std::move(*report), bench.steps, 0};
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

/// A figure with the network that it is of.
struct Asked {
    NetworkFigure figure;
    NetworkRecipe recipe;
    bool own_shape = false;
};

Result<Asked> read_at(const LedgerRow& row, std::size_t k, const NetworkRecipe& recipe) {
    Asked asked{{}, recipe, false};
    if (row.figures[k].at.is_null()) return asked;
    ObjectReader at(row.figures[k].at, place_of(row, k));
    const std::size_t populations = recipe.populations.size();
    asked.figure = read_network_figure(at, static_cast<int>(populations));
    asked.own_shape = populations > 0 && (at.has("neurons") || at.has("cores"));
    if (asked.own_shape) {
        const auto neurons = read_numbers(at, "neurons", populations, max_population);
        const auto cores = read_numbers(at, "cores", populations, most_parts);
        for (std::size_t p = 0; p < populations && !at.failed(); ++p) {
            asked.recipe.populations[p].neurons = neurons[p];
            asked.recipe.populations[p].cores = cores[p];
        }
    }
    if (auto done = at.finish(); !done) return tl::unexpected(done.error());
    return asked;
}

/// The range of a prediction widened by that of another.
void widen(Predicted& predicted, const Predicted& other) {
    if (!predicted.value || !other.value) return;
    predicted.low = std::min(*predicted.low, *other.low);
    predicted.high = std::max(*predicted.high, *other.high);
}

/// Factors on the activity: that of the recipe as it stands, and where it is not known also the ends of its range.
std::vector<double> read_activity(ObjectReader& reader, const std::string& place) {
    if (!reader.has("activity")) return {1};
    ObjectReader range(reader.value("activity"), place + "/activity");
    std::vector<double> factors = {1, range.number("low", 0, 1), range.number("high", 1, most_activity)};
    if (auto done = range.finish(); !done) reader.fault("activity", done.error().message, done.error().hint);
    return factors;
}

}  // namespace

Result<RowResult> repeat_network(const LedgerRow& row, int threads) {
    ObjectReader reader(row.repeat, place_of(row));
    reader.ignore("kind");
    reader.ignore("synthetic");
    const auto bench = read_bench(reader, threads);
    if (!bench) return tl::unexpected(bench.error());
    const auto recipe = read_network_recipe(reader);
    if (!recipe) return tl::unexpected(recipe.error());
    const auto inference_steps = static_cast<int>(reader.integer_or("inference_steps", 0, 1, most_steps));
    const std::vector<double> activities = read_activity(reader, place_of(row));
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());

    const auto runs_of = [&](const NetworkRecipe& shape) -> Result<std::vector<NetworkRun>> {
        std::vector<NetworkRun> runs;
        for (const double activity : activities) {
            const auto network = make_network(shape, activity);
            if (!network) return tl::unexpected(network.error());
            auto run = run_on(
                *bench, *network, row.id,
                [&](const Program& program, const Machine& machine) { return place_network(shape, program, machine); },
                {});
            if (!run) return tl::unexpected(run.error());
            run->inference_steps = inference_steps;
            runs.push_back(std::move(*run));
        }
        return runs;
    };
    RowResult result{row.id, {}, bench->inputs(), ""};
    std::vector<NetworkRun> common;  // of the figures without a shape of their own
    for (std::size_t k = 0; k < row.figures.size(); ++k) {
        const auto asked = read_at(row, k, *recipe);
        if (!asked) return tl::unexpected(asked.error());
        std::vector<NetworkRun> own;
        std::vector<NetworkRun>& runs = asked->own_shape ? own : common;
        if (runs.empty()) {
            auto made = runs_of(asked->recipe);
            if (!made) return tl::unexpected(made.error());
            runs = std::move(*made);
        }
        if (result.trace.empty()) result.trace = to_string(runs.front().run.trace);
        Predicted predicted = predict(row.figures[k], asked->figure, runs.front());
        for (const NetworkRun& run : runs) widen(predicted, predict(row.figures[k], asked->figure, run));
        result.figures.push_back(std::move(predicted));
    }
    return result;
}

Result<RowResult> repeat_network_file(const LedgerRow& row, int threads) {
    ObjectReader reader(row.repeat, place_of(row));
    reader.ignore("kind");
    const auto bench = read_bench(reader, threads);
    if (!bench) return tl::unexpected(bench.error());
    const std::string file = reader.string("file"), input = reader.string("input");
    spiking::NetxOptions netx;
    netx.reset_interval = static_cast<int>(reader.integer("reset_interval", 0, spiking::longest_reset_interval / 2));
    MapOptions options;
    options.format = WeightStorage::int8;
    options.cores_per_chip = static_cast<int>(reader.integer_or("cores", 0, 1, most_parts));
    const bool measured_parts = reader.has("layer_cores");
    if (measured_parts) reader.ignore("layer_cores");
    if (measured_parts && options.cores_per_chip > 0)
        reader.fault("cores", "layer_cores says it already", "remove one");
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
    const std::string where = reader.place("layer_cores");
    const Mapper map = [&](const Program& program, const Machine& machine) {
        return measured_parts ? place_layers(parts, program, machine, where) : map_program(program, machine, options);
    };
    const auto run = run_on(*bench, network, row.id, map, frame);
    if (!run) return tl::unexpected(run.error());
    RowResult result{row.id, {}, bench->inputs(), to_string(run->run.trace)};
    for (std::size_t k = 0; k < row.figures.size(); ++k) {
        const auto asked = read_at(row, k, {});
        if (!asked) return tl::unexpected(asked.error());
        result.figures.push_back(predict(row.figures[k], asked->figure, *run));
    }
    return result;
}

}  // namespace tephra

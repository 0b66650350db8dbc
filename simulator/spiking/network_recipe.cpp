#include "simulator/spiking/network_recipe.hpp"

#include <algorithm>

#include "core/narrow.hpp"
#include "mapper/route.hpp"
#include "neuro/spiking/convolution.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/one_to_one.hpp"

namespace tephra {
namespace {

using spiking::SynapseFormatPtr;

constexpr int most_populations = 1 << 12, most_along = 1 << 12;
const std::vector<std::string> programs = {"fixed_function", "microcode", "special"};
const std::vector<std::string> formats = {"dense", "one_to_one", "convolution", "scattered"};

Result<NetworkRecipe::Population> read_population(const Json& json, const std::string& place) {
    ObjectReader in(json, place);
    NetworkRecipe::Population out;
    out.neurons = static_cast<int>(in.integer("neurons", 1, max_population));
    out.neuron.program = static_cast<NeuronProgram>(in.choice("program", programs));
    out.neuron.share = in.number("share", 0, 1);
    out.cores = static_cast<int>(in.integer("cores", 1, most_parts));
    if (in.has("first_core")) out.first_core = static_cast<int>(in.integer("first_core", 0, most_parts));
    out.message_bits = static_cast<int>(in.integer_or("message_bits", 0, 2, spiking::most_message_bits));
    if (auto done = in.finish(); !done) return tl::unexpected(done.error());
    return out;
}

void read_kernel(ObjectReader& in, NetworkRecipe::Connection& out) {
    const auto size = [&](const char* key) { return static_cast<int>(in.integer(key, 1, most_along)); };
    out.image = {size("x"), size("y"), size("channels")};
    const int kernel = size("kernel"), stride = size("stride");
    out.window.kernel = {kernel, kernel};
    out.window.stride = {stride, stride};
    out.channels = size("output_channels");
}

Result<NetworkRecipe::Connection> read_connection(const Json& json, const std::string& place, const NetworkRecipe& of) {
    ObjectReader in(json, place);
    NetworkRecipe::Connection out;
    const auto last = std::ssize(of.populations) - 1;
    out.from = static_cast<int>(in.integer("from", 0, last));
    out.to = static_cast<int>(in.integer("to", 0, last));
    out.format = static_cast<NetworkRecipe::Format>(in.choice("synapses", formats));
    out.weight_bits =
        static_cast<int>(in.integer_or("weight_bits", spiking::most_weight_bits, 1, spiking::most_weight_bits));
    if (out.format == NetworkRecipe::convolution) read_kernel(in, out);
    if (out.format == NetworkRecipe::scattered) {
        const int targets = in.failed() ? 1 : of.populations[static_cast<std::size_t>(out.to)].neurons;
        out.fan_out = static_cast<int>(in.integer("fan_out", 1, targets));
        out.reach = static_cast<int>(in.integer_or("window", targets, 1, targets));
    }
    if (auto done = in.finish(); !done) return tl::unexpected(done.error());
    return out;
}

Result<SynapseFormatPtr> make_synapses(const NetworkRecipe& recipe, const NetworkRecipe::Connection& c) {
    const int sources = recipe.populations[static_cast<std::size_t>(c.from)].neurons;
    const int targets = recipe.populations[static_cast<std::size_t>(c.to)].neurons;
    spiking::StoredWeights weights;
    weights.bits = c.weight_bits;
    const auto ones = [&](std::int64_t count) {
        weights.values.assign(static_cast<std::size_t>(count), std::int16_t{1});
    };
    switch (c.format) {
        case NetworkRecipe::dense:
            ones(std::int64_t{sources} * targets);
            return spiking::make_dense(sources, targets, weights);
        case NetworkRecipe::one_to_one:
            ones(sources);
            return spiking::make_one_to_one(sources, weights);
        case NetworkRecipe::convolution:
            ones(std::int64_t{c.window.kernel[0]} * c.window.kernel[1] * c.image.channels * c.channels);
            return spiking::make_convolution(c.image, c.window, c.channels, 1, weights);
        case NetworkRecipe::scattered:
            break;
    }
    return spiking::make_scattered({sources, targets, c.fan_out, c.reach, c.weight_bits});
}

/// The core of the machine for each core of the recipe.
Result<std::vector<CoreId>> chosen_cores(int used, int chips, const Machine& machine) {
    const auto topology = Topology::create(machine);
    if (!topology) return tl::unexpected(topology.error());
    const auto order = snake_order(machine);
    const auto most = topology->working_cores(order.front()).size();
    if (chips == 0) chips = narrow<int>((static_cast<std::size_t>(used) + most - 1) / std::max<std::size_t>(most, 1));
    if (chips > machine.chips())
        return fail(ErrorCode::does_not_fit,
                    std::to_string(chips) + " chips; " + machine.name + " has " + std::to_string(machine.chips()),
                    "chips", "use fewer cores, or a larger machine");
    std::vector<CoreId> cores;
    for (std::int64_t chip = 0; chip < chips; ++chip) {
        const auto share = narrow<std::size_t>((chip + 1) * used / chips - chip * used / chips);
        const auto of_chip = topology->working_cores(order[static_cast<std::size_t>(chip)]);
        if (share > of_chip.size())
            return fail(ErrorCode::does_not_fit,
                        std::to_string(share) + " cores of a chip that has " + std::to_string(of_chip.size()), "cores",
                        "use more chips");
        cores.insert(cores.end(), of_chip.begin(), of_chip.begin() + narrow<std::ptrdiff_t>(share));
    }
    return cores;
}

/// Cores that a layer lies on, among those that are used.
struct Place {
    int first_core = 0, cores = 0;
};

/// `places`: of each layer.
Result<Mapping> place(const std::vector<Place>& places, int chips, const Program& program, const Machine& machine) {
    int used = 0;
    for (const Place& at : places) used = std::max(used, at.first_core + at.cores);
    const auto cores = chosen_cores(used, chips, machine);
    if (!cores) return tl::unexpected(cores.error());
    Mapping mapping;
    mapping.model = program.model;
    mapping.machine = machine.hash;
    mapping.machine_name = machine.name;
    mapping.format = WeightStorage::int8;
    mapping.slices.resize(program.populations.size());
    for (std::size_t layer = 0; layer < places.size(); ++layer) {
        const Place& at = places[layer];
        const std::int64_t neurons = program.populations[layer + 1].size, parts = at.cores;
        for (std::int64_t k = 0; k < parts; ++k)
            mapping.slices[layer + 1].push_back({(*cores)[narrow<std::size_t>(at.first_core + k)],
                                                 narrow<int>(k * neurons / parts),
                                                 narrow<int>((k + 1) * neurons / parts)});
    }
    return mapping;
}

}  // namespace

Result<NetworkRecipe> read_network_recipe(ObjectReader& reader) {
    NetworkRecipe recipe;
    const Json::Array& populations = reader.array("populations");
    if (populations.empty() || populations.size() > most_populations)
        reader.fault("populations", "expected 1 to " + std::to_string(most_populations));
    const Json::Array& connections = reader.array("connections");
    recipe.chips = static_cast<int>(reader.integer_or("chips", 0, 1, most_chips));
    if (reader.failed()) return tl::unexpected(reader.finish().error());
    for (std::size_t k = 0; k < populations.size(); ++k) {
        auto population = read_population(populations[k], reader.place("populations/" + std::to_string(k)));
        if (!population) return tl::unexpected(population.error());
        recipe.populations.push_back(*population);
    }
    for (std::size_t k = 0; k < connections.size(); ++k) {
        auto connection = read_connection(connections[k], reader.place("connections/" + std::to_string(k)), recipe);
        if (!connection) return tl::unexpected(connection.error());
        recipe.connections.push_back(*connection);
    }
    return recipe;
}

Result<spiking::Network> make_network(const NetworkRecipe& recipe, double activity) {
    spiking::NetworkParts parts;
    for (std::size_t k = 0; k < recipe.populations.size(); ++k) {
        const NetworkRecipe::Population& population = recipe.populations[k];
        spiking::ScriptedParameters neuron = population.neuron;
        neuron.share *= activity;
        neuron.seed = k + 1;
        auto model = spiking::make_scripted(neuron);
        if (!model) return tl::unexpected(model.error());
        parts.layers.push_back(
            {"population " + std::to_string(k), {population.neurons}, std::move(*model), population.message_bits});
    }
    for (const NetworkRecipe::Connection& connection : recipe.connections) {
        auto synapses = make_synapses(recipe, connection);
        if (!synapses) return tl::unexpected(synapses.error());
        parts.connections.push_back({connection.from, connection.to, 0, std::move(*synapses), 0});
    }
    // Reading a population would load the host's link, which the measured runs did not.
    auto silent = spiking::make_scripted({});
    if (!silent) return tl::unexpected(silent.error());
    parts.outputs = {narrow<int>(parts.layers.size())};
    parts.layers.push_back({"silent", {1}, std::move(*silent), 0});
    return spiking::Network::make(std::move(parts));
}

Result<Mapping> place_network(const NetworkRecipe& recipe, const Program& program, const Machine& machine) {
    std::vector<Place> places;
    int next = 0;
    for (const auto& population : recipe.populations) {
        places.push_back({population.first_core.value_or(next), population.cores});
        next = places.back().first_core + population.cores;
    }
    places.push_back({0, 1});  // the silent neuron
    return place(places, recipe.chips, program, machine);
}

Result<Mapping> place_layers(const std::vector<int>& cores, const Program& program, const Machine& machine,
                             const std::string& where) {
    const auto layers = program.round == RoundKind::time_step ? std::ssize(program.populations) - 2 : 0;  // no host
    if (std::ssize(cores) != layers)
        return bad_input(std::to_string(cores.size()) + " numbers of cores for " + std::to_string(layers) + " layers",
                         where, "give one for each layer of a network");
    std::vector<Place> places;
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < cores.size(); ++k) {
        const Population& layer = program.populations[k + 1];
        const auto of_layer = [&] {
            return std::to_string(cores[k]) + " cores for the " + std::to_string(layer.size) + " neurons of \"" +
                   layer.name + "\"";
        };
        if (cores[k] < 1) return bad_input(of_layer(), where, "a layer takes at least 1");
        if (cores[k] > layer.size)
            return fail(ErrorCode::does_not_fit, of_layer(), where, "give it at most one for each");
        places.push_back({narrow<int>(sum), cores[k]});
        sum += cores[k];
        if (sum > machine.cores())
            return fail(
                ErrorCode::does_not_fit,
                std::to_string(sum) + " cores and more; " + machine.name + " has " + std::to_string(machine.cores()),
                where, "give fewer");
    }
    auto mapping = place(places, 0, program, machine);
    if (!mapping) return fail(mapping.error().code, mapping.error().message, where, "give fewer");
    if (const auto fits = accept_mapping(program, machine, *mapping, where); !fits)
        return fail(fits.error().code, fits.error().message, where, "give that layer more cores");
    return mapping;
}

}  // namespace tephra

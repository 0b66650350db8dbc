#pragma once
// A network of which only shape and activity were published, as a recipe of the ledger describes it: as data.
#include <optional>
#include <string>
#include <vector>

#include "core/object_reader.hpp"
#include "mapper/mapping.hpp"
#include "neuro/spiking/image.hpp"
#include "neuro/spiking/network.hpp"
#include "neuro/spiking/scattered.hpp"
#include "neuro/spiking/scripted.hpp"

namespace tephra {

inline constexpr int most_parts = 1 << 16;  ///< cores of a population

struct NetworkRecipe {
    struct Population {
        int neurons = 0, cores = 0;     ///< equal parts of it on so many cores
        std::optional<int> first_core;  ///< among the cores that the recipe uses; none: after the population before
        int message_bits = 0;           ///< 0: spikes
        spiking::ScriptedParameters neuron;
    };
    /// Values of `Connection::format`.
    enum Format : std::uint8_t { dense, one_to_one, convolution, scattered };
    struct Connection {
        int from = 0, to = 0;
        Format format = dense;
        int weight_bits = 0;
        spiking::Image image;        ///< convolution: of the source
        spiking::Window window;      ///< convolution
        int channels = 0;            ///< convolution: of the target
        int fan_out = 0, reach = 0;  ///< scattered: targets of a source, and of how many neighbours
    };
    std::vector<Population> populations;
    std::vector<Connection> connections;
    int chips = 0;  ///< the cores are spread evenly over so many; 0: as few as hold them
};

/// Reads the keys `populations`, `connections` and `chips` (docs/formats.md). Errors: bad_input with the pointer.
Result<NetworkRecipe> read_network_recipe(ObjectReader& reader);

/// Population k of the recipe is layer k; a layer of one neuron that never sends follows them, because a network needs
/// an output. Weights are all one: scripted neurons do not look at them. `activity`: factor on every share.
/// Errors: bad_input for a share above one and for synapses that do not fit their populations.
Result<spiking::Network> make_network(const NetworkRecipe& recipe, double activity);

/// Puts the populations of the lowered network where the recipe says: core k of the recipe is on chip
/// k x chips / (cores of the recipe), chips in snake order. Errors: does_not_fit when a chip has too few cores.
Result<Mapping> place_network(const NetworkRecipe& recipe, const Program& program, const Machine& machine);

/// Puts each layer of a lowered network on so many cores of its own, one after the other from the first of the machine
/// on. The mapping is checked. Errors, with the place `where`: bad_input unless there is a number of cores, 1 at least,
/// for each layer; does_not_fit when the machine has fewer cores, a layer fewer neurons, or a core not the room.
Result<Mapping> place_layers(const std::vector<int>& cores, const Program& program, const Machine& machine,
                             const std::string& where);

}  // namespace tephra

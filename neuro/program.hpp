#pragma once
// Program: what runs on neurocores. Populations of neurons joined by projections; language models and spiking networks
// are both lowered to it. For every token (a language model) or time step (a spiking network) each population fires
// once, when its inputs of that token are there; zero messages are not sent.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/hash.hpp"
#include "core/id.hpp"
#include "neuro/neuron_model.hpp"
#include "neuro/round.hpp"
#include "neuro/synapse_format.hpp"

namespace tephra {

/// Populations whose neuron j must be on one core for every j (their identity projections stay in the core).
using GroupId = Id<struct GroupTag>;

/// Most neurons of a population.
inline constexpr int max_population = 1 << 24;

/// int8 activation number `field` of a message.
constexpr std::int8_t message_field(std::uint32_t payload, int field) {
    return static_cast<std::int8_t>(payload >> (8 * field) & 0xFFU);
}

/// Most words of a record: what a packet carries beside a message. The language model uses at most 7.
inline constexpr int max_record_words = 8;
/// Bits of a word of a record (NormRecord, NormScales).
inline constexpr int record_word_bits = 32;

/// Populations that the mapper keeps close together and reports account for together: a block of a language model, a
/// layer of a spiking network.
struct Layer {
    std::string name;  ///< "block 3"
};

/// Where a population runs.
enum class RunsOn : std::uint8_t {
    cores,
    host,
    either,  ///< on cores, or on the host when the mapping says so (Mapping::head_on_host)
};

/// What a neuron sends in a round.
enum class Payload : std::uint8_t {
    none,    ///< nothing: the population sends records alone
    spike,   ///< a message without payload, which counts as 1
    number,  ///< a number in two's complement
    fields,  ///< int8 activations, the first in the lowest bits
};

struct Population {
    std::string name;  ///< "block3.mixer"
    int size = 0;      ///< neurons
    LayerId layer;
    RunsOn runs_on = RunsOn::cores;
    GroupId group;                             ///< co-location group
    std::shared_ptr<const NeuronModel> model;  ///< none: the program's sink, which the host reads
    Payload payload = Payload::none;
    int message_bits = 0;  ///< of a number or of all fields, 1 to 32
    int record_words = 0;  ///< words of the record that a slice or a Normalizer sends, up to max_record_words; 0: none
    int stage = 0;         ///< barrier steps from the entry of a round to this population's firing
    std::vector<ProjectionId> inputs;
    std::vector<ProjectionId> outputs;
};

/// What a projection carries.
enum class Transport : std::uint8_t {
    messages,   ///< of neurons, to those that `synapses` names
    reduce,     ///< one record a source slice, merged by the target: leading 64-bit sums add, the other words max
    broadcast,  ///< a range of the record of a one-neuron source to every target slice
    credit,     ///< self-timed runs only: the target may fire round r when the source has fired round r - lag
};

struct Projection {
    std::string name;
    PopulationId source, target;
    Transport transport = Transport::messages;
    std::shared_ptr<const SynapseFormat> synapses;  ///< messages
    int port = 0;       ///< messages: port of the target's neuron model; several projections add up there
    int delay = 0;      ///< messages: what the source sends in round r is for round r + delay of the target
    bool held = false;  ///< messages of Inbox::words: the sum of all that came counts, modulo 2^32, not that of a round
    int first_word = 0;  ///< broadcast: range of the source's record
    int words = 0;       ///< reduce, broadcast: words sent
    int sums = 0;        ///< reduce: 64-bit sums at the head of the record, two words each, low word first
    int lag = 0;         ///< credit: rounds by which the target may run ahead of the source
    int slots = 1;       ///< rounds whose inputs the target buffers; credits keep the source within them
};

struct Program {
    std::string model_name;
    Hash128 model;  ///< content hash of the lowered Deployment
    RoundKind round = RoundKind::token;
    int steps = 0;  ///< stages of the deepest path + 1: barrier steps a round takes
    int groups = 0;
    std::vector<Layer> layers;  ///< in the order that data flows through them
    std::vector<Population> populations;
    std::vector<Projection> projections;
    PopulationId source;  ///< its first port takes what the host's feed lets in
    PopulationId sink;    ///< the host reads what reaches it

    [[nodiscard]] const Population& operator[](PopulationId id) const& { return populations[id.index()]; }
    [[nodiscard]] const Projection& operator[](ProjectionId id) const& { return projections[id.index()]; }
    const Population& operator[](PopulationId id) const&& = delete;  // would dangle
    const Projection& operator[](ProjectionId id) const&& = delete;
};

}  // namespace tephra

#include "mapper/memory.hpp"

#include <algorithm>

namespace tephra {
namespace {

constexpr std::int64_t sum_bits = 32;
constexpr std::int64_t credit_bits = 16;
constexpr std::int64_t byte_bits = 8;

}  // namespace

SliceMemory slice_memory(const Program& program, PopulationId id, NeuronRange neurons, int streams,
                         WeightStorage storage) {
    const Population& population = program[id];
    SliceMemory memory;
    std::int64_t of_neuron = 0;
    if (population.model != nullptr)
        of_neuron = std::int64_t{population.model->state_bits()} * streams + population.model->parameter_bits();
    for (const ProjectionId input : population.inputs) {
        const Projection& projection = program[input];
        const std::int64_t slots = projection.slots;
        switch (projection.transport) {
            case Transport::messages: {
                const SynapseFormat& synapses = *projection.synapses;
                memory.synaptic_bits += stored_bits(synapses.memory(neurons), storage);
                of_neuron += slots * synapses.buffer_bits(program[projection.source].message_bits) +
                             sum_bits * synapses.sums() * (synapses.max_delay() + (projection.held ? 1 : 0));
                break;
            }
            case Transport::reduce:
                of_neuron += slots * projection.words * record_word_bits;
                break;
            case Transport::broadcast:
                memory.state_bits += slots * projection.words * record_word_bits;
                break;
            case Transport::credit:
                of_neuron += credit_bits;
                break;
        }
    }
    memory.state_bits += of_neuron * neurons.size();
    return memory;
}

std::int64_t stored_bits(const SynapseMemory& memory, WeightStorage storage) {
    return storage == WeightStorage::int8 ? std::max(memory.bits, byte_bits * memory.weights) : memory.bits;
}

}  // namespace tephra

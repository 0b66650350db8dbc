#pragma once
// What neurons cost in a core's memory. One model for the partition, the check and the reports.
//
// Synaptic memory holds the weights with the indices that stand beside them, without padding. State memory holds for
// each neuron its recurrent state for every stream, its parameters, and the inputs of the rounds in flight, of which a
// projection buffers Projection::slots:
//   messages   what the synapse format says (SynapseFormat::buffer_bits); a 32-bit sum more for each round of delay,
//              and for what is held
//   reduce     the record, 32 bits a word
//   broadcast  the range of the record, once a core rather than once a neuron
//   credit     a 16-bit counter
#include <cstdint>

#include "mapper/machine.hpp"
#include "neuro/program.hpp"

namespace tephra {

struct SliceMemory {
    std::int64_t synaptic_bits = 0;
    std::int64_t state_bits = 0;
};

/// What some neurons of a population take on one core.
SliceMemory slice_memory(const Program& program, PopulationId id, NeuronRange neurons, int streams,
                         WeightStorage storage);

/// Bits that synapses take: as WeightStorage::int8 no weight takes less than a byte.
std::int64_t stored_bits(const SynapseMemory& memory, WeightStorage storage);

/// Whole bytes that hold so many bits.
constexpr std::int64_t bytes_of(std::int64_t bits) {
    return (bits + 7) / 8;
}

}  // namespace tephra

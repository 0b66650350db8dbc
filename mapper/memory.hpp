#pragma once
// What neurons cost in a core's memory. One model for the partition, the check and the reports.
//
// Synaptic memory holds dense rows: 2 bits a weight as ternary2, 8 bits as int8, without padding. State memory holds
// for each neuron its recurrent state for every stream, its parameters, and the inputs of the tokens in flight, of
// which a projection buffers Projection::slots:
//   ternary    a 32-bit accumulator a matrix
//   identity   the source's message
//   reduce     the record, 32 bits a word
//   broadcast  the range of the record, once a core rather than once a neuron
//   credit     a 16-bit counter
#include <cstdint>

#include "mapper/machine.hpp"
#include "neuro/program.hpp"

namespace tephra {

struct PopulationMemory {
    std::int64_t weights = 0;     ///< synapses of a neuron
    std::int64_t state_bits = 0;  ///< of a neuron
    std::int64_t core_bits = 0;   ///< of state memory that a core spends once, however many neurons it holds
};

PopulationMemory population_memory(const Program& program, PopulationId id, int streams);

/// Bytes of `weights` synapses.
std::int64_t synaptic_bytes(std::int64_t weights, WeightStorage format);

/// Whole bytes that hold so many bits.
constexpr std::int64_t bytes_of(std::int64_t bits) {
    return (bits + 7) / 8;
}

}  // namespace tephra

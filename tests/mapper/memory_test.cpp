#include "mapper/memory.hpp"

#include "tests/catch.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

TEST_CASE("A neuron's memory is its state for each stream, its parameters and the inputs in flight") {
    Program program = test::one_layer(10, 4);
    Population& out = program.populations[1];
    out.model = std::make_shared<test::StillNeuron>(24, 16);
    program.projections[0].slots = 2;
    program.projections[0].matrices.resize(3, program.projections[0].matrices[0]);
    const PopulationId id(1);
    // Three accumulators of 32 bits for each of two tokens; the recurrent state for three streams.
    CHECK(population_memory(program, id, 3).weights == 30);
    CHECK(population_memory(program, id, 3).state_bits == 3 * 24 + 16 + 2 * 3 * 32);
    CHECK(population_memory(program, id, 3).core_bits == 0);
    // The sink keeps the source's 24-bit message.
    CHECK(population_memory(program, PopulationId(2), 1).state_bits == 24);
    Projection& projection = program.projections[0];
    projection.matrices.clear();
    projection.words = 5;
    projection.kind = SynapseKind::reduce;
    CHECK(population_memory(program, id, 1).state_bits == 24 + 16 + 2 * 5 * 32);
    projection.kind = SynapseKind::broadcast;
    CHECK(population_memory(program, id, 1).core_bits == 2 * 5 * 32);
    CHECK(population_memory(program, id, 1).state_bits == 24 + 16);
    projection.kind = SynapseKind::credit;
    CHECK(population_memory(program, id, 1).state_bits == 24 + 16 + 16);
}

TEST_CASE("Synapses take 2 or 8 bits, and memory whole bytes") {
    CHECK(synaptic_bytes(5, WeightStorage::ternary2) == 2);
    CHECK(synaptic_bytes(8, WeightStorage::ternary2) == 2);
    CHECK(synaptic_bytes(5, WeightStorage::int8) == 5);
    CHECK(bytes_of(0) == 0);
    CHECK(bytes_of(1) == 1);
    CHECK(bytes_of(8) == 1);
    CHECK(bytes_of(9) == 2);
}

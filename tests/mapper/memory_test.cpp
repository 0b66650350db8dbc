#include "mapper/memory.hpp"

#include "tests/catch.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

TEST_CASE("A neuron's memory is its state for each stream, its parameters and the inputs in flight") {
    Program program = test::one_layer(10, 4);
    Population& out = program.populations[1];
    out.model = std::make_shared<test::StillNeuron>(24, 16);
    program.projections[0].slots = 2;
    program.projections[0].synapses = test::blank_weights(4, 10, 3);
    const PopulationId id(1);
    const auto of = [&](PopulationId population, NeuronRange neurons, int streams) {
        return slice_memory(program, population, neurons, streams, WeightStorage::ternary2);
    };
    // Three accumulators of 32 bits for each of two tokens; the recurrent state for three streams.
    CHECK(of(id, {0, 1}, 3).synaptic_bits == 2 * 30);
    CHECK(of(id, {0, 1}, 3).state_bits == 3 * 24 + 16 + 2 * 3 * 32);
    CHECK(of(id, {1, 4}, 3).synaptic_bits == 3 * 2 * 30);
    CHECK(of(id, {1, 4}, 3).state_bits == 3 * (3 * 24 + 16 + 2 * 3 * 32));
    CHECK(slice_memory(program, id, {0, 1}, 3, WeightStorage::int8).synaptic_bits == 8 * 30);
    // The sink keeps the source's 24-bit message.
    CHECK(of(PopulationId(2), {0, 1}, 1).state_bits == 24);
    Projection& projection = program.projections[0];
    projection.words = 5;
    projection.transport = Transport::reduce;
    CHECK(of(id, {0, 1}, 1).state_bits == 24 + 16 + 2 * 5 * 32);
    projection.transport = Transport::broadcast;
    CHECK(of(id, {0, 3}, 1).state_bits == 3 * (24 + 16) + 2 * 5 * 32);  // the record once a core
    projection.transport = Transport::credit;
    CHECK(of(id, {0, 1}, 1).state_bits == 24 + 16 + 16);
}

TEST_CASE("Synapses take their own bits or a byte at least, and memory whole bytes") {
    const SynapseMemory ternary{5, 10, 1}, wide{5, 60, 1};
    CHECK(stored_bits(ternary, WeightStorage::ternary2) == 10);
    CHECK(stored_bits(ternary, WeightStorage::int8) == 40);
    CHECK(stored_bits(wide, WeightStorage::ternary2) == 60);
    CHECK(stored_bits(wide, WeightStorage::int8) == 60);
    CHECK(bytes_of(0) == 0);
    CHECK(bytes_of(1) == 1);
    CHECK(bytes_of(8) == 1);
    CHECK(bytes_of(9) == 2);
}

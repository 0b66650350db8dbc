#include "mapper/memory.hpp"

namespace tephra {
namespace {

constexpr std::int64_t accumulator_bits = 32;
constexpr std::int64_t credit_bits = 16;

}  // namespace

PopulationMemory population_memory(const Program& program, PopulationId id, int streams) {
    const Population& population = program[id];
    PopulationMemory memory;
    if (population.model != nullptr)
        memory.state_bits = std::int64_t{population.model->state_bits()} * streams + population.model->parameter_bits();
    for (const ProjectionId input : population.inputs) {
        const Projection& projection = program[input];
        const std::int64_t slots = projection.slots;
        switch (projection.kind) {
            case SynapseKind::ternary:
                for (const TernaryMatrix& matrix : projection.matrices) {
                    memory.weights += matrix.cols;
                    memory.state_bits += slots * accumulator_bits;
                }
                break;
            case SynapseKind::identity:
                memory.state_bits += slots * program[projection.source].message_bits;
                break;
            case SynapseKind::reduce:
                memory.state_bits += slots * projection.words * record_word_bits;
                break;
            case SynapseKind::broadcast:
                memory.core_bits += slots * projection.words * record_word_bits;
                break;
            case SynapseKind::credit:
                memory.state_bits += credit_bits;
                break;
        }
    }
    return memory;
}

std::int64_t synaptic_bytes(std::int64_t weights, WeightStorage format) {
    return format == WeightStorage::int8 ? weights : bytes_of(2 * weights);
}

}  // namespace tephra

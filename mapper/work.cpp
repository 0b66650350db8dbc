#include "mapper/work.hpp"

#include <algorithm>

#include "mapper/memory.hpp"
#include "mapper/time_sum.hpp"

namespace tephra {

Result<Picoseconds> work_bound(const Program& program, const Machine& machine) {
    const CoreTiming timing = machine.slowest_timing();
    const MeshSpec& mesh = machine.mesh;
    int flits = 1;  // of the longest packet
    for (const Population& population : program.populations)
        flits = std::max(flits, mesh.packet_flits(population.message_bits));
    for (const Projection& projection : program.projections)
        flits = std::max(flits, mesh.packet_flits(record_word_bits * projection.words));
    TimeSum message;
    for (const Picoseconds time : {timing.message_in, timing.message_out}) message.add(1, time, "packets");
    message.add(1, timing.synop, "weights");
    for (const Picoseconds time : {mesh.flit_local, mesh.flit_x, mesh.flit_y, machine.link.flit})
        message.add(flits, time, "flits over a link");
    message.add(1, machine.link.packet, "packets over a link");
    auto of_message = message.result(machine.name);
    if (!of_message) return of_message;
    TimeSum sum;
    for (const Projection& projection : program.projections) {
        const std::int64_t sources = program[projection.source].size;
        const std::int64_t targets = program[projection.target].size;
        sum.add(sources + targets, *of_message, "messages");  // identity, records and credits
        if (projection.synapses != nullptr) sum.add(total_synops(*projection.synapses), *of_message, "weights");
    }
    for (const Population& population : program.populations) {
        if (population.model == nullptr) continue;  // the sink: on the host
        sum.add(population.size, timing.of(population.model->program()), "neurons");
        sum.add(population.size, timing.spike, "neurons that send");
    }
    return sum.result(machine.name);
}

}  // namespace tephra

#include "mapper/work.hpp"

#include <algorithm>
#include <limits>

#include "mapper/memory.hpp"

namespace tephra {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

/// Of numbers that are not negative; `most` instead of an overflow.
std::int64_t sum(std::int64_t a, std::int64_t b) {
    return a > most - b ? most : a + b;
}
std::int64_t product(std::int64_t a, std::int64_t b) {
    return b != 0 && a > most / b ? most : a * b;
}

}  // namespace

std::int64_t work_bound(const Program& program, const Machine& machine) {
    std::int64_t neurons = 0;
    std::int64_t messages = 0;
    int flits = 1;
    for (const Population& population : program.populations) {
        neurons += population.size;
        flits = std::max(flits, machine.mesh.packet_flits(population.message_bits));
    }
    for (const Projection& projection : program.projections) {
        const std::int64_t sources = program[projection.source].size;
        const std::int64_t targets = program[projection.target].size;
        messages = sum(messages, sources + targets);  // identity, records and credits
        for (const TernaryMatrix& matrix : projection.matrices)
            messages = sum(messages, std::int64_t{matrix.rows} * matrix.cols);
        flits = std::max(flits, machine.mesh.packet_flits(record_word_bits * projection.words));
    }
    const CoreTiming& timing = machine.timing;
    const std::int64_t of_flit = machine.mesh.flit_local.value() + machine.mesh.flit_x.value() +
                                 machine.mesh.flit_y.value() + machine.link.flit.value();
    const std::int64_t of_message =
        sum(timing.message_in.value() + timing.synop.value() + timing.message_out.value(), product(flits, of_flit));
    return sum(product(messages, of_message), product(neurons, timing.neuron_update.value()));
}

Result<void> check_work(const Program& program, const Machine& machine) {
    if (work_bound(program, machine) < longest_work_ps) return {};
    return bad_input(
        "the times of " + machine.name + " are too long for " + program.model_name +
            ": what its cores and links do for one token could take 2^62 ps (53 days) together, and sums of times "
            "would overflow",
        machine.name, "shorten the times under timing, mesh and chip_link, or take a smaller model");
}

}  // namespace tephra

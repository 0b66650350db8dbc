// The state of the cores of a chip.
#include "simulator/core_engine.hpp"
#include "simulator/state/plain_fields.hpp"

namespace tephra {

void CoreEngine::state(StateFields& fields) {
    fields.fixed(cores_, [&](Core& core) { core_state(fields, core); });
    std::uint32_t k = 0;
    fields.fixed(firings_, [&](Firing& firing) {
        const std::uint32_t slice = k < chip_slices_ ? first_slice_ + k : first_host_slice_ + (k - chip_slices_);
        firing_state(fields, firing, plan_.slices[slice]);
        ++k;
    });
    fields(last_end_, last_key_, hash_.low, hash_.high, end_of_path_, collisions_);
    fields.index(last_core_, cores_.size());
}

/// A slice of this chip, or no_index where `none` lets it be.
void CoreEngine::slice_state(StateFields& fields, std::uint32_t& slice, bool none) {
    fields.index(slice, plan_.slices.size(), none);
    const bool own = slice >= first_slice_ && slice - first_slice_ < chip_slices_;
    const bool hosts = slice >= first_host_slice_ && slice - first_host_slice_ < firings_.size() - chip_slices_;
    fields.expect(slice == no_index || own || hosts, "a slice is of another chip");
}

void CoreEngine::core_state(StateFields& fields, Core& core) {
    for (Unit& unit : core.units) fields(unit.busy_until, unit.busy_since, unit.scheduled);
    fields(core.worked_until, core.busy, core.before, core.served_from);
    const auto times = [&](Task& task) { fields(task.from, task.to); };
    fields.queue(core.receptions, times);
    fields.queue(core.sendings, times);
    fields.index(core.completion.terminal, plan_.terminals.size(), true);
    fields(core.completion.token, core.completion.sent);
    const auto own = [&](std::uint32_t& slice) { slice_state(fields, slice, false); };
    fields.list(core.ready, plan_.slices.size(), own);
    fields.list(core.outgoing, plan_.slices.size(), own);
    slice_state(fields, core.chosen, true);
}

/// What is left of a firing: nothing once its output is sent.
void CoreEngine::firing_state(StateFields& fields, Firing& firing, const ScheduledSlice& plan) {
    fields(firing.queued, firing.outgoing);
    if (!firing.outgoing) return;
    const Population& population = (*run_.program)[plan.population];
    const auto n = static_cast<std::size_t>(plan.size());
    fields(firing.token, firing.first, firing.neuron, firing.spike, firing.end, firing.fired);
    fields.list(firing.output.messages, n);
    fields.list(firing.output.record, static_cast<std::size_t>(population.record_words));
    fields.list(firing.last_neuron, plan.message_fanouts);
    Cursor& at = firing.cursor;
    fields(at.late, at.records, at.neuron, at.fanout, at.messages, at.counted);
    std::uint32_t next =
        firing.next == nullptr ? no_index : static_cast<std::uint32_t>(firing.next - plan_.fanouts.data());
    fields.index(next, plan_.fanouts.size(), true);
    fields.expect(next == no_index || next - plan.first_fanout < plan.fanouts, "a fan-out is of another slice");
    fields.expect(firing.output.record.size() == static_cast<std::size_t>(population.record_words) &&
                      (run_.sync == SyncMode::barrier || firing.last_neuron.size() == plan.message_fanouts) &&
                      at.late <= plan.fanouts && at.fanout <= plan.message_fanouts,
                  "the output of a slice has another shape");
    firing.next = next == no_index ? nullptr : &plan_.fanouts[next];
    Packet& packet = firing.packet;
    fields(firing.next_from, packet.token, packet.neuron, packet.value, packet.flits, packet.flags);
}

}  // namespace tephra

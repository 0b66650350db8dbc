// Accounts of cores: which unit a moment is booked to, which core ends a barrier step.
#include <algorithm>
#include <cassert>

#include "simulator/core_engine.hpp"

namespace tephra {

/// A unit works from `from`, the time of the present event, to `to`.
void CoreEngine::book(Core& core, std::uint32_t index, CoreUnit unit, std::int64_t from, std::int64_t to) {
    cover(core, unit, from, to);
    note_end(index, to, {from, network_.target()});
}

/// Books a task to its unit. A moment that another unit has taken stays with that one.
void CoreEngine::cover(Core& core, CoreUnit unit, std::int64_t from, std::int64_t to) {
    if (to <= core.worked_until) return;
    core.busy[static_cast<std::size_t>(unit)] += to - std::max(from, core.worked_until);
    core.worked_until = to;
}

/// A task that began with the event `key` ends at `to`. Of tasks that end together, the first that began counts.
void CoreEngine::note_end(std::uint32_t index, std::int64_t to, const EventKey& key) {
    if (to < last_end_ || (to == last_end_ && key >= last_key_)) return;
    last_end_ = to;
    last_key_ = key;
    last_core_ = index;
}

/// Books the tasks that began before `now`, all of which are known: in order of their begin, receptions first.
void CoreEngine::book_begun(Core& core, std::int64_t now) {
    const auto begun = [now](const Ring<Task>& tasks) { return !tasks.empty() && tasks.front().from < now; };
    while (true) {
        const bool received = begun(core.receptions), sent = begun(core.sendings);
        if (!received && !sent) return;
        const bool first = received && (!sent || core.receptions.front().from <= core.sendings.front().from);
        Ring<Task>& tasks = first ? core.receptions : core.sendings;
        cover(core, first ? CoreUnit::receive : CoreUnit::send, tasks.front().from, tasks.front().to);
        tasks.pop();
    }
}

std::int64_t CoreEngine::busy(std::uint32_t core) const {
    std::int64_t sum = 0;
    for (const std::int64_t part : cores_[core].busy) sum += part;
    return sum;
}

PathSplit CoreEngine::parts_of_last() {
    Core& core = cores_[last_core_];
    book_begun(core, EventQueue::never);
    PathSplit parts{};
    for (std::size_t u = 0; u < core_units; ++u)
        parts[static_cast<std::size_t>(part(core, static_cast<CoreUnit>(u)))] += core.busy[u] - core.before[u];
    return parts;
}

void CoreEngine::begin_step(std::int64_t now) {
    for (const std::uint32_t c : mapped_) book_begun(cores_[c], EventQueue::never);
    book_begun(cores_.back(), EventQueue::never);
    cores_.back().before = cores_.back().busy;
    if (mapped_.empty()) return;
    for (const std::uint32_t c : mapped_) {
        Core& core = cores_[c];
        core.before = core.busy;
        core.busy[static_cast<std::size_t>(CoreUnit::neurons)] += core.evaluation;
        core.worked_until = now + core.evaluation;
    }
    const std::int64_t evaluated = cores_[longest_core_].worked_until;
    if (evaluated <= last_end_) return;
    last_end_ = evaluated;
    last_key_ = {now, 0};
    last_core_ = longest_core_;
}

void CoreEngine::end_run(std::int64_t end) {
    book_begun(cores_.back(), EventQueue::never);
    for (const std::uint32_t c : mapped_) {
        Core& core = cores_[c];
        book_begun(core, EventQueue::never);
        assert(core.unit(CoreUnit::receive).busy_until <= end && core.unit(CoreUnit::send).busy_until <= end);
        if (core.worked_until <= end) continue;
        core.busy[static_cast<std::size_t>(CoreUnit::neurons)] -= core.worked_until - end;
        core.worked_until = end;
    }
}

}  // namespace tephra

#include "simulator/chip.hpp"

#include "core/stop.hpp"

namespace tephra {
namespace {

constexpr std::int64_t events_between_stop_points = 1 << 14;  // less than a hundredth of a second

}  // namespace

Chip::Chip(RunState& run, ChipId id, std::size_t trace_limit)
    : plan_(*run.schedule),
      routes_(run.schedule->routes.entries()),
      trace_(trace_limit),
      network_({&run.schedule->machine, &run.schedule->topology, id}, routes_, queue_, packets_, outbox_),
      cores_(run, {id, network_, queue_, packets_, outbox_, trace_}) {
    if (run.errors != nullptr) network_.let_err(*run.errors);
}

void Chip::run_until(std::int64_t end) {
    Event event;
    last_events_ = 0;
    std::int64_t left = events_between_stop_points;
    while (const std::int64_t handled = network_.run(end, left, event)) {
        last_events_ += handled;
        left -= handled;
        if (left == 0) {
            stop_point();
            left = events_between_stop_points;
        }
        last_time_ = event.time;
        const ChipEvent kind = event_kind(event.target);
        if (kind >= ChipEvent::receive) cores_.step(kind, event_index(event.target), event.time);
        auto& woken = network_.woken();
        for (std::size_t k = 0; k < woken.size(); ++k) cores_.wake(woken[k], event.time);  // grows on the way
        woken.clear();
    }
    events_ += last_events_;
}

void Chip::receive(const Mail& mail, const Outbox& from) {
    if (mail.credit) {
        queue_.push(mail.time, event_target(ChipEvent::credit, mail.buffer), 0, 0);
        return;
    }
    Packet packet = mail.packet;
    if (mail.extra != no_index) packet.extra = packets_.add_extra(from.extras[mail.extra]);
    // Over an ideal network several packets may reach a core at once: those of the first terminal come first.
    const std::uint32_t terminal = packet.terminal + routes_[packet.entry].first_child;
    queue_.push(mail.time, event_target(ChipEvent::arrive, mail.buffer), terminal, packets_.add(packet));
}

}  // namespace tephra

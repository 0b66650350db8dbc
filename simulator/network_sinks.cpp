// Buffers in front of cores that serve ahead of the events (CoreEngine::serve_ahead). A packet is served when it takes
// the link, so it is known when its slot will be free, and no event is made for it unless a packet waits for the slot.
#include "simulator/core_engine.hpp"

namespace tephra {

void Network::serve_ahead(CoreEngine& cores, std::uint32_t buffer) {
    cores_ = &cores;
    buffers_[buffer].sink = true;
    sinks_.resize(links_.size());
}

/// A packet takes the link to its core.
void Network::deliver(std::uint32_t link, std::uint32_t packet, std::int64_t arrival, std::int64_t now) {
    sinks_[link].frees.push(cores_->serve_ahead(link, packets_[packet], arrival, now));
    packets_.release(packet);
}

/// Counts the slots that have become free by now. Nothing else happened then: no packet waited for them.
void Network::collect(std::uint32_t buffer, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    Ring<EventKey>& frees = sinks_[link_of(buffer)].frees;
    const EventKey present{now, target_};
    for (; !frees.empty() && frees.front() < present; frees.pop()) ++b.credits;
}

/// A packet waits for a slot: the next one to be free makes an event, at the place that its service has among others.
void Network::await_slot(std::uint32_t buffer) {
    Sink& sink = sinks_[link_of(buffer)];
    if (sink.awaited) return;
    sink.awaited = true;
    const EventKey key = sink.frees.front();
    queue_.push(key.time, key.target, 0, buffer);
}

}  // namespace tephra

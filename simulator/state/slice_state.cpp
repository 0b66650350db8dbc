// The state of a slice: that of its neurons, and the inputs of the rounds in flight.
#include "simulator/slice_engine.hpp"
#include "simulator/state/plain_fields.hpp"

namespace tephra {

void SliceEngine::state(StateFields& fields) {
    fields(next_token_, trigger_);
    fields.fixed(state_);
    fields.fixed(ports_, [&](Port& port) { port_state(fields, port); });
}

/// Slots that hold no round are zero, and so are not saved.
void SliceEngine::port_state(StateFields& fields, Port& port) const {
    fields(port.credits);
    fields.fixed(port.held);
    fields.fixed(port.later);
    fields.fixed(port.tokens);
    fields.fixed(port.lasts);
    const int sources = port.transport() == Transport::messages ? port.projection->synapses->sources() : 0;
    for (std::size_t at = 0; at < port.slots; ++at) {
        const std::int64_t token = port.tokens[at];
        if (token < 0) continue;
        fields.expect(token <= most_tokens && slot(port, token) == at, "a round is in another's slot");
        const auto of_slot = [&](auto& values) {
            if (!values.empty()) fields.part(std::span(values).subspan(at * port.width, port.width));
        };
        of_slot(port.activations);
        of_slot(port.values);
        of_slot(port.words);
        if (port.spikes.empty()) continue;
        fields.list(port.spikes[at], SIZE_MAX, [&](Spike& spike) {
            fields(spike.source, spike.payload);
            fields.expect(spike.source >= 0 && spike.source < sources, "a spike has no source");
        });
    }
    if (fields.loading()) port.token = -1;  // claim() finds the slot of the next delivery
}

}  // namespace tephra

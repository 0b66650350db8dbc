#pragma once
// Fields of the plain structs that several states hold.
#include "simulator/event_queue.hpp"
#include "simulator/network.hpp"
#include "simulator/run.hpp"
#include "simulator/state/state_fields.hpp"

namespace tephra {

inline void fields_of(StateFields& fields, Picoseconds& time) {
    std::int64_t value = time.value();
    fields(value);
    time = Picoseconds(value);
}
inline void fields_of(StateFields& fields, PathPoint& point) {
    fields(point.time, point.split);
}
inline void fields_of(StateFields& fields, EventKey& key) {
    fields(key.time, key.target);
}
inline void fields_of(StateFields& fields, Event& event) {
    fields(event.time, event.target, event.source, event.payload);
}
inline void fields_of(StateFields& fields, TokenRecord& record) {
    fields(record.stream, record.position, record.input, record.output, record.entered, record.left);
}

}  // namespace tephra

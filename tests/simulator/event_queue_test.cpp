#include "simulator/event_queue.hpp"

#include "core/philox.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// The definition: all pending events in one list, the first by (time, target, source, insertion) leaves.
struct PlainQueue {
    std::vector<Event> events;
    bool pop(std::int64_t end, Event& event) {
        const auto first = std::min_element(events.begin(), events.end(), [](const Event& a, const Event& b) {
            return std::tie(a.time, a.target, a.source, a.sequence) < std::tie(b.time, b.target, b.source, b.sequence);
        });
        if (first == events.end() || first->time >= end) return false;
        event = *first;
        events.erase(first);
        return true;
    }
};

}  // namespace

TEST_CASE("the event queue serves events in total order, near and far, with windows") {
    EventQueue queue;
    PlainQueue plain;
    std::uint32_t pushed = 0;
    std::int64_t now = 0;
    const auto push = [&](std::int64_t time, std::uint32_t target, std::uint32_t source) {
        queue.push(time, target, source, pushed);
        plain.events.push_back({time, target, source, pushed, pushed});
        ++pushed;
    };
    for (std::uint32_t step = 0; step < 4000; ++step) {
        const auto random = random_words(1, 0, 0, step);
        // Mostly the same few slots, sometimes just inside or beyond the wheel, sometimes far beyond.
        constexpr std::array<std::int64_t, 8> reach{1, 50, 300, 300, 5'000, 262'100, 262'400, 40'000'000};
        for (std::uint32_t k = 0; k < random[0] % 4; ++k) {
            const auto more = random_words(1, 1, k, step);
            push(now + more[0] % reach[more[1] % 8], more[2] % 4, more[3] % 3);
        }
        const std::int64_t end = now + random[1] % 700;
        REQUIRE(queue.size() == plain.events.size());
        Event got;
        Event expected;
        for (std::uint32_t budget = random[2] % 6; budget > 0; --budget) {
            const bool some = plain.pop(end, expected);
            REQUIRE(queue.pop(end, got) == some);
            if (!some) {
                now = end;
                break;
            }
            REQUIRE(got.time == expected.time);
            REQUIRE(got.payload == expected.payload);
            now = got.time;
        }
        std::int64_t first = EventQueue::never;
        for (const Event& e : plain.events) first = std::min(first, e.time);
        REQUIRE(queue.next_time() == first);
    }
    Event got;
    Event expected;
    while (plain.pop(EventQueue::never, expected)) {
        REQUIRE(queue.pop(EventQueue::never, got));
        REQUIRE(got.payload == expected.payload);
    }
    REQUIRE(queue.empty());
    REQUIRE(queue.next_time() == EventQueue::never);
}

TEST_CASE("an event may be added to the slot that is being served") {
    EventQueue queue;
    queue.push(100, 1, 0, 0);
    queue.push(110, 1, 0, 1);
    Event event;
    REQUIRE(queue.pop(200, event));
    queue.push(100, 0, 0, 2);
    queue.push(105, 0, 0, 3);
    for (const std::uint32_t expected : {2U, 3U, 1U}) {
        REQUIRE(queue.pop(200, event));
        CHECK(event.payload == expected);
    }
    CHECK_FALSE(queue.pop(EventQueue::never, event));
}

#include "simulator/state/state_fields.hpp"

#include "simulator/state/plain_fields.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// One of everything that has fields.
struct Everything {
    std::int64_t number = 0;
    std::uint16_t small = 0;
    bool flag = false;
    std::array<std::int64_t, 2> pair{};
    PathPoint point;
    std::vector<std::int32_t> fixed = std::vector<std::int32_t>(3);
    std::vector<std::int16_t> list;
    std::vector<EventKey> keys;
    Ring<EventKey> queue;
    std::uint32_t index = 0, none = 0;

    void state(StateFields& fields) {
        fields(number, small, flag, pair, point);
        fields.fixed(fixed);
        fields.list(list, 10);
        fields.list(keys, 10);
        fields.queue(queue);
        fields.index(index, 5);
        fields.index(none, 5, true);
    }
};

Everything filled() {
    Everything all{-5, 7, true, {1, -2}, {9, {1, 2, 3, 4, 5}}, {4, 5, 6}, {-1, 8}, {{3, 4}, {5, 6}}, {}, 4, no_index};
    for (std::uint32_t k = 0; k < 20; ++k) {
        all.queue.push({k, k});
        if (k % 2 == 0) all.queue.pop();
    }
    return all;
}

std::vector<std::byte> saved(Everything all) {
    StateFields fields;
    all.state(fields);
    CHECK(fields.fault().empty());
    return {fields.saved().begin(), fields.saved().end()};
}

}  // namespace

TEST_CASE("one list of fields saves and loads") {
    const auto bytes = saved(filled());
    Everything loaded;
    StateFields fields(bytes);
    loaded.state(fields);
    CHECK(fields.fault().empty());
    CHECK(loaded.number == -5);
    CHECK(loaded.flag);
    CHECK(loaded.point.split[4] == 5);
    CHECK(loaded.list == std::vector<std::int16_t>{-1, 8});
    CHECK(loaded.queue.size() == 10);
    CHECK(loaded.queue.front() == EventKey{10, 10});
    CHECK(loaded.none == no_index);
    CHECK(saved(std::move(loaded)) == bytes);
}

TEST_CASE("state that ends early, is too long or has wrong values is a fault") {
    const auto bytes = saved(filled());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        Everything loaded;
        const auto cut = std::span(bytes).first(size);
        StateFields fields(cut);
        loaded.state(fields);
        CHECK(!fields.fault().empty());
    }
    auto more = bytes;
    more.push_back({});
    Everything loaded;
    StateFields fields(more);
    loaded.state(fields);
    CHECK_THAT(fields.fault(), test::contains("left over"));
    const auto fault_of = [&](std::size_t at, int value) {
        auto changed = bytes;
        changed[at] = static_cast<std::byte>(value);
        Everything into;
        StateFields its(changed);
        into.state(its);
        return its.fault();
    };
    CHECK_THAT(fault_of(10, 2), test::contains("neither 0 nor 1"));
    CHECK_THAT(fault_of(11 + 16 + 48, 4), test::contains("another length"));
    CHECK_THAT(fault_of(11 + 16 + 48 + 8 + 12, 200), test::contains("too long"));
    CHECK_THAT(fault_of(bytes.size() - 8, 5), test::contains("out of range"));
}

#include "simulator/slice_engine.hpp"

#include <type_traits>

#include "tests/simulator/hand_made.hpp"

using namespace tephra;
using test::hand_made, test::on_two_cores, test::two_cores;

static_assert(std::is_constructible_v<SliceEngine, const Program&, const Schedule&, const ScheduledSlice&, int, int>);
static_assert(!std::is_constructible_v<SliceEngine, Program, const Schedule&, const ScheduledSlice&, int, int>,
              "a slice engine keeps no temporary");

namespace {

/// The hand-made program, laid out on two cores, and its slices in order: pacer, unit low, unit high, source, sink.
struct Layout {
    Program program = hand_made();
    Machine machine = two_cores();
    std::unique_ptr<const Schedule> plan = *make_schedule(program, machine, on_two_cores(program, machine), true);
    [[nodiscard]] SliceEngine engine(std::size_t slice, std::int64_t slots = 100) const {
        return {program, *plan, plan->slices[slice], 1, slots};
    }
};
constexpr std::size_t pacer = 0, sink = 4;
constexpr std::uint32_t record_port = 0;

}  // namespace

TEST_CASE("a slice is ready when every source slice has sent all of the next token") {
    const Layout layout;
    SliceEngine engine = layout.engine(sink);
    CHECK_FALSE(engine.ready());
    CHECK(engine.deliver(0, 0, 3, 30));
    CHECK(engine.deliver(0, 0, 0, 7));
    CHECK_FALSE(engine.complete(0, 0, {50, {10, 20, 20}}));
    CHECK(engine.complete(0, 0, {60, {10, 30, 20}}));  // the second of two source slices
    CHECK(engine.trigger().time == 60);
    std::vector<std::int32_t> logits;
    engine.collect(logits);
    CHECK(logits == std::vector<std::int32_t>{7, 0, 0, 30});
    CHECK(engine.next_token() == 1);
    CHECK_FALSE(engine.ready());
    // Slots are empty again: a token of markers alone gives zeros.
    CHECK_FALSE(engine.complete(0, 1, {}));
    CHECK(engine.complete(0, 1, {}));
    engine.collect(logits);
    CHECK(logits == std::vector<std::int32_t>(4, 0));
}

TEST_CASE("inputs of a later token wait in their own slot, and may be complete first") {
    const Layout layout;
    SliceEngine engine = layout.engine(sink);
    CHECK(engine.deliver(0, 1, 1, 11));
    CHECK_FALSE(engine.complete(0, 1, {90, {}}));
    CHECK_FALSE(engine.complete(0, 1, {95, {}}));  // token 0 comes first
    CHECK(engine.deliver(0, 0, 1, 10));
    CHECK_FALSE(engine.complete(0, 0, {99, {}}));
    CHECK(engine.complete(0, 0, {100, {}}));
    CHECK(engine.trigger().time == 100);
    std::vector<std::int32_t> logits;
    engine.collect(logits);
    CHECK(logits[1] == 10);
    CHECK(engine.ready());
    engine.collect(logits);
    CHECK(logits[1] == 11);
}

TEST_CASE("a message for a slot that holds another token is a collision, once the token has fired it is not") {
    const Layout layout;
    SliceEngine engine = layout.engine(sink);  // two slots
    CHECK(engine.deliver(0, 0, 0, 1));
    CHECK(engine.deliver(0, 1, 0, 2));
    CHECK_FALSE(engine.deliver(0, 2, 0, 3));
    CHECK(engine.deliver(0, 0, 1, 4));  // token 0 is as it was
    engine.complete(0, 0, {});
    CHECK(engine.complete(0, 0, {}));
    std::vector<std::int32_t> logits;
    engine.collect(logits);
    CHECK(logits == std::vector<std::int32_t>{1, 4, 0, 0});
    CHECK(engine.deliver(0, 2, 0, 3));
    // A run of one token needs one slot.
    SliceEngine single = layout.engine(sink, 1);
    CHECK(single.deliver(0, 0, 0, 1));
    CHECK_FALSE(single.deliver(0, 1, 0, 2));
}

TEST_CASE("records of tokens in flight have their own slots") {
    const Layout layout;
    SliceEngine engine = layout.engine(pacer);
    const std::vector<std::uint32_t> record{5, 0, 3};
    CHECK(engine.deliver(record_port, 0, record));
    CHECK(engine.deliver(record_port, 1, record));
    CHECK(engine.deliver(record_port, 0, record));  // another slice's, of the same token: merged
    CHECK_FALSE(engine.deliver(record_port, 2, record));
}

TEST_CASE("credits let a slice run ahead by the lag, and no further") {
    Layout layout;
    // The pacer gives the sink credits; the sink may run ahead by two tokens.
    Projection credit = layout.program.projections[test::credit_j];
    credit.source = PopulationId(test::pacer_p);
    credit.target = PopulationId(test::sink_p);
    const ProjectionId id(static_cast<int>(layout.program.projections.size()));
    layout.program.projections.push_back(credit);
    layout.program.populations[test::pacer_p].outputs.push_back(id);
    layout.program.populations[test::sink_p].inputs.push_back(id);
    layout.plan = *make_schedule(layout.program, layout.machine, on_two_cores(layout.program, layout.machine), true);
    SliceEngine engine = layout.engine(sink);
    std::vector<std::int32_t> logits;
    for (std::uint32_t token = 0; token < 2; ++token) {
        engine.complete(0, token, {});
        CHECK(engine.complete(0, token, {}));  // tokens 0 and 1 need no credit
        engine.collect(logits);
    }
    engine.complete(0, 2, {200, {}});
    CHECK_FALSE(engine.complete(0, 2, {200, {}}));
    CHECK(engine.complete(1, 0, {300, {}}));  // the pacer has fired token 0
    CHECK(engine.trigger().time == 300);      // what token 2 waited for
    engine.collect(logits);
    engine.complete(0, 3, {});
    CHECK_FALSE(engine.complete(0, 3, {}));  // one credit, one token
    CHECK(engine.complete(1, 1, {}));
}

#include "mapper/work.hpp"

#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

TEST_CASE("The bound of a token's work counts every message, flit, weight and neuron") {
    const Program program = test::one_layer(4, 2);
    Machine machine = test::small_machine({1, 1, 1}, {2, 1});
    // 8 weights, 4 + 2 and 2 + 2 ends of the two projections; packets of 2 flits over four kinds of links; 6 neurons on
    // cores, each of which may send.
    const std::int64_t message = 2000 + 500 + 1000 + 2 * (250 + 250 + 250 + 1000);
    CHECK(work_bound(program, machine) == Picoseconds((8 + 6 + 4) * message + 6 * (5000 + 500)));
}

TEST_CASE("Times whose sums could overflow are refused: at the limit they pass, a picosecond more does not") {
    const Program program = test::one_layer(4, 2);
    Machine machine = test::small_machine({1, 1, 1}, {2, 1});
    machine.timing.synop +=
        Picoseconds((longest_time - Picoseconds(1) - work_bound(program, machine).value()).value() / 18);
    CHECK(work_bound(program, machine));
    CHECK(map_program(program, machine, {}));
    machine.timing.synop += Picoseconds(1);
    const auto refused = map_program(program, machine, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::bad_input);
    CHECK(refused.error().place == "machine generic-mesh");
    CHECK(refused.error().message.starts_with("times too long for this model: "));
    machine.timing.synop = Picoseconds(INT64_MAX);
    CHECK_FALSE(work_bound(program, machine));
}

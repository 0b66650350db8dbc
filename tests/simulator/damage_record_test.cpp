#include "simulator/damage_record.hpp"

#include <functional>

#include "tests/mapper/small_machine.hpp"
#include "tests/simulator/sample_run.hpp"

using namespace tephra;
using test::fault_of;

namespace {

/// Where a run with this damage is refused; its machine has 2 x 2 chips of 8 x 4 tiles with 3 cores.
std::string refused_at(const std::function<void(DamageRecord&)>& add) {
    return fault_of([&](Run& run) { add(run.damage.emplace()); });
}

}  // namespace

TEST_CASE("the damage of a machine is what its file lists, and survives a run file") {
    Machine machine = test::small_machine({2, 2, 1}, {8, 4}, 3);
    CHECK_FALSE(record_damage(machine));
    machine.dead_cores = {CoreId(3), CoreId(200)};
    machine.dead_links = {{ChipId(0), ChipId(2)}};
    machine.dead_mesh_links = {{RouterId(8), RouterId(0)}};
    machine.dead_routers = {RouterId(127)};
    machine.slow_cores = {{CoreId(5), most_slowness}};
    Run run = test::sample_run();
    run.damage = record_damage(machine);
    REQUIRE(run.damage);
    const std::string text = test::text_of(run);
    const auto read = parse_run(text, "run");
    if (!read) FAIL(to_string(read.error()));
    REQUIRE(read->damage);
    CHECK(read->damage->dead_cores == std::vector<std::int64_t>{3, 200});
    CHECK(read->damage->dead_routers == std::vector<std::int64_t>{127});
    CHECK(read->damage->dead_links == std::vector<DamageRecord::Pair>{{0, 2}});
    CHECK(read->damage->dead_mesh_links == std::vector<DamageRecord::Pair>{{8, 0}});
    CHECK(read->damage->slow_cores == std::vector<DamageRecord::Pair>{{5, most_slowness}});
    CHECK(test::text_of(*read) == text);
}

TEST_CASE("damage that the machine cannot have is refused") {
    CHECK(refused_at([](DamageRecord&) {}) == "");
    CHECK(refused_at([](DamageRecord& d) { d.dead_cores = {383}; }) == "");
    CHECK(refused_at([](DamageRecord& d) { d.dead_cores = {384}; }) == "run#/damage/dead_cores/0");
    CHECK(refused_at([](DamageRecord& d) { d.dead_cores = {5, 5}; }) == "run#/damage/dead_cores/1");
    CHECK(refused_at([](DamageRecord& d) { d.dead_routers = {3, 128}; }) == "run#/damage/dead_routers/1");
    CHECK(refused_at([](DamageRecord& d) { d.dead_links = {{0, 3}}; }) == "run#/damage/dead_links/0");
    CHECK(refused_at([](DamageRecord& d) { d.dead_links = {{3, 4}}; }) == "run#/damage/dead_links/0");
    CHECK(refused_at([](DamageRecord& d) { d.dead_links = {{2, 3}, {0, 1}}; }) == "run#/damage/dead_links/1");
    CHECK(refused_at([](DamageRecord& d) { d.dead_mesh_links = {{7, 8}}; }) == "run#/damage/dead_mesh_links/0");
    CHECK(refused_at([](DamageRecord& d) { d.dead_mesh_links = {{24, 32}}; }) == "run#/damage/dead_mesh_links/0");
    CHECK(refused_at([](DamageRecord& d) { d.slow_cores = {{384, 2000}}; }) == "run#/damage/slow_cores/0");
    CHECK(refused_at([](DamageRecord& d) { d.slow_cores = {{3, sound_slowness}}; }) == "run#/damage/slow_cores/0/1");
    CHECK(refused_at([](DamageRecord& d) { d.slow_cores = {{3, most_slowness + 1}}; }) == "run#/damage/slow_cores/0/1");
}

#include "mapper/machine_faults.hpp"

#include "core/files.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;

namespace {

/// generic-mesh (2 x 2 chips of 8 x 8 tiles of one core) with a list of faults.
Result<Machine> with(const std::string& key, const std::string& list) {
    std::string text = *read_file(std::string(TEPHRA_MACHINES) + "/generic-mesh.json");
    const std::string from = "\"" + key + "\": []";
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return parse_machine(text.replace(at, from.size(), "\"" + key + "\": " + list), "m.json");
}

}  // namespace

TEST_CASE("Dead and slow parts are read, sorted, and written back") {
    const auto plain = with("dead_cores", "[]");
    REQUIRE(plain);
    struct Case {
        std::string key, list;
    };
    for (const Case& c : {Case{"dead_cores", "[255, 0]"},
                          {"dead_links", "[{\"from\": 3, \"to\": 1}, {\"from\": 0, \"to\": 1}]"},
                          {"dead_mesh_links", "[{\"from\": 255, \"to\": 254}, {\"from\": 0, \"to\": 8}]"},
                          {"dead_routers", "[255, 1]"},
                          {"slow_cores", "[{\"core\": 255, \"factor\": 1000}, {\"core\": 0, \"factor\": 1.001}]"}}) {
        INFO(c.key);
        const auto machine = with(c.key, c.list);
        REQUIRE(machine);
        CHECK_FALSE(machine->hash == plain->hash);
        const auto again = parse_machine(machine_json(*machine), "again");
        REQUIRE(again);
        CHECK(again->hash == machine->hash);
        CHECK(machine_json(*again) == machine_json(*machine));
    }
    CHECK(with("dead_mesh_links", "[{\"from\": 9, \"to\": 1}, {\"from\": 0, \"to\": 8}]")->dead_mesh_links ==
          std::vector<Machine::DeadMeshLink>{{RouterId(0), RouterId(8)}, {RouterId(9), RouterId(1)}});
    CHECK(with("dead_routers", "[255, 1]")->dead_routers == std::vector<RouterId>{RouterId(1), RouterId(255)});
    CHECK(with("slow_cores", "[{\"core\": 7, \"factor\": 1000}, {\"core\": 5, \"factor\": 1.001}]")->slow_cores ==
          std::vector<Machine::SlowCore>{{CoreId(5), 1001}, {CoreId(7), 1'000'000}});
}

TEST_CASE("Empty lists of faults leave the hash of a machine as it was before they could be given") {
    std::string text = *read_file(std::string(TEPHRA_MACHINES) + "/generic-mesh.json");
    for (const std::string key : {"dead_cores", "dead_links", "dead_mesh_links", "dead_routers", "slow_cores"}) {
        const auto at = text.find(",\n  \"" + key + "\": []");
        REQUIRE(at != std::string::npos);
        text.erase(at, key.size() + 10);
    }
    const auto bare = parse_machine(text, "bare");
    if (!bare) FAIL(to_string(bare.error()));
    CHECK(to_string(bare->hash) == to_string(with("slow_cores", "[]")->hash));
    CHECK(machine_json(*bare).find("dead_routers") == std::string::npos);
}

TEST_CASE("Each fault of a list of faults is one error with its place") {
    struct Fault {
        std::string key, list, place, message;
    };
    const std::string neighbours = " are not neighbours: there is no link between them";
    for (const Fault& fault : std::vector<Fault>{
             {"dead_cores", "[256]", "dead_cores/0", "not a core of this machine"},
             {"dead_cores", "[3, -1]", "dead_cores/1", "not a core of this machine"},
             {"dead_cores", "[3, 5, 3]", "dead_cores", "core 3 is listed twice"},
             {"dead_cores", "7", "dead_cores", "expected an array, found integer"},
             {"dead_links", R"([{"from": 0, "to": 3}])", "dead_links/0", "chips 0 and 3" + neighbours},
             {"dead_links", R"([{"from": 0, "to": 4}])", "dead_links/0/to", "4 is out of range"},
             {"dead_links", R"([{"from": 0, "to": 1}, {"from": 0, "to": 1}])", "dead_links",
              "link from chip 0 to chip 1 is listed twice"},
             {"dead_links", R"([{"from": 0}])", "dead_links/0/to", "key \"to\" is missing"},
             {"dead_mesh_links", R"([{"from": 0, "to": 2}])", "dead_mesh_links/0", "routers 0 and 2" + neighbours},
             {"dead_mesh_links", R"([{"from": 7, "to": 8}])", "dead_mesh_links/0", "routers 7 and 8" + neighbours},
             {"dead_mesh_links", R"([{"from": 5, "to": 5}])", "dead_mesh_links/0", "routers 5 and 5" + neighbours},
             {"dead_mesh_links", R"([{"from": 63, "to": 64}])", "dead_mesh_links/0", "routers 63 and 64" + neighbours},
             {"dead_mesh_links", R"([{"from": 255, "to": 256}])", "dead_mesh_links/0/to", "256 is out of range"},
             {"dead_mesh_links", R"([{"from": 0, "to": 1}, {"from": 0, "to": 1}])", "dead_mesh_links",
              "link from router 0 to router 1 is listed twice"},
             {"dead_mesh_links", R"([{"from": 0, "to": 1, "chip": 0}])", "dead_mesh_links/0/chip",
              "unknown key \"chip\""},
             {"dead_routers", "[256]", "dead_routers/0", "not a router of this machine"},
             {"dead_routers", "[1.5]", "dead_routers/0", "not a router of this machine"},
             {"dead_routers", "[9, 9]", "dead_routers", "router 9 is listed twice"},
             {"dead_routers", "[0]", "dead_routers", "router 0 is dead, and the host hangs on it"},
             {"slow_cores", R"([{"core": 256, "factor": 2}])", "slow_cores/0/core", "256 is out of range"},
             {"slow_cores", R"([{"core": 1, "factor": 1}])", "slow_cores/0/factor", "1 is out of range"},
             {"slow_cores", R"([{"core": 1, "factor": 1000.001}])", "slow_cores/0/factor", "1000.001 is out of range"},
             {"slow_cores", R"([{"core": 1, "factor": 1.2505}])", "slow_cores/0/factor", "more than three decimals"},
             {"slow_cores", R"([{"core": 1, "factor": "2"}])", "slow_cores/0/factor",
              "expected a number, found string"},
             {"slow_cores", R"([{"core": 1, "factor": 2}, {"core": 1, "factor": 3}])", "slow_cores",
              "core 1 is listed twice"},
         }) {
        INFO(fault.list);
        const auto machine = with(fault.key, fault.list);
        REQUIRE_FALSE(machine);
        CHECK(machine.error().code == ErrorCode::bad_input);
        CHECK(machine.error().place == "m.json#/" + fault.place);
        CHECK(machine.error().message == fault.message);
    }
}

TEST_CASE("A slow core takes each of its times by its factor, rounded up to a picosecond") {
    Machine machine = test::small_machine({1, 1, 1}, {2, 1});
    machine.timing.message_in = Picoseconds(1001), machine.timing.synop = Picoseconds(0);
    machine.timing.neuron.fill(Picoseconds(4)), machine.timing.spike = Picoseconds(1000);
    machine.timing.message_out = Picoseconds(1);
    machine.slow_cores = {{CoreId(1), 1250}};
    const CoreTiming sound = machine.timing_of(CoreId(0)), slow = machine.timing_of(CoreId(1));
    CHECK(sound.message_in == machine.timing.message_in);
    CHECK(slow.message_in == Picoseconds(1252));  // 1251.25
    CHECK(slow.synop == Picoseconds(0));
    CHECK(slow.of(NeuronProgram::microcode) == Picoseconds(5));
    CHECK(slow.spike == Picoseconds(1250));
    CHECK(slow.message_out == Picoseconds(2));
    CHECK(machine.slowest_timing().spike == slow.spike);
    // The longest time of a file by the largest factor stays far within 64 bits.
    machine.timing.synop = Picoseconds(1'000'000'000'000);
    machine.slow_cores = {{CoreId(1), most_slowness}};
    CHECK(machine.slowest_timing().synop == Picoseconds(1'000'000'000'000'000));
}

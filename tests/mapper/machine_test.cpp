#include "mapper/machine.hpp"

#include <cstdlib>

#include "core/files.hpp"
#include "core/json.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;

namespace {

std::string generic_text() {
    return *read_file(std::string(TEPHRA_MACHINES) + "/generic-mesh.json");
}

/// The generic machine with one piece of its text replaced.
std::string edited(const std::string& from, const std::string& to) {
    std::string text = generic_text();
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("The machines that ship have the published shapes") {
    struct Shape {
        std::string name, kind;
        int chips, usable_cores;
    };
    for (const auto& shape : std::vector<Shape>{{"loihi2-oheo-gulch", "loihi2", 1, 120},
                                                {"kapoho-point", "loihi2", 8, 120},
                                                {"alia-point", "loihi2", 32, 120},
                                                {"hala-point", "loihi2", 1152, 122},
                                                {"loihi1-nahuku", "loihi1", 32, 128},
                                                {"generic-mesh", "generic", 4, 64}}) {
        const auto machine = find_machine(shape.name);
        INFO(shape.name << ": " << (machine ? "" : to_string(machine.error())));
        REQUIRE(machine);
        CHECK(machine->name == shape.name);
        CHECK(machine->kind == shape.kind);
        CHECK(machine->chips() == shape.chips);
        CHECK(machine->mesh.usable_cores == shape.usable_cores);
        int usable = 0;
        for (int c = 0; c < machine->cores(); ++c) usable += machine->usable(CoreId(c)) ? 1 : 0;
        CHECK(usable == shape.chips * shape.usable_cores);
        if (shape.kind != "generic") CHECK(machine->provenance.size() >= 25);
        for (const auto& number : machine->provenance) {
            CHECK(number.pointer.starts_with("/"));
            CHECK(!number.source.empty());
        }
    }
    CHECK(find_machine("hala-point")->cores_per_chip() == 128);
    CHECK(machine_names().size() == 6);
}

TEST_CASE("The canonical JSON of a machine reads back equal") {
    for (const auto& name : machine_names()) {
        const auto machine = find_machine(name);
        REQUIRE(machine);
        const std::string text = machine_json(*machine);
        const auto again = parse_machine(text, "again");
        REQUIRE(again);
        CHECK(again->hash == machine->hash);
        CHECK(machine_json(*again) == text);
    }
}

TEST_CASE("The hash of a machine is that of its numbers, not of its notes or sources") {
    const auto plain = parse_machine(generic_text(), "a");
    const auto sourced = parse_machine(
        edited("\"synop_ps\": 500", R"("synop_ps": {"value": 500, "kind": "cited", "source": "x"})"), "b");
    const auto other = parse_machine(edited("\"synop_ps\": 500", "\"synop_ps\": 501"), "c");
    REQUIRE(plain);
    REQUIRE(sourced);
    REQUIRE(other);
    CHECK(plain->hash == sourced->hash);
    CHECK_FALSE(plain->hash == other->hash);
    REQUIRE(sourced->provenance.size() == 1);
    CHECK(sourced->provenance[0].pointer == "/timing/synop_ps");
    CHECK(sourced->provenance[0].kind == "cited");
}

TEST_CASE("Each fault of a machine file is one error with its place") {
    struct Fault {
        std::string from, to, place, message;
    };
    const std::vector<Fault> faults = {
        {"\"synop_ps\"", "\"synops_ps\"", "m.json#/timing/synop_ps", "key \"synop_ps\" is missing"},
        {"\"dead_cores\": []", "\"dead_core\": []", "m.json#/dead_core", "unknown key \"dead_core\""},
        {"\"tiles_x\": 8", "\"tiles_x\": -8", "m.json#/mesh/tiles_x", "-8 is out of range"},
        {"\"tiles_x\": 8", "\"tiles_x\": 0", "m.json#/mesh/tiles_x", "0 is out of range"},
        {"\"tiles_x\": 8", "\"tiles_x\": 8.5", "m.json#/mesh/tiles_x", "expected an integer, found number"},
        {"\"flit_x_ps\": 250", "\"flit_x_ps\": 0", "m.json#/mesh/flit_x_ps", "0 is out of range"},
        {"\"x\": 2", "\"x\": 0", "m.json#/chips/x", "0 is out of range"},
        {"\"chip_link\"", "\"chip_lnk\"", "m.json#/chip_link", "key \"chip_link\" is missing"},
        {"\"flit_ps\": 1000", "\"flit_ps\": 0", "m.json#/chip_link/flit_ps", "0 is out of range"},
        {"\"multicast\"", "\"broadcast\"", "m.json#/mesh/routing", "unknown value \"broadcast\""},
        {"\"int8\"]", "\"int4\"]", "m.json#/synapse_formats/1", "not a synapse format"},
        {"\"int8\"]", "\"ternary2\"]", "m.json#/synapse_formats/1", "listed twice"},
        {"\"chip\": 0", "\"chip\": 4", "m.json#/host/chip", "4 is out of range"},
        {"\"dead_cores\": []", "\"dead_cores\": [256]", "m.json#/dead_cores/0", "not a core of this machine"},
        {"\"dead_cores\": []", "\"dead_cores\": [3, -1]", "m.json#/dead_cores/1", "not a core of this machine"},
        {"\"dead_cores\": []", "\"dead_cores\": [3, 5, 3]", "m.json#/dead_cores", "core 3 is listed twice"},
        {"\"dead_links\": []", "\"dead_links\": [{\"from\": 0, \"to\": 3}]", "m.json#/dead_links/0",
         "chips 0 and 3 are not neighbours: there is no link between them"},
        {"\"dead_links\": []", "\"dead_links\": [{\"from\": 0, \"to\": 4}]", "m.json#/dead_links/0/to",
         "4 is out of range"},
        {"\"dead_links\": []", "\"dead_links\": [{\"from\": 0, \"to\": 1}, {\"from\": 0, \"to\": 1}]",
         "m.json#/dead_links", "link from chip 0 to chip 1 is listed twice"},
        {"\"dead_links\": []", "\"dead_links\": [{\"from\": 0, \"to\": 1}, {\"from\": 0, \"to\": 2}]",
         "m.json#/dead_links", "the dead links cut chip 1 off from chip 0"},
        {"\"synop_ps\": 500", "\"synop_ps\": {\"value\": 500, \"kind\": \"guessed\", \"source\": \"x\"}",
         "m.json#/timing/synop_ps/kind", "unknown value \"guessed\""},
        {"\"synop_ps\": 500", "\"synop_ps\": {\"value\": -1, \"kind\": \"cited\", \"source\": \"x\"}",
         "m.json#/timing/synop_ps/value", "-1 is out of range"},
        {"\"synop_ps\": 500", "\"synop_ps\": 500, \"synop_ps\": 500", "m.json",
         "key \"synop_ps\" appears twice in one object"},
    };
    for (const auto& fault : faults) {
        const auto machine = parse_machine(edited(fault.from, fault.to), "m.json");
        INFO(fault.to);
        REQUIRE_FALSE(machine);
        CHECK(machine.error().code == ErrorCode::bad_input);
        CHECK(machine.error().place == fault.place);
        CHECK(machine.error().message == fault.message);
    }
}

TEST_CASE("A machine file cut at any byte is an error") {
    const std::string text = generic_text();
    for (std::size_t size = 0; size + 2 < text.size(); ++size)
        CHECK_FALSE(parse_machine(std::string_view(text).substr(0, size), "cut"));
}

TEST_CASE("An unknown machine lists the known ones and the nearest") {
    const auto machine = find_machine("kapoho-pont");
    REQUIRE_FALSE(machine);
    CHECK(machine.error().hint.find("did you mean \"kapoho-point\"?") != std::string::npos);
    CHECK(machine.error().hint.find("alia-point, generic-mesh, hala-point") != std::string::npos);
}

TEST_CASE("TEPHRA_DATA adds a folder of machines, and a path is taken as it is") {
    const test::TemporaryPath folder("data");
    std::filesystem::create_directories(folder.str() + "/machines");
    REQUIRE(
        write_file(folder.str() + "/machines/mine.json", edited("\"name\": \"generic-mesh\"", "\"name\": \"mine\"")));
    CHECK_FALSE(find_machine("mine"));
    setenv("TEPHRA_DATA", folder.str().c_str(), 1);
    CHECK(find_machine("mine"));
    unsetenv("TEPHRA_DATA");
    const auto by_path = find_machine(folder.str() + "/machines/mine.json");
    REQUIRE(by_path);
    CHECK(by_path->name == "mine");
}

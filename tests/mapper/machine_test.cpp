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

std::string edited(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    INFO(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

/// The generic machine with one piece of its text replaced.
std::string edited(const std::string& from, const std::string& to) {
    return edited(generic_text(), from, to);
}

}  // namespace

TEST_CASE("The machines that ship have the published shapes") {
    struct Shape {
        std::string name, kind;
        int chips, usable_cores;
    };
    for (const auto& shape : std::vector<Shape>{{"oheo-gulch", "loihi2", 1, 120},
                                                {"kapoho-point", "loihi2", 8, 120},
                                                {"vpx", "loihi2", 16, 120},
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
    CHECK(machine_names().size() == 7);
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

TEST_CASE("The hash of a machine is that of its numbers, not of its name, kind, notes or sources") {
    const auto plain = parse_machine(generic_text(), "a");
    const auto sourced = parse_machine(
        edited("\"synop_ps\": 500", R"("synop_ps": {"value": 500, "kind": "cited", "source": "x"})"), "b");
    REQUIRE(plain);
    REQUIRE(sourced);
    CHECK(plain->hash == sourced->hash);
    REQUIRE(sourced->provenance.size() == 1);
    CHECK(sourced->provenance[0].pointer == "/timing/synop_ps");
    CHECK(sourced->provenance[0].kind == "cited");
    for (const auto& [from, to] :
         std::vector<std::pair<std::string, std::string>>{{"\"name\": \"generic-mesh\"", "\"name\": \"mine\""},
                                                          {"\"kind\": \"generic\"", "\"kind\": \"mine\""},
                                                          {"\"notes\": \"A round-number", "\"notes\": \"Another"}}) {
        const auto same = parse_machine(edited(from, to), "c");
        REQUIRE(same);
        CHECK(plain->hash == same->hash);
    }
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"\"synop_ps\": 500", "\"synop_ps\": 501"},
             {"\"multicast\"", "\"unicast\""},
             {"[\"ternary2\", \"int8\"]", "[\"int8\", \"ternary2\"]"},
             {"\"dead_cores\": []", "\"dead_cores\": [7]"},
             {"\"per_chip_ps\": 50000", "\"per_chip_ps\": 50000, \"stall_ps\": 7"},
             {"\"dead_links\": []", "\"dead_links\": [{\"from\": 0, \"to\": 1}]"}}) {
        const auto other = parse_machine(edited(from, to), "d");
        REQUIRE(other);
        CHECK_FALSE(plain->hash == other->hash);
    }
}

TEST_CASE("Every range of a machine file ends where it says: the limit is read, one more is refused") {
    struct Range {
        std::string key, pointer, text;  ///< text: of the key and its value in generic-mesh.json
        std::int64_t min, max;
    };
    constexpr std::int64_t second = 1'000'000'000'000;
    constexpr std::int64_t tebibyte = std::int64_t{1} << 40;
    const std::vector<Range> ranges = {
        {"x", "/chips/x", "\"x\": 2", 1, 1024},
        {"y", "/chips/y", "\"y\": 2", 1, 1024},
        {"z", "/chips/z", "\"z\": 1", 1, 1024},
        {"neurons", "/core/neurons", "\"neurons\": 4096", 1, 1 << 24},
        {"synaptic_bytes", "/core/synaptic_bytes", "\"synaptic_bytes\": 262144", 1, tebibyte},
        {"state_bytes", "/core/state_bytes", "\"state_bytes\": 65536", 1, tebibyte},
        {"axons_in", "/core/axons_in", "\"axons_in\": 16384", 1, 1 << 30},
        {"axons_out", "/core/axons_out", "\"axons_out\": 16384", 1, 1 << 30},
        {"message_in_ps", "/timing/message_in_ps", "\"message_in_ps\": 2000", 0, second},
        {"synop_ps", "/timing/synop_ps", "\"synop_ps\": 500", 0, second},
        {"neuron_fixed_function_ps", "/timing/neuron_fixed_function_ps", "\"neuron_fixed_function_ps\": 1000", 0,
         second},
        {"neuron_microcode_ps", "/timing/neuron_microcode_ps", "\"neuron_microcode_ps\": 5000", 0, second},
        {"neuron_special_ps", "/timing/neuron_special_ps", "\"neuron_special_ps\": 10000", 0, second},
        {"spike_ps", "/timing/spike_ps", "\"spike_ps\": 500", 0, second},
        {"message_out_ps", "/timing/message_out_ps", "\"message_out_ps\": 1000", 0, second},
        {"tiles_x", "/mesh/tiles_x", "\"tiles_x\": 8", 1, 256},
        {"tiles_y", "/mesh/tiles_y", "\"tiles_y\": 8", 1, 256},
        {"cores_per_tile", "/mesh/cores_per_tile", "\"cores_per_tile\": 1", 1, 64},
        {"usable_cores", "/mesh/usable_cores", "\"cores_per_tile\": 1", 1, 64},
        {"hop_x_ps", "/mesh/hop_x_ps", "\"hop_x_ps\": 2000", 0, second},
        {"hop_y_ps", "/mesh/hop_y_ps", "\"hop_y_ps\": 2000", 0, second},
        {"flit_x_ps", "/mesh/flit_x_ps", "\"flit_x_ps\": 250", 1, second},
        {"flit_y_ps", "/mesh/flit_y_ps", "\"flit_y_ps\": 250", 1, second},
        {"flit_local_ps", "/mesh/flit_local_ps", "\"flit_local_ps\": 250", 1, second},
        {"flit_bits", "/mesh/flit_bits", "\"flit_bits\": 32", 1, 4096},
        {"buffer_packets", "/mesh/buffer_packets", "\"buffer_packets\": 4", 1, 65535},
        {"core_packets", "/mesh/core_packets", "\"buffer_packets\": 4", 1, 65535},
        {"latency_ps", "/chip_link/latency_ps", "\"latency_ps\": 100000", 1, second},
        {"flit_ps", "/chip_link/flit_ps", "\"flit_ps\": 1000", 1, second},
        {"packet_ps", "/chip_link/packet_ps", "\"flit_ps\": 1000", 0, second},
        {"buffer_packets", "/chip_link/buffer_packets", "\"buffer_packets\": 64", 1, 65535},
        {"base_ps", "/barrier/base_ps", "\"base_ps\": 100000", 0, second},
        {"per_tile_ps", "/barrier/per_tile_ps", "\"per_tile_ps\": 2000", 0, second},
        {"per_chip_ps", "/barrier/per_chip_ps", "\"per_chip_ps\": 50000", 0, second},
        {"management_ps", "/barrier/management_ps", "\"per_chip_ps\": 50000", 0, second},
        {"stall_ps", "/barrier/stall_ps", "\"per_chip_ps\": 50000", 0, second},
        {"chip", "/host/chip", "\"chip\": 0", 0, 3},
        {"latency_ps", "/host/latency_ps", "\"latency_ps\": 1000000", 1, second},
        {"flit_ps", "/host/flit_ps", "\"flit_ps\": 3200", 1, second},
        {"message_ps", "/host/message_ps", "\"message_ps\": 5000", 0, second},
        {"synop_ps", "/host/synop_ps", "\"synop_ps\": 13", 0, second},
        {"neuron_update_ps", "/host/neuron_update_ps", "\"neuron_update_ps\": 1000", 0, second},
        {"token_ps", "/host/token_ps", "\"token_ps\": 1000000", 0, second},
    };
    for (const Range& range : ranges) {
        INFO(range.pointer);
        const bool own_key = range.text.find("\"" + range.key + "\"") == 0;  // optional ones stand beside another
        const auto with = [&](std::int64_t value) {
            const std::string pair = "\"" + range.key + "\": " + std::to_string(value);
            return parse_machine(edited(range.text, own_key ? pair : range.text + ", " + pair), "m");
        };
        for (const std::int64_t value : {range.min, range.max}) {
            const auto machine = with(value);
            INFO((machine ? "" : to_string(machine.error())));

            CHECK(machine);
        }
        for (const std::int64_t value : {range.min - 1, range.max + 1}) {
            const auto machine = with(value);
            REQUIRE_FALSE(machine);
            CHECK(machine.error().place == "m#" + range.pointer);
            CHECK(machine.error().message == std::to_string(value) + " is out of range");
            CHECK(machine.error().hint == "allowed: " + std::to_string(range.min) + " to " + std::to_string(range.max));
        }
    }
}

TEST_CASE("A machine may give one time for neurons of every program, instead of one each") {
    const auto three = edited("\"spike_ps\": 500,", "");
    const auto whole = parse_machine(three, "m");
    REQUIRE(whole);
    CHECK(whole->timing.spike == Picoseconds(0));
    const std::string from =
        three.substr(three.find("\"neuron_fixed_function_ps\""),
                     three.find("\"message_out_ps\"") - three.find("\"neuron_fixed_function_ps\""));
    std::string one = three;
    one.replace(one.find(from), from.size(), "\"neuron_update_ps\": 5000, ");
    const auto machine = parse_machine(one, "m");
    if (!machine) FAIL(to_string(machine.error()));
    for (const Picoseconds time : machine->timing.neuron) CHECK(time == Picoseconds(5000));
    one.replace(one.find("\"neuron_update_ps\""), 0, "\"neuron_special_ps\": 1, ");
    const auto both = parse_machine(one, "m");
    REQUIRE_FALSE(both);
    CHECK(both.error().place == "m#/timing/neuron_special_ps");
}

TEST_CASE("Chips, cores and the buffers of a chip have limits of their own") {
    const auto shaped = [](std::array<int, 3> chips, std::array<int, 3> mesh) {
        std::string text = generic_text();
        const auto put = [&](const std::string& from, const std::string& key, int value) {
            text = edited(std::move(text), from, "\"" + key + "\": " + std::to_string(value));
        };
        put("\"x\": 2", "x", chips[0]), put("\"y\": 2", "y", chips[1]), put("\"z\": 1", "z", chips[2]);
        put("\"tiles_x\": 8", "tiles_x", mesh[0]), put("\"tiles_y\": 8", "tiles_y", mesh[1]);
        put("\"cores_per_tile\": 1", "cores_per_tile", mesh[2]);
        return parse_machine(text, "m");
    };
    CHECK(shaped({64, 64, 1}, {1, 1, 1}));
    const auto chips = shaped({17, 241, 1}, {1, 1, 1});
    REQUIRE_FALSE(chips);
    CHECK(chips.error().message == "4097 chips");
    CHECK(chips.error().place == "m#/chips");
    CHECK(shaped({1, 1, 1}, {256, 256, 64}));
    const auto cores = shaped({5, 1, 1}, {256, 256, 13});
    REQUIRE_FALSE(cores);
    CHECK(cores.error().message == "4259840 cores");
    // Links x channels of a chip: (4 tiles + 2 cores + 6 + 8) x 4 on several chips.
    CHECK(shaped({2, 1, 1}, {255, 256, 30}));
    const auto buffers = shaped({2, 1, 1}, {256, 256, 30});
    REQUIRE_FALSE(buffers);
    CHECK(buffers.error().place == "m#/mesh");
    CHECK(buffers.error().message.starts_with("a chip needs 16777272 buffers"));
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
        {"\"chip\": 0", "\"chip\": 0, \"errors\": {\"per_e18_bits\": 5}", "m.json#/host/errors",
         "the host's link does not err"},
        {"\"synop_ps\": 500", "\"synop_ps\": {\"value\": 500, \"kind\": \"guessed\", \"source\": \"x\"}",
         "m.json#/timing/synop_ps/kind", "unknown value \"guessed\""},
        {"\"synop_ps\": 500", "\"synop_ps\": {\"value\": -1, \"kind\": \"cited\", \"source\": \"x\"}",
         "m.json#/timing/synop_ps/value", "-1 is out of range"},
        {"\"synop_ps\": 500", "\"synop_ps\": 500, \"synop_ps\": 500", "m.json#/timing/synop_ps",
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

namespace {

/// The generic machine, its links with these errors, and further keys of the machine.
Result<Machine> with_errors(const std::string& errors, const std::string& more = "") {
    std::string text = edited("\"flit_ps\": 1000", "\"flit_ps\": 1000, \"errors\": " + errors);
    return parse_machine(edited(std::move(text), "\"dead_cores\": []", "\"dead_cores\": []" + more), "m");
}

const std::string millionth = R"({"per_e18_bits": 1000000000000, "on_error": "retry", "attempts": 4})";

}  // namespace

TEST_CASE("Errors of chip links: a default, and links of their own") {
    const std::string own = R"(, "faulty_links": [
        {"from": 3, "to": 1, "errors": {"per_e18_bits": 5, "on_error": "loss"}},
        {"from": 0, "to": 1, "errors": {"per_e18_bits": 0, "on_error": "loss"}},
        {"from": 1, "to": 0, "errors": )" +
                            millionth + "}]";
    const auto machine = with_errors(millionth, own);
    if (!machine) FAIL(to_string(machine.error()));
    CHECK(machine->has_link_errors());
    CHECK(machine->link_errors(ChipId(0), ChipId(2)) == LinkErrors{1'000'000'000'000, 4});
    CHECK(machine->link_errors(ChipId(3), ChipId(1)) == LinkErrors{5, 1});
    CHECK(machine->link_errors(ChipId(0), ChipId(1)) == LinkErrors{0, 1});
    CHECK(machine->faulty_links.size() == 2);  // one is as all others are
    const auto again = parse_machine(machine_json(*machine), "again");
    if (!again) FAIL(to_string(again.error()));
    CHECK(again->hash == machine->hash);
    CHECK(machine_json(*again) == machine_json(*machine));
    CHECK(with_errors(millionth)->hash != machine->hash);
}

TEST_CASE("A rate of 0 is no errors: the machine is the same") {
    const auto plain = parse_machine(generic_text(), "m");
    for (const char* none :
         {R"({"per_e18_bits": 0, "on_error": "loss"})", R"({"per_e18_bits": 0, "on_error": "retry", "attempts": 9})"}) {
        const auto machine = with_errors(none);
        REQUIRE(machine);
        CHECK_FALSE(machine->has_link_errors());
        CHECK(machine->hash == plain->hash);
    }
}

TEST_CASE("Each fault of a link's errors is one error with its place") {
    struct Fault {
        std::string errors, more, place, message;
    };
    const std::string link = R"({"from": 0, "to": 1, "errors": )" + millionth + "}";
    const std::vector<Fault> faults = {
        {R"({"per_e18_bits": -1, "on_error": "loss"})", "", "/chip_link/errors/per_e18_bits", "-1 is out of range"},
        {R"({"per_e18_bits": 1000000000000000001, "on_error": "loss"})", "", "/chip_link/errors/per_e18_bits",
         "1000000000000000001 is out of range"},
        {R"({"per_e18_bits": 1, "on_error": "lose"})", "", "/chip_link/errors/on_error", "unknown value \"lose\""},
        {R"({"per_e18_bits": 1, "on_error": "retry"})", "", "/chip_link/errors/attempts",
         "key \"attempts\" is missing"},
        {R"({"per_e18_bits": 1, "on_error": "retry", "attempts": 1})", "", "/chip_link/errors/attempts",
         "1 is out of range"},
        {R"({"per_e18_bits": 1, "on_error": "retry", "attempts": 1001})", "", "/chip_link/errors/attempts",
         "1001 is out of range"},
        {R"({"per_e18_bits": 1, "on_error": "loss", "attempts": 2})", "", "/chip_link/errors/attempts",
         "unknown key \"attempts\""},
        {millionth, R"(, "faulty_links": [{"from": 0, "to": 1}])", "/faulty_links/0/errors",
         "key \"errors\" is missing"},
        {millionth, R"(, "faulty_links": [{"from": 0, "to": 4, "errors": {"per_e18_bits": 1, "on_error": "loss"}}])",
         "/faulty_links/0/to", "4 is out of range"},
        {millionth, R"(, "faulty_links": [{"from": 0, "to": 3, "errors": {"per_e18_bits": 1, "on_error": "loss"}}])",
         "/faulty_links/0", "there is no link from chip 0 to chip 3: they are not neighbours"},
        {millionth, ", \"faulty_links\": [" + link + ", " + link + "]", "/faulty_links/1",
         "link from chip 0 to chip 1 is listed twice"},
    };
    for (const Fault& fault : faults) {
        INFO(fault.errors << fault.more);
        const auto machine = with_errors(fault.errors, fault.more);
        REQUIRE_FALSE(machine);
        CHECK(machine.error().code == ErrorCode::bad_input);
        CHECK(machine.error().place == "m#" + fault.place);
        CHECK(machine.error().message == fault.message);
    }
    const auto dead = parse_machine(
        edited("\"dead_links\": []", R"("dead_links": [{"from": 0, "to": 1}], "faulty_links": [)" + link + "]"), "m");
    REQUIRE_FALSE(dead);
    CHECK(dead.error().message == "link from chip 0 to chip 1 is dead: it carries nothing");
    for (const std::int64_t rate : {std::int64_t{1}, bits_of_error_rate})
        CHECK(
            with_errors("{\"per_e18_bits\": " + std::to_string(rate) + ", \"on_error\": \"loss\"}")->link.errors.rate ==
            rate);
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

// check_mapping: every way to spoil a good mapping is found, with its place; what map_program makes passes.
#include <functional>

#include "mapper/mapping.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

namespace {

/// Four chips of 4 x 2 tiles, of which 7 cores take work and core 3 of the machine is dead.
Machine spoiled_machine() {
    Machine machine = test::small_machine({2, 2, 1}, {4, 2});
    machine.mesh.usable_cores = 7;
    machine.dead_cores = {CoreId(3)};
    machine.hash = machine_hash(machine);
    return machine;
}

const Error* find(const std::vector<Error>& faults, const std::string& message) {
    const auto found = std::ranges::find(faults, message, &Error::message);
    return found == faults.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("Each way to spoil a mapping is a fault with its place") {
    const Program program = test::small_program(16, 2, 32, 24);
    const Machine machine = spoiled_machine();
    const Mapping good = test::map(program, machine);
    REQUIRE(check_mapping(program, machine, good).empty());
    const std::size_t mixer = test::population_index(program, "block0.mixer");
    const std::size_t quantize = test::population_index(program, "block0.quantize_o");
    const std::size_t logits = test::population_index(program, "logits");
    REQUIRE(good.slices[mixer].size() > 1);
    const std::string at_mixer = "m.json#/slices/" + std::to_string(mixer);
    const std::string second = std::to_string(good.slices[mixer][1].begin);
    const std::string end = std::to_string(good.slices[mixer][1].end);

    struct Case {
        std::function<void(Mapping&)> spoil;
        ErrorCode code;
        std::string place, message;
    };
    const auto both = [&](Mapping& m, auto change) { change(m.slices[mixer]), change(m.slices[quantize]); };
    const auto bad = ErrorCode::bad_input;
    const std::vector<Case> cases = {
        {[](Mapping& m) { m.model.low ^= 1; }, bad, "m.json#/model", "the mapping is of another model"},
        {[](Mapping& m) { m.machine.low ^= 1; }, bad, "m.json#/machine",
         "the mapping is for another machine: the numbers of generic-mesh have changed"},
        {[](Mapping& m) { m.machine.low ^= 1, m.machine_name = "other"; }, bad, "m.json#/machine",
         "the mapping is for another machine: other, not generic-mesh"},
        {[](Mapping& m) { m.streams = 0; }, bad, "m.json#/streams", "0 streams"},
        {[](Mapping& m) { m.streams = most_streams + 1; }, bad, "m.json#/streams", "1048577 streams"},
        {[](Mapping& m) { m.slices.pop_back(); }, bad, "m.json#/slices",
         "the mapping has " + std::to_string(good.slices.size() - 1) + " populations, the program " +
             std::to_string(good.slices.size())},
        {[&](Mapping& m) { both(m, [](auto& s) { s.clear(); }); }, bad, at_mixer,
         "block0.mixer has no slices, but does not run on the host"},
        {[&](Mapping& m) { m.slices[logits].clear(); }, bad, "m.json#/slices/" + std::to_string(logits),
         "logits has no slices, but does not run on the host"},
        {[&](Mapping& m) { m.head_on_host = true; }, bad, "m.json#/slices/" + std::to_string(logits),
         "logits runs on the host, but has slices on cores"},
        {[](Mapping& m) {
             m.slices[0] = {{CoreId(0), 0, 16}};
         },
         bad, "m.json#/slices/0", "embedding runs on the host, but has slices on cores"},
        {[&](Mapping& m) { both(m, [](auto& s) { ++s[1].begin; }); }, bad, at_mixer + "/4",
         "block0.mixer: slice [" + std::to_string(good.slices[mixer][1].begin + 1) + ", " + end +
             ") does not begin at neuron " + second},
        {[&](Mapping& m) { both(m, [](auto& s) { --s[1].begin; }); }, bad, at_mixer + "/4",
         "block0.mixer: slice [" + std::to_string(good.slices[mixer][1].begin - 1) + ", " + end +
             ") does not begin at neuron " + second},
        {[&](Mapping& m) { both(m, [](auto& s) { s[1].end = s[1].begin; }); }, bad, at_mixer + "/5",
         "block0.mixer: slice [" + second + ", " + second + ") holds no neuron"},
        {[&](Mapping& m) { both(m, [](auto& s) { std::swap(s[0], s[1]); }); }, bad, at_mixer + "/1",
         "block0.mixer: slice [" + second + ", " + end + ") does not begin at neuron 0"},
        {[&](Mapping& m) { both(m, [](auto& s) { s.pop_back(); }); }, bad, at_mixer,
         "block0.mixer: neurons [" + std::to_string(good.slices[mixer].back().begin) + ", 16) lie on no core"},
        {[&](Mapping& m) { both(m, [](auto& s) { s.back().end = 17; }); }, bad,
         at_mixer + "/" + std::to_string(3 * good.slices[mixer].size() - 1),
         "block0.mixer: slice [" + std::to_string(good.slices[mixer].back().begin) +
             ", 17) ends beyond the last neuron, 15"},
        {[&](Mapping& m) { both(m, [](auto& s) { s[1].core = s[0].core; }); }, bad, at_mixer + "/3",
         "block0.mixer has two slices on core " + std::to_string(good.slices[mixer][0].core.value) + " (chip " +
             std::to_string(machine.chip_of(good.slices[mixer][0].core).value) + ")"},
        {[&](Mapping& m) { both(m, [](auto& s) { s[1].core = CoreId(32); }); }, bad, at_mixer + "/3",
         "block0.mixer: generic-mesh has no core 32"},
        {[&](Mapping& m) { both(m, [](auto& s) { s[1].core = CoreId(); }); }, bad, at_mixer + "/3",
         "block0.mixer: generic-mesh has no core -1"},
        {[&](Mapping& m) { both(m, [](auto& s) { s[1].core = CoreId(3); }); }, bad, at_mixer + "/3",
         "block0.mixer: core 3 (chip 0) is dead"},
        {[&](Mapping& m) { both(m, [](auto& s) { s[1].core = CoreId(7); }); }, bad, at_mixer + "/3",
         "block0.mixer: core 7 (chip 0) is reserved"},
        {[&](Mapping& m) { m.slices[quantize][1].core = m.slices[quantize][0].core; }, bad,
         "m.json#/slices/" + std::to_string(quantize),
         "block0.quantize_o does not lie beside block0.mixer, though they exchange states within a core"},
    };
    for (const Case& c : cases) {
        Mapping mapping = good;
        c.spoil(mapping);
        const auto faults = check_mapping(program, machine, mapping, "m.json");
        INFO(c.message);
        const Error* found = find(faults, c.message);
        REQUIRE(found != nullptr);
        CHECK(found->code == c.code);
        CHECK(found->place == c.place);
        CHECK_FALSE(found->hint.empty());
        const auto accepted = accept_mapping(program, machine, mapping, "m.json");
        REQUIRE_FALSE(accepted);
        CHECK(accepted.error().message == faults.front().message);
    }
    CHECK(accept_mapping(program, machine, good));
}

TEST_CASE("A format that the machine has not is a fault of the mapping") {
    const Program program = test::small_program(16, 1, 32, 24);
    Machine machine = test::small_machine({1, 1, 1}, {4, 4});
    Mapping mapping = test::map(program, machine);
    machine.formats = {WeightStorage::int8};
    const auto faults = check_mapping(program, machine, mapping, "m");
    const Error* found = find(faults, "generic-mesh has no ternary2 synapses");
    REQUIRE(found != nullptr);
    CHECK(found->place == "m#/synapse_format");
}

TEST_CASE("Each limit of a core is checked: at the limit a mapping passes, one below it does not") {
    const Program program = test::small_program(16, 2, 32, 24);
    Machine machine = test::unicast_machine({1, 1, 1}, {4, 4});
    const Mapping mapping = test::map(program, machine);
    CoreUse most;
    for (const CoreUse& use : core_use(program, machine, mapping)) {
        most.neurons = std::max(most.neurons, use.neurons);
        most.synaptic_bytes = std::max(most.synaptic_bytes, use.synaptic_bytes);
        most.state_bytes = std::max(most.state_bytes, use.state_bytes);
        most.axons_in = std::max(most.axons_in, use.axons_in);
        most.axons_out = std::max(most.axons_out, use.axons_out);
    }
    const auto limits = [&] {
        CoreLimits out;
        out.neurons = most.neurons;
        out.synaptic_bytes = most.synaptic_bytes;
        out.state_bytes = most.state_bytes;
        out.axons_in = static_cast<int>(most.axons_in);
        out.axons_out = static_cast<int>(most.axons_out);
        return out;
    };
    machine.limits = limits();
    CHECK(check_mapping(program, machine, mapping).empty());
    const std::vector<std::pair<std::string, std::function<void(CoreLimits&)>>> tighter = {
        {"neurons", [](CoreLimits& l) { --l.neurons; }},
        {"bytes of synaptic memory", [](CoreLimits& l) { --l.synaptic_bytes; }},
        {"bytes of state memory", [](CoreLimits& l) { --l.state_bytes; }},
        {"axons in", [](CoreLimits& l) { --l.axons_in; }},
        {"axons out", [](CoreLimits& l) { --l.axons_out; }}};
    for (const auto& [what, tighten] : tighter) {
        machine.limits = limits();
        tighten(machine.limits);
        const auto faults = check_mapping(program, machine, mapping, "m.json");
        INFO(what);
        REQUIRE_FALSE(faults.empty());
        for (const Error& fault : faults) {
            CHECK(fault.code == ErrorCode::does_not_fit);
            CHECK(fault.message.find(" " + what + ", the limit is ") != std::string::npos);
            CHECK(fault.place.starts_with("m.json#/slices/"));
        }
    }
}

TEST_CASE("All slices on one core break its limits, named by the first slice there") {
    const Program program = test::small_program(256, 6, 768, 4096);
    const auto machine = find_machine("kapoho-point");
    REQUIRE(machine);
    Mapping mapping = test::map(program, *machine);
    for (std::size_t p = 0; p < mapping.slices.size(); ++p)
        if (!mapping.slices[p].empty()) mapping.slices[p] = {{CoreId(5), 0, program.populations[p].size}};
    const auto faults = check_mapping(program, *machine, mapping, "m.json");
    REQUIRE(faults.size() == 3);  // nothing leaves a core that holds all
    CHECK(faults[0].message == "core 5 (chip 0): 22809 neurons, the limit is 8192");
    CHECK(faults[0].code == ErrorCode::does_not_fit);
    CHECK(faults[0].place == "m.json#/slices/1/0");
    CHECK(faults[1].message.find("bytes of synaptic memory") != std::string::npos);
    CHECK(faults[2].message.find("bytes of state memory") != std::string::npos);
    CHECK(accept_mapping(program, *machine, mapping).error().hint.find("3 faults") != std::string::npos);
}

TEST_CASE("A mapping is good for a machine under another name, and for no other numbers") {
    const Program program = test::small_program(16, 1, 32, 24);
    Machine machine = test::small_machine({2, 1, 1}, {4, 2});
    const Mapping mapping = test::map(program, machine);
    Machine renamed = machine;
    renamed.name = "mine";
    renamed.kind = "loihi2";
    renamed.hash = machine_hash(renamed);
    CHECK(check_mapping(program, renamed, mapping).empty());
    renamed.timing.synop += Picoseconds(1);
    renamed.hash = machine_hash(renamed);
    const auto faults = check_mapping(program, renamed, mapping);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].message == "the mapping is for another machine: generic-mesh, not mine");
}

TEST_CASE("A slice on a core that is cut off, or whose router is dead, is a fault that says what to mend") {
    const Program program = test::one_layer(10, 20);
    Machine machine = test::small_machine({2, 1, 1}, {2, 1}, 2);
    Mapping mapping = test::map(program, machine);
    machine.dead_links = {{ChipId(0), ChipId(1)}};
    machine.dead_routers = {RouterId(1)};
    machine.hash = machine_hash(machine);
    mapping.machine = machine.hash;
    mapping.slices[1] = {{CoreId(5), 0, 10}, {CoreId(2), 10, 20}};
    const auto faults = check_mapping(program, machine, mapping, "m");
    REQUIRE(faults.size() == 2);
    CHECK(faults[0].message == "out: core 5 (chip 1) is cut off from the host");
    CHECK(faults[0].place == "m#/slices/1/0");
    // The dead router is the one to which the link is attached.
    CHECK(faults[0].hint == "move the slice to another core, or mend what cuts core 5 off: router 1");
    CHECK(faults[1].message == "out: the router of core 2 (chip 0), 1, is dead");
    CHECK(faults[1].place == "m#/slices/1/3");
    mapping.slices[1] = {{CoreId(0), 0, 20}};
    CHECK(check_mapping(program, machine, mapping, "m").empty());
}

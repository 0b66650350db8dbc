// The fuzz targets begin with these files: one that a reader or a check refused would fuzz nothing behind it.
#include <algorithm>

#include "core/files.hpp"
#include "mapper/mapping.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "neuro/lm/tph.hpp"
#include "neuro/spiking/network_file.hpp"
#include "simulator/price.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

std::string seed(const std::string& name) {
    return std::string(TEPHRA_TEST_DATA) + "/../fuzz/corpus/" + name;
}

/// The shape of the targets' model (tests/fuzz/fuzz.hpp).
Program tiny_program() {
    return lower(make_blank_model(synth_shape(8, 1, 8, 16)));
}

}  // namespace

TEST_CASE("fuzz seeds: machines hold the small model") {
    for (const char* name : {"machine/fits.json", "machine/chips.json", "machine/holes.json", "machine/faulty.json"}) {
        INFO(name);
        const auto machine = read_machine(seed(name));
        if (!machine) FAIL(to_string(machine.error()));
        const auto mapping = map_program(tiny_program(), *machine, {.format = machine->formats.front()});
        if (!mapping) FAIL(to_string(mapping.error()));
        CHECK(check_mapping(tiny_program(), *machine, *mapping).empty());
    }
}

TEST_CASE("fuzz seeds: the mapping fits the small model") {
    auto mapping = read_mapping(seed("mapping/tiny.json"));
    REQUIRE(mapping);
    const auto machine = find_machine("oheo-gulch");
    REQUIRE(machine);
    mapping->model = tiny_program().model;
    mapping->machine = machine->hash;
    for (const Error& fault : check_mapping(tiny_program(), *machine, *mapping)) UNSCOPED_INFO(to_string(fault));
    CHECK(check_mapping(tiny_program(), *machine, *mapping).empty());
}

TEST_CASE("fuzz seeds: runs can be priced, models can be loaded") {
    const auto run = read_run(seed("run/tiny.json"));
    REQUIRE(run);
    const auto faulty = read_run(seed("run/faulty.json"));
    REQUIRE(faulty);
    CHECK(faulty->faults);
    CHECK(faulty->damage);
    const auto table = read_cost_table(seed("tables/costs.json"));
    REQUIRE(table);
    CHECK(price(*run, *table));
    CHECK(load_model(seed("tph/tiny.tph")));
    CHECK(spiking::load_network(seed("tph/network.tph")));
}

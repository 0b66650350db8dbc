#include "mapper/mapping.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

TEST_CASE("A mapping survives its file, and faults in the file are placed") {
    const Program program = test::small_program(16, 2, 32, 24);
    const Machine machine = test::small_machine({2, 2, 1}, {4, 2});
    MapOptions options;
    options.format = WeightStorage::int8;
    options.head_on_host = true;
    options.streams = 3;
    const Mapping mapping = test::map(program, machine, options);
    const test::TemporaryPath path("m.json");
    REQUIRE(write_mapping(mapping, path.str()));
    const auto again = read_mapping(path.str());
    REQUIRE(again);
    CHECK(*again == mapping);
    CHECK(mapping_hash(*again) == mapping_hash(mapping));

    const std::string text = mapping_json(mapping);
    struct Fault {
        std::string from, to, place;
    };
    for (const auto& fault : std::vector<Fault>{{"\"streams\": 3", "\"streams\": 0", "m#/streams"},
                                                {"\"streams\"", "\"stream\"", "m#/streams"},
                                                {"\"int8\"", "\"int9\"", "m#/synapse_format"},
                                                {"\"model\": \"", "\"model\": \"x", "m#/model"},
                                                {"\"slices\": [", "\"slices\": [[1, 2], ", "m#/slices/0"},
                                                {"\"streams\": 3", "\"streams\": 1048577", "m#/streams"},
                                                {"\"slices\": [", "\"slices\": [[-1, 0, 3], ", "m#/slices/0/0"},
                                                {"\"slices\": [", "\"slices\": [[4194304, 0, 3], ", "m#/slices/0/0"},
                                                {"\"slices\": [", "\"slices\": [[1, -2, 3], ", "m#/slices/0/1"},
                                                {"\"slices\": [", "\"slices\": [[1, 0, 16777217], ", "m#/slices/0/2"},
                                                {"\"slices\": [", "\"slices\": [[1, 0, 3.5], ", "m#/slices/0/2"},
                                                {"\"slices\": [", "\"slices\": [], \"slices\": [", "m#/slices"}}) {
        std::string edited = text;
        const auto at = edited.find(fault.from);
        REQUIRE(at != std::string::npos);
        const auto result = parse_mapping(edited.replace(at, fault.from.size(), fault.to), "m");
        REQUIRE_FALSE(result);
        CHECK(result.error().place == fault.place);
    }
}

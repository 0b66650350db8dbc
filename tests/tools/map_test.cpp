#include <cstdlib>
#include <set>

#include "core/files.hpp"
#include "core/json.hpp"
#include "mapper/mapping.hpp"
#include "tests/catch.hpp"
#include "tests/markup_reader.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::Outcome;
using test::run_program;

namespace {

Outcome map(const std::string& arguments) {
    return run_program("map " + arguments);
}

const std::string model = std::string(TEPHRA_MODELS) + "/mmf-7m.tph";

}  // namespace

TEST_CASE("map writes a mapping that its own check accepts, and a picture") {
    const test::TemporaryPath mapping("m.json");
    const test::TemporaryPath picture("m.svg");
    const auto made = map(model + " --machine kapoho-point --synapses int8 -o " + mapping.str() + " --svg " +
                          picture.str() + " --svg-color load --format json");
    INFO(made.log);
    CHECK(made.exit_code == 0);
    const auto json = parse_json(made.out, "stdout");
    REQUIRE(json);
    CHECK(json->find("chips")->array()->size() == 6 + 1);  // a chip for each of the six blocks, and one for the head
    const auto stored = read_mapping(mapping.str());
    REQUIRE(stored);
    std::set<int> cores;
    for (const auto& slices : stored->slices)
        for (const Slice& slice : slices) cores.insert(slice.core.value);
    CHECK(json->find("totals") != nullptr);
    const test::MarkupReader svg(*read_file(picture.str()));
    CHECK(svg.fault.empty());
    std::set<int> drawn;  // cores that hold something: their titles have more than a line
    for (const test::MarkupElement& title : svg.all("title"))
        if (title.text.starts_with("core ") && title.text.find(" synaptic bytes, ") != std::string::npos)
            drawn.insert(std::atoi(title.text.c_str() + 5));
    CHECK(drawn == cores);
    CHECK(map(model + " --machine kapoho-point --check " + mapping.str()).exit_code == 0);
    const auto other = map(model + " --machine alia-point --check " + mapping.str());
    CHECK(other.exit_code == 3);
    CHECK(other.out.find("the mapping is for another machine") != std::string::npos);
}

TEST_CASE("map prints a row per core as CSV") {
    const auto cores = map(model + " --machine oheo-gulch --cores --format csv");
    CHECK(cores.exit_code == 0);
    CHECK(cores.out.starts_with("core,chip,tile,layers,neurons,synaptic bytes,"));
}

TEST_CASE("map and simulate take the machine's first synapse format") {
    std::string text = *read_file(std::string(TEPHRA_MACHINES) + "/generic-mesh.json");
    const std::string both = R"("synapse_formats": ["ternary2", "int8"])";
    const auto at = text.find(both);
    REQUIRE(at != std::string::npos);
    const test::TemporaryPath machine("int8-only.json");
    REQUIRE(write_file(machine.str(), text.replace(at, both.size(), R"("synapse_formats": ["int8"])")));
    const auto mapped = map(model + " --machine " + machine.str());
    CHECK(mapped.out.find("8-bit synapses") != std::string::npos);
    const auto run = run_program("simulate " + model + " --machine " + machine.str() + " --prompt Once -n 0");
    INFO(run.log);
    CHECK(run.exit_code == 0);
}

TEST_CASE("map goes around dead parts, and says how many cores they cut off from the host") {
    const std::string whole = *read_file(std::string(TEPHRA_MACHINES) + "/kapoho-point.json");
    const auto with = [&](const std::string& key, const std::string& list) {
        std::string text = whole;
        const std::string from = "\"" + key + "\": []";
        return text.replace(text.find(from), from.size(), "\"" + key + "\": " + list);
    };
    const test::TemporaryPath machine("holes.json");
    // Chip 3 of 4 x 2 has links to chips 2 and 7.
    REQUIRE(write_file(machine.str(), with("dead_links", R"([{"from": 2, "to": 3}, {"from": 7, "to": 3}])")));
    const auto cut = map(model + " --machine " + machine.str());
    INFO(cut.log);
    CHECK(cut.exit_code == 0);
    CHECK(cut.out.find("cores cut off from the host") != std::string::npos);
    CHECK(map(model + " --machine kapoho-point").out.find("cut off") == std::string::npos);
    REQUIRE(write_file(machine.str(), with("dead_routers", "[0]")));
    const auto refused = map(model + " --machine " + machine.str());
    CHECK(refused.exit_code == 3);
    CHECK(refused.log.find("router 0 is dead, and the host hangs on it") != std::string::npos);
}

TEST_CASE("map exits as the kind of its failure says, and writes nothing") {
    const test::TemporaryPath mapping("m.json");
    const auto streams = map(model + " --machine oheo-gulch --streams 9999 -o " + mapping.str());
    CHECK(streams.exit_code == 4);
    CHECK(streams.log.find("does not fit") != std::string::npos);
    CHECK(map(model + " --machine kapoho-pont -o " + mapping.str()).exit_code == 3);
    CHECK(map(model + " --machine kapoho-point --sinapses int8 -o " + mapping.str()).exit_code == 2);
    CHECK_FALSE(std::filesystem::exists(mapping.str()));
}

#include "core/files.hpp"
#include "core/json.hpp"
#include "tests/catch.hpp"
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
    CHECK(json->find("chips")->array()->size() == 7);
    CHECK(json->find("totals") != nullptr);
    CHECK(read_file(picture.str())->starts_with("<svg"));
    CHECK(map(model + " --machine kapoho-point --check " + mapping.str()).exit_code == 0);
    const auto other = map(model + " --machine alia-point --check " + mapping.str());
    CHECK(other.exit_code == 3);
    CHECK(other.out.find("the mapping is for another machine") != std::string::npos);
}

TEST_CASE("map prints a row per core as CSV") {
    const auto cores = map(model + " --machine loihi2-oheo-gulch --cores --format csv");
    CHECK(cores.exit_code == 0);
    CHECK(cores.out.starts_with("core,chip,tile,blocks,neurons,synaptic bytes,"));
}

TEST_CASE("map exits as the kind of its failure says, and writes nothing") {
    const test::TemporaryPath mapping("m.json");
    const auto streams = map(model + " --machine loihi2-oheo-gulch --streams 9999 -o " + mapping.str());
    CHECK(streams.exit_code == 4);
    CHECK(streams.log.find("does not fit") != std::string::npos);
    CHECK(map(model + " --machine kapoho-pont -o " + mapping.str()).exit_code == 3);
    CHECK(map(model + " --machine kapoho-point --sinapses int8 -o " + mapping.str()).exit_code == 2);
    CHECK_FALSE(std::filesystem::exists(mapping.str()));
}

// Verbs that take the file of a network, or a deployment file made of one.
#include <fstream>

#include "core/json.hpp"
#include "tests/tools/small_network.hpp"

using namespace tephra;
using test::run_program;

namespace {

const std::string pilotnet = std::string(TEPHRA_MODELS) + "/pilotnet-lif/network.net";

}  // namespace

TEST_CASE("a network and the deployment file made of it are the same to every verb") {
    const test::SmallNetwork net;
    const std::string tph = net.file("net.tph");
    const auto made = net.verb("import", "-o " + tph);
    INFO(made.log);
    REQUIRE(made.exit_code == 0);
    const std::string x = " --input " + net.array("x.npy", {4, 2}, {1, 0, 1, 1, 0, 1, 0, 0});
    const std::string probes = x + " --probe neurons:spikes --probe neurons:v ";
    REQUIRE(net.run(probes + "-o " + net.file("a.npz")).exit_code == 0);
    REQUIRE(run_program("run " + tph + probes + "-o " + net.file("b.npz")).exit_code == 0);
    CHECK(read_file(net.file("a.npz")).value() == read_file(net.file("b.npz")).value());

    const std::string on = " --machine generic-mesh ";
    REQUIRE(net.verb("map", on + "-o " + net.file("map.json")).exit_code == 0);
    const auto run = run_program("simulate " + tph + on + x + " --map " + net.file("map.json") + " --probe neurons:v" +
                                 " --record " + net.file("c.npz"));
    INFO(run.log);
    CHECK(run.exit_code == 0);
    for (const std::string verb : {"info", "lower", "map"}) {
        const std::string rest = verb == "map" ? on + "--layers --format json" : " --format json";
        const auto of_net = net.verb(verb, rest), of_tph = run_program(verb + " " + tph + rest);
        INFO(verb << of_net.log << of_tph.log);
        CHECK(of_net.exit_code == 0);
        CHECK(parse_json(of_net.out, verb));
        // A file has the name that it was imported under.
        if (verb == "map") CHECK(of_net.out == of_tph.out);
        if (verb == "lower") CHECK(of_net.out == of_tph.out);
    }
    const auto info = parse_json(run_program("info " + tph + " --format json").out, "info");
    REQUIRE(info);
    CHECK(*info->find("neurons")->integer() == 5);
    CHECK(*info->find("synapses")->integer() == 6);
    CHECK(*info->find("origin")->find("format")->string() == "nir");
}

TEST_CASE("import refuses options that nothing would read, and a file that needs no import") {
    const test::SmallNetwork net;
    const std::string tph = net.file("net.tph"), other = net.file("other.tph");
    REQUIRE(net.verb("import", "-o " + tph).exit_code == 0);
    struct Case {
        std::string arguments, text;
        int exit_code;
    };
    for (const Case& c :
         {Case{net.path() + " --calibration-tokens 8",
               "--calibration-tokens: the option would be ignored with a network", 2},
          Case{net.path() + " --threshold reached", "--threshold: the option would be ignored with a NIR file", 2},
          Case{tph, "this is a deployment file already", 3},
          Case{"/absent --dt 1", "--dt: the option would be ignored with a checkpoint", 2}}) {
        const auto done = run_program("import " + c.arguments + " -o " + other);
        INFO(c.arguments << done.log);
        CHECK(done.exit_code == c.exit_code);
        CHECK(done.log.find(c.text) != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(other));
    }
    for (const std::string verb :
         {"info", "lower", "run", "map --machine generic-mesh", "simulate --machine generic-mesh"}) {
        const auto done = run_program(verb + " " + tph + " --dt 1");
        INFO(verb << done.log);
        CHECK(done.exit_code == 2);
        CHECK(done.log.find("--dt: the option would be ignored with a deployment file") != std::string::npos);
    }
    const auto head = net.verb("map", "--machine generic-mesh --head host");
    CHECK(head.exit_code == 2);
}

TEST_CASE("a damaged network is refused as a network by its name") {
    const test::SmallNetwork net;
    for (const std::string name : {"empty.nir", "text.net"}) {
        const std::string path = net.file(name);
        std::ofstream(path) << (name == "empty.nir" ? "" : "no network");
        for (const std::string verb :
             {"info", "lower", "run", "map --machine generic-mesh", "simulate --machine generic-mesh", "import"}) {
            const std::string arguments = " " + path + (verb == "import" ? " -o " + net.file("x.tph") : "");
            const auto done = run_program(verb + arguments);
            INFO(verb << done.log);
            CHECK(done.exit_code == 3);
            CHECK(done.log.find(path + ": the file is no HDF5 file") != std::string::npos);
        }
    }
    CHECK_FALSE(std::filesystem::exists(net.file("x.tph")));
}

TEST_CASE(
    "PilotNet takes no more cores than Intel's compiler gave it, and info and map count what it keeps and meets") {
    const auto mapped =
        run_program("map " + pilotnet + " --machine oheo-gulch --layers --cores-per-chip 74 --format json");
    INFO(mapped.log);
    REQUIRE(mapped.exit_code == 0);
    const auto json = parse_json(mapped.out, "map");
    REQUIRE(json);
    std::int64_t cores = 0, met = 0;
    for (const Json& layer : *json->find("layers")->array()) {
        cores += *layer.find("cores")->integer();
        met = std::max(met, *layer.find("synapses a core (most)")->integer());
        CHECK(*layer.find("weights a core (most)")->integer() <= *layer.find("synapses a core (most)")->integer());
    }
    CHECK(cores <= 74);
    CHECK(met > 1000);
    const auto info = parse_json(run_program("info " + pilotnet + " --format json").out, "info");
    REQUIRE(info);
    CHECK(*info->find("neurons")->integer() == 158'509);
    // The kernel of the first convolution, 24 x 3 x 5 x 5, is kept once and met all over the image.
    const Json& first = info->find("connections")->array()->front();
    CHECK(*first.find("weights kept")->integer() < *first.find("synapses")->integer() / 100);
}

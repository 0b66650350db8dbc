// tephra simulate of a network: the arrays of tephra run, a run file, and what is refused.
#include "simulator/run.hpp"
#include "tests/tools/small_network.hpp"

using namespace tephra;

namespace {

const std::string machine = " --machine generic-mesh";

}  // namespace

TEST_CASE("simulate records on a machine what run records without one") {
    const test::SmallNetwork net;
    const std::string x = net.array("x.npy", {4, 2}, {1, 0, 1, 1, 0, 1, 0, 0});
    const std::string probes = " --input " + x + " --probe neurons:spikes --probe neurons:v --probe in:spikes ";
    REQUIRE(net.run(probes + "-o " + net.file("plain.npz")).exit_code == 0);
    const auto done = net.simulate(machine + probes + "--record " + net.file("machine.npz") + " -o " +
                                   net.file("run.json") + " --format csv");
    INFO(done.log);
    CHECK(done.exit_code == 0);
    CHECK(done.out.find("time steps,4,time steps") != std::string::npos);
    CHECK(done.out.find("time steps/s") != std::string::npos);
    CHECK(read_file(net.file("plain.npz")).value() == read_file(net.file("machine.npz")).value());
    const auto spread = net.simulate(machine + probes + "--record " + net.file("spread.npz") + " -o " +
                                     net.file("spread.json") + " --layer-cores 2,3");
    INFO(spread.log);
    CHECK(spread.exit_code == 0);
    CHECK(read_file(net.file("spread.npz")).value() == read_file(net.file("machine.npz")).value());
    CHECK(read_run(net.file("spread.json"))->cores.size() == 5);
    const auto run = read_run(net.file("run.json"));
    INFO((run ? "" : to_string(run.error())));
    REQUIRE(run);
    CHECK(run->tokens.size() == 4);
    for (const char* format : {"text", "csv", "json"}) {
        const std::string html = net.file(std::string("report.") + format + ".html");
        const auto report =
            test::run_program("report " + net.file("run.json") + " --format " + format + " --html " + html);
        INFO(format << "\n" << report.log);
        CHECK(report.exit_code == 0);
        CHECK(report.out.find("uJ/time step") != std::string::npos);
        CHECK(read_file(html).value().find("Spikes over time") != std::string::npos);
        for (const std::string& text : {report.out, read_file(html).value()})
            CHECK(text.find("token") == std::string::npos);
    }
    const auto csv = test::run_program("report " + net.file("run.json") + " --format csv");
    CHECK(csv.out.find("messages over time,\"neurons, time step 1\",") != std::string::npos);
    const auto compared = test::run_program("compare " + net.file("run.json"));
    CHECK(compared.exit_code == 0);
    CHECK(compared.out.find("uJ/time step") != std::string::npos);
    const auto refused = test::run_program("compare " + net.file("run.json") + " --all-models");
    CHECK(refused.exit_code == 2);
    CHECK(refused.log.find("--all-models: the option would be ignored with runs of time steps") != std::string::npos);
}

TEST_CASE("simulate refuses options of language models with a network, and of networks without") {
    const test::SmallNetwork net;
    struct Case {
        std::string arguments, text;
    };
    for (const Case& c :
         {Case{"--steps 2 --prompt x", "--prompt: the option would be ignored with a network"},
          Case{"--steps 2 -n 3", "ignored with a network"}, Case{"--steps 2 --greedy", "ignored with a network"},
          Case{"--steps 2 --sync dataflow", "no credits"},
          Case{"--steps 2 --probe neurons:v", "--probe: the option would be ignored without --record"},
          Case{"--steps 2 --layer-cores 1,,1", "number 2"}, Case{"--steps 2 --layer-cores 1,0", "0 cores for the"},
          Case{"--steps 2 --layer-cores 1", "1 numbers of cores for 2 layers"},
          Case{"--steps 2 --layer-cores 1,4", "--layer-cores"},
          Case{"--steps 2 --layer-cores 1,1 --map m.json", "excludes"}, Case{"", "how many steps?"}}) {
        const auto done = net.simulate(machine + " " + c.arguments + " -o " + net.file("run.json"));
        INFO(c.arguments << "\n" << done.log);
        CHECK(done.exit_code != 0);
        CHECK(done.log.find(c.text) != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(net.file("run.json")));
    }
    const auto model =
        test::run_program("simulate " + std::string(TEPHRA_MODELS) + "/mmf-7m.tph --prompt x --steps 3" + machine);
    CHECK(model.exit_code == 2);
    CHECK(model.log.find("--steps: the option would be ignored with a language model") != std::string::npos);
}

// tephra run: input, probes and what is refused, on a network of five neurons that the test writes.
#include "tests/tools/small_network.hpp"

using namespace tephra;
using test::run_program;

namespace {

using Network = test::SmallNetwork;
using Values = std::vector<double>;

}  // namespace

TEST_CASE("run offers frames and records what probes ask for") {
    const Network net;
    const std::string x = net.array("x.npy", {4, 2}, {1, 0, 1, 1, 0, 1, 0, 0});
    const auto done = net.run("--input " + x + " --probe neurons:spikes --probe neurons:v --probe in:spikes -o " +
                              net.file("o.npz") + " --format csv");
    INFO(done.log);
    CHECK(done.exit_code == 0);
    CHECK(done.out.starts_with("layer,neurons,model,messages,messages/step,synops,synops/step\nin,2,relay,4,1"));
    const auto arrays = net.recorded("o.npz");
    REQUIRE(arrays.size() == 3);
    CHECK(arrays.at("in:spikes").values == Values{1, 0, 1, 1, 0, 1, 0, 0});
    CHECK(arrays.at("neurons:spikes").shape == std::vector<std::int64_t>{4, 3});
    CHECK(arrays.at("neurons:spikes").values == Values{0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0});
    CHECK(arrays.at("neurons:v").values[5] == 64 * 64);  // 127 units for 1, half of it rounded to the even 64
}

TEST_CASE("run takes one frame for all steps, or events") {
    const Network net;
    const std::string frame = net.array("f.npy", {2}, {1, 0});
    CHECK(net.run("--input " + frame + " --steps 3 -o " + net.file("o.npz")).exit_code == 0);
    CHECK(net.recorded("o.npz").at("neurons:spikes").values == Values{0, 0, 0, 1, 0, 0, 1, 0, 1});
    const std::string lava = net.array("l.npy", {2, 1}, {1, 0});  // time last, as in Lava
    CHECK(net.run("--input " + lava + " --steps 3 -o " + net.file("o.npz")).exit_code == 0);
    CHECK(net.recorded("o.npz").at("neurons:spikes").values == Values{0, 0, 0, 1, 0, 0, 1, 0, 1});
    const std::string events = net.array("e.npy", {3, 3}, {1, 1, 1, 0, 0, 1, 0, 1, 1});
    CHECK(net.run("--events " + events + " --steps 3 --probe in:spikes -o " + net.file("o.npz")).exit_code == 0);
    CHECK(net.recorded("o.npz").at("in:spikes").values == Values{1, 1, 0, 1, 0, 0});
    const auto none = net.run("--steps 2 --format json");
    CHECK(none.exit_code == 0);
    CHECK(none.out.find("\"messages\": 0") != std::string::npos);
}

TEST_CASE("run sets the float simulation of a NIR file beside its fixed point") {
    const Network net;
    const std::string x = net.array("x.npy", {4, 2}, {1, 0, 1, 1, 0, 1, 0, 0});
    const auto done = net.run("--input " + x + " --float --format csv");
    INFO(done.log);
    CHECK(done.exit_code == 0);
    CHECK_THAT(done.out, test::contains("synops/step,messages in float,sent by one alone\n") &&
                             test::contains("\nin,2,relay,4,1") && test::contains(",4,0\nneurons,3,"));
    CHECK(net.verb("import", "-o " + net.file("n.tph")).exit_code == 0);
    const auto refused = run_program("run " + net.file("n.tph") + " --steps 1 --float");
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.log, test::contains("only a NIR file has a float simulation"));
}

TEST_CASE("run refuses what it would have to guess, with nothing written") {
    const Network net;
    const std::string frames = net.array("x.npy", {2, 2}, {1, 0, 1, 1}), out = " -o " + net.file("o.npz");
    struct Case {
        std::string arguments;
        int code;
        std::string text;
    };
    for (const Case& c :
         {Case{"--input " + frames + " --steps 3", 3, "the input has 2 steps, not 3"},
          Case{"", 2, "how many steps?"},
          Case{"--steps 0", 2, "0 is out of range"},
          Case{"--input " + net.array("y.npy", {2, 3}, Values(6)), 3,
               "an array of shape (2, 3) for a layer of shape (2)"},
          Case{"--input " + net.array("h.npy", {2}, {0.5, 1}) + " --steps 1", 3, "value 0 is 0.5"},
          Case{"--input " + net.array("t.npy", {2}, {2, 1}) + " --steps 1", 3,
               "t.npy: value 0 is 2, but the layer sends spikes"},
          Case{"--input " + net.array("m.npy", {2}, {1, -1}) + " --steps 1", 3,
               "m.npy: value 1 is -1, but the layer sends spikes"},
          Case{"--events " + net.array("e.npy", {2, 3}, {0, 0, 1, 0, 1, -1}) + " --steps 1", 3,
               "e.npy: event 1 has the value -1, but the layer sends spikes"},
          Case{"--events " + net.array("a.npy", {1, 2}, {0, 1}) + " --steps 1", 3, "events are rows of three integers"},
          Case{"--events " + net.array("b.npy", {1, 3}, {0, 2, 1}) + " --steps 1", 3, "event 0 is"},
          Case{"--events " + net.array("c.npy", {2, 3}, {0, 1, 1, 0, 1, 1}) + " --steps 1", 3,
               "two events of neuron 1 at time 0"},
          Case{"--events " + net.array("d.npy", {1, 3}, {4, 1, 1}) + " --steps 4", 3, "there are events of step 5"},
          Case{"--input " + frames + " --events " + frames, 2, "excludes"},
          Case{"--input " + net.file("none.npy"), 3, "none.npy"},
          Case{"--steps 1 --probe neuron:v", 2, "did you mean \"neurons\"?"},
          Case{"--steps 1 --probe neurons:w", 2, "it has spikes, u, v"},
          Case{"--steps 1 --probe neurons", 2, "is no probe"},
          Case{"--steps 1 --probe neurons:v --probe neurons:v", 2, "is probed twice"},
          Case{"--steps 1073741824 --probe neurons:v", 2, "the probes would record"},
          Case{"--steps 1 --reset-interval 4", 2, "--reset-interval: the option would be ignored with a NIR file"},
          Case{"--steps 1 --weight-bits 17", 2, "17 is out of range"}}) {
        const auto done = net.run(c.arguments + out);
        INFO(c.arguments << "\n" << done.log);
        CHECK(done.exit_code == c.code);
        CHECK(done.log.find(c.text) != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(net.file("o.npz")));
    }
    CHECK(net.run("--steps 1 --probe neurons:v").log.find("--probe: the option would be ignored without --output") !=
          std::string::npos);
    const auto step = run_program("run " + net.path() + " --steps 1 --dt 0");
    CHECK(step.exit_code == 2);
    CHECK(step.log.find("0 is out of range") != std::string::npos);
    const auto text = run_program("run " + frames + " --steps 1");
    CHECK(text.exit_code == 3);
    CHECK(text.log.find("is no HDF5 file") != std::string::npos);
}

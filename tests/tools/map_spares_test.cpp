// tephra map --spares: the cost of dead parts for a language model and for a network, and what is refused.
#include "core/json.hpp"
#include "tests/tools/small_network.hpp"

using namespace tephra;
using test::run_program;

TEST_CASE("spares of a language model are a table, all draws as JSON, and a page") {
    const test::Workplace place;
    const test::TemporaryPath page("spares.html");
    const std::string verb =
        "map " + place.file("tiny.tph") + " --machine kapoho-point --spares 1,3 --draws 3 --tokens 2 ";
    const auto text = run_program(verb + "--html " + page.str());
    INFO(text.log);
    CHECK(text.exit_code == 0);
    CHECK(text.out.find("960 cores that take work; 2 tokens a run") != std::string::npos);
    CHECK(read_file(page.str()).value().find("Time of a token") != std::string::npos);
    const auto out = run_program(verb + "--format json --threads 1");
    const auto json = parse_json(out.out, "stdout");
    REQUIRE(json);
    const Json::Array& trials = *json->find("trials")->array();
    REQUIRE(trials.size() == 1 + 2 * 3);
    CHECK(*trials[0].find("dead")->integer() == 0);
    CHECK(trials[6].find("parts")->array()->size() == 3);
    CHECK(*trials[6].find("time_ps")->integer() > 0);
    CHECK(trials[6].find("refused")->is_null());
    CHECK(run_program(verb + "--format json --threads 2").out == out.out);
    CHECK(run_program(verb + "--format csv").out.starts_with("dead cores,draws,ran,"));
}

TEST_CASE("spares of a network run it with its input, on machines of one chip too") {
    const test::SmallNetwork net;
    const std::string x = net.array("x.npy", {4, 2}, {1, 0, 1, 1, 0, 1, 0, 0});
    const auto done = net.verb("map", "--machine generic-mesh --spares 2 --draws 2 --input " + x);
    INFO(done.log);
    CHECK(done.exit_code == 0);
    CHECK(done.out.find("4 time steps a run") != std::string::npos);
    const auto links = net.verb("map", "--machine oheo-gulch --spares 1 --dead links --input " + x);
    CHECK(links.exit_code == 3);
    CHECK(links.log.find("oheo-gulch has 0 pairs of linked chips") != std::string::npos);
    for (const auto& [part, words] :
         {std::pair("mesh-links", "52 pairs of linked routers"), {"routers", "31 routers beside the one"}}) {
        const auto mesh = net.verb(
            "map", "--machine oheo-gulch --spares 1,2 --draws 2 --dead " + std::string(part) + " --input " + x);
        INFO(mesh.log);
        CHECK(mesh.exit_code == 0);
        CHECK(mesh.out.find(words) != std::string::npos);
        CHECK(mesh.out.find("dead " + std::string(part)) != std::string::npos);
    }
}

TEST_CASE("spares refuse numbers that are none, and work of the other kind") {
    const test::Workplace place;
    const std::string verb = "map " + place.file("tiny.tph") + " --machine kapoho-point --spares ";
    struct Case {
        std::string arguments;
        int exit_code;
        std::string text;
    };
    for (const Case& c : {Case{"1,,2", 2, "number 2: '' is not an integer"},
                          {"0", 2, "number 1: "},
                          {"961", 3, "961 dead cores: kapoho-point has 960 cores that take work"},
                          {"1 --steps 3", 2, "--steps"}}) {
        const auto done = run_program(verb + c.arguments);
        INFO(c.arguments << "\n" << done.log);
        CHECK(done.exit_code == c.exit_code);
        CHECK(done.log.find(c.text) != std::string::npos);
    }
    const test::SmallNetwork net;
    const auto tokens = net.verb("map", "--machine generic-mesh --spares 1 --steps 2 --tokens 3");
    CHECK(tokens.exit_code == 2);
}

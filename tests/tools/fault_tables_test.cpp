// tephra simulate --faults: the table of what links did, and what it did to text and messages.
#include "core/json.hpp"
#include "mapper/machine.hpp"
#include "simulator/run.hpp"
#include "tests/tools/small_network.hpp"

using namespace tephra;

namespace {

std::string erring(const test::Workplace& place, const std::string& name, const LinkErrors& errors) {
    Machine machine = *find_machine("kapoho-point");
    machine.link.errors = errors;
    REQUIRE(write_file(place.file(name), machine_json(machine)));
    return place.file(name);
}

/// The value of a row of the sums, in CSV.
std::string value_of(const std::string& csv, const std::string& row) {
    const std::size_t at = csv.find(row + ",");
    INFO(csv);
    REQUIRE(at != std::string::npos);
    const std::size_t begin = at + row.size() + 1;
    return csv.substr(begin, csv.find(',', begin) - begin);
}

constexpr LinkErrors retry{bits_of_error_rate / 100'000, 20}, some{bits_of_error_rate / 100'000, 1},
    everything{bits_of_error_rate, 1};

}  // namespace

TEST_CASE("simulate --faults says which token, where, and what it did to the text") {
    const test::Workplace place;
    const std::string run = "simulate " + std::string(test::shipped_model) +
                            " --prompt 'Once upon a' -n 4 --greedy --format csv -o " + place.file("run.json");
    const auto sound = test::run_program(run + " --machine kapoho-point");
    REQUIRE(sound.exit_code == 0);
    const std::string text = read_run(place.file("run.json"))->text;
    CHECK_FALSE(read_run(place.file("run.json"))->faults);
    for (const char* sync : test::repeats({"barrier", "dataflow"})) {
        const std::string with = std::string(" --faults --sync ") + sync + " --machine ";
        const auto retried = test::run_program(run + with + erring(place, "retry.json", retry));
        INFO(retried.log);
        REQUIRE(retried.exit_code == 0);
        CHECK(read_run(place.file("run.json"))->text == text);
        CHECK(value_of(retried.out, "packets sent again by links") != "0");
        CHECK(value_of(retried.out, "packets lost") == "0");
        CHECK(value_of(retried.out, "sampled tokens that differ without faults") == "0");
        CHECK(value_of(retried.out, "perplexity of the text without faults") ==
              value_of(retried.out, "\"perplexity of this text, by the model without faults\""));
        CHECK(retried.out.find("first that differs") == std::string::npos);
        CHECK_THAT(retried.out, test::contains("link 0 to "));

        const auto lost = test::run_program(run + with + erring(place, "all.json", everything));
        REQUIRE(lost.exit_code == 0);
        const auto read = read_run(place.file("run.json"));
        REQUIRE(read);
        CHECK(read->text != text);
        CHECK(read->faults->seed == 0);
        CHECK(value_of(lost.out, "sampled tokens that differ without faults") == "4");
        CHECK(value_of(lost.out, "\"first that differs, counted from 0\"") == "0");
        CHECK(value_of(lost.out, "packets lost") != "0");
        CHECK(std::stod(value_of(lost.out, "\"perplexity of this text, by the model without faults\"")) >
              std::stod(value_of(lost.out, "perplexity of the text without faults")));
        CHECK_THAT(lost.out, test::contains(std::string("core ")));
        const auto reported = test::run_program("report " + place.file("run.json"));
        INFO(reported.log);
        CHECK_THAT(reported.out, test::contains("packets lost"));
        CHECK_THAT(reported.out, test::contains("chip 0 to 1, packets lost"));
        CHECK((lost.out.find(",yes") != std::string::npos) == (sync == std::string("dataflow")));
    }
    const std::string seeded = run + " --machine " + erring(place, "some.json", some);
    std::vector<Hash128> traces;
    for (const char* more : {"", " --fault-seed 0", " --fault-seed 1"}) {
        REQUIRE(test::run_program(seeded + more).exit_code == 0);
        traces.push_back(read_run(place.file("run.json"))->trace);
    }
    CHECK(traces[0] == traces[1]);
    CHECK(traces[1] != traces[2]);
    CHECK(read_run(place.file("run.json"))->faults->seed == 1);
}

TEST_CASE("simulate --faults of a network counts the messages that differ, layer by layer") {
    const test::SmallNetwork net;
    const test::Workplace place;
    const std::string x = net.array("x.npy", {4, 2}, {1, 0, 1, 1, 0, 1, 1, 1});
    // The parts of the network lie on two chips.
    Machine machine = *find_machine("generic-mesh");
    machine.mesh.usable_cores = 2;
    for (const LinkErrors& errors : {retry, everything}) {
        machine.link.errors = errors;
        REQUIRE(write_file(place.file("m.json"), machine_json(machine)));
        const std::string arguments = " --machine " + place.file("m.json") + " --input " + x +
                                      " --layer-cores 2,3 --faults --format csv --probe in:spikes --record ";
        const auto done = net.simulate(arguments + net.file("r.npz"));
        INFO(done.log);
        REQUIRE(done.exit_code == 0);
        for (const char* layer : {"in", "neurons"}) {  // what the host sends crosses links, too
            const std::string differ =
                value_of(done.out, std::string("messages of ") + layer + " that differ without faults");
            CHECK((differ != "0") == (errors == everything));
        }
    }
}

TEST_CASE("simulate refuses what would be ignored where no link errs") {
    const test::Workplace place;
    for (const char* option : {"--faults", "--fault-seed 3"})
        for (const std::string& machine : {std::string("kapoho-point"), erring(place, "zero.json", {0, 1})}) {
            const auto refused =
                test::run_program("simulate " + place.model() + " --prompt '#1' --machine " + machine + " " + option);
            CHECK(refused.exit_code == 2);
            CHECK_THAT(refused.log, test::contains("whose links do not err"));
        }
}

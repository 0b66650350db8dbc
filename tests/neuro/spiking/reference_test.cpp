// The plain engine beside a second implementation of Lava's fixed point (tests/cases/spiking/lava_reference.py): every
// message and every state of every step.
#include "tests/neuro/spiking/reference_case.hpp"

#include "neuro/spiking/engine.hpp"

namespace tephra::spiking {
namespace {

const std::string folder = TEPHRA_TEST_DATA "/spiking";
const std::vector<std::string> files = {"networks.json", "neurons.json", "synapses.json"};

/// What goes into each population from outside, by step.
std::vector<std::vector<test::Row>> offered_of(const Json& network) {
    std::vector<std::vector<test::Row>> offered;
    for (const Json& population : test::array_of(test::member(network, "populations"))) {
        const Json* rows = test::member(population, "parameters").find("rows");
        if (rows == nullptr) rows = population.find("offered");
        offered.push_back(rows == nullptr ? std::vector<test::Row>{} : test::rows_of(*rows));
    }
    return offered;
}

/// What a case expects of one layer: the messages, or a state word.
struct Expected {
    int layer = 0, word = -1;  ///< -1: messages
    std::string what;
    std::vector<test::Row> rows;
};

std::vector<Expected> expected_of(const Json& network, const Network& built) {
    std::vector<Expected> expected;
    for (const auto& [name, values] : *test::member(network, "expected").object()) {
        const int layer = built.find(name).value();
        int word = -1;
        for (const auto& [key, rows] : *values.object()) {
            REQUIRE((word == -1) == (key == "out"));
            expected.push_back({layer, word++, name + " " + key, test::rows_of(rows)});
        }
        CHECK(word == std::ssize(built.layer(layer).neurons->states()));
    }
    return expected;
}

test::Row row_of(std::span<const std::int32_t> values) {
    return {values.begin(), values.end()};
}

/// Steps a case through; a case that ends must end in its step and its population.
void run_case(const Json& network) {
    INFO(test::text_of(test::member(network, "name")));
    const Network built = test::network_of(network);
    const std::vector<Expected> expected = expected_of(network, built);
    const std::vector<std::vector<test::Row>> offered = offered_of(network);
    const Json* ends = network.find("ends");
    const int last = ends != nullptr ? test::integer_of(test::member(*ends, "step"))
                                     : test::integer_of(test::member(network, "steps"));
    for (const Expected& e : expected) REQUIRE(std::ssize(e.rows) == (ends != nullptr ? last - 1 : last));
    Engine engine(built);
    for (int step = 1; step <= last; ++step) {
        INFO("step " << step);
        const auto at = static_cast<std::size_t>(step - 1);
        std::vector<std::span<const std::int32_t>> inputs;
        for (const std::vector<test::Row>& rows : offered)
            inputs.push_back(at < rows.size() ? std::span<const std::int32_t>(rows[at])
                                              : std::span<const std::int32_t>{});
        const auto stepped = engine.step(inputs);
        if (ends != nullptr && step == last) {
            REQUIRE_FALSE(stepped);
            CHECK(stepped.error().place ==
                  "layer \"" + test::text_of(test::member(*ends, "population")) + "\", step " + std::to_string(step));
            return;
        }
        if (!stepped) FAIL(to_string(stepped.error()));
        for (const Expected& e : expected) {
            INFO(e.what);
            REQUIRE(row_of(e.word < 0 ? engine.messages(e.layer) : engine.state(e.layer, e.word)) == e.rows[at]);
        }
    }
}

}  // namespace

TEST_CASE("spiking and graded networks give every message and state of the second implementation") {
    for (const std::string& file : files) {
        DYNAMIC_SECTION(file) {
            const Json cases = test::made(read_json_file(folder + "/" + file));
            CHECK(test::array_of(cases).size() >= 10);
            for (const Json& network : test::array_of(cases)) run_case(network);
        }
    }
}

}  // namespace tephra::spiking

// The verb score, as a user calls it, on the model that ships.
#include <sstream>

#include "core/json.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::run_program;

namespace {

/// Questions whose right choice is how the sentence goes on in a fairy tale.
const std::string questions =
    R"({"context": "Once upon a time there was a", "choices": ["great", "telephone", "carbon"], "label": 0}
{"context": "The old man shook his", "choices": ["engine", "head"], "label": 1}
{"context": ["He opened the door", "He opened the sky"], "choices": [" and went in.", " and went in."], "label": 0, "delimiter": ""}
{"context": "", "choices": ["The", "Zq"], "label": 1}
)";

struct Place {
    Place() { REQUIRE(write_file(task.str(), questions)); }
    test::TemporaryPath task{"task.jsonl"}, out{"answers.jsonl"};
    [[nodiscard]] test::Outcome score(const std::string& options) const {
        return run_program("score " + test::shipped_model + " " + task.str() + " " + options);
    }
    [[nodiscard]] std::string good(const std::string& options) const {
        const auto outcome = score(options);
        INFO(outcome.log);
        REQUIRE(outcome.exit_code == 0);
        return outcome.out;
    }
};

}  // namespace

TEST_CASE("score answers questions alike on every engine and any number of threads") {
    const Place place;
    const std::string table = place.good("--format csv -o " + place.out.str());
    const std::string answers = read_file(place.out.str()).value();
    CHECK(table.starts_with("model,engine,questions,choices,tokens,acc,acc_stderr,acc_norm,acc_norm_stderr\n"));
    CHECK_THAT(table, test::contains(",native,4,9,"));
    CHECK_THAT(table, test::contains(",0.75,0.25,"));  // the last label is not what the model says
    std::istringstream lines(answers);
    for (std::string line; std::getline(lines, line);) REQUIRE(parse_json(line, "answer"));
    CHECK(std::ranges::count(answers, '\n') == 4);
    for (const std::string options : {"--threads 1", "--threads 3", "--engine golden", "--engine golden --threads 1"}) {
        CAPTURE(options);
        std::string same = place.good("--format csv " + options + " -o " + place.out.str());
        if (const auto at = same.find("golden"); at != std::string::npos) same.replace(at, 6, "native");
        CHECK(same == table);
        CHECK(read_file(place.out.str()).value() == answers);
    }
    const std::string floats = place.good("--format csv --engine float");
    CHECK_THAT(floats, test::contains(",float,4,9,"));
    CHECK_THAT(floats, test::contains(",0.75,0.25,"));
}

TEST_CASE("score takes the first questions alone, and prints for people and programs") {
    const Place place;
    CHECK_THAT(place.good("--limit 1 --format csv"), test::contains(",native,1,3,6,1,,1,\n"));
    CHECK_THAT(place.good("--limit 1"), test::contains("acc_norm_stderr"));
    const auto json = parse_json(place.good("--format json"), "score");
    REQUIRE(json);
    CHECK(*json->array()->front().find("questions")->integer() == 4);
    CHECK_THAT(place.score("").log, test::contains(" tok/s"));
}

TEST_CASE("the simulated FPGA core answers alike, or says that it was not built") {
    const Place place;
    const auto native = place.score("--limit 1 --format csv"), rtl = place.score("--limit 1 --format csv --engine rtl");
    if (rtl.exit_code == 5) {
        CHECK_THAT(rtl.log, test::contains("built without the RTL core"));
        WARN("skipped: built without Verilator");
        return;
    }
    CHECK(rtl.exit_code == 0);
    CHECK(rtl.out.substr(rtl.out.find(",1,3,")) == native.out.substr(native.out.find(",1,3,")));
}

TEST_CASE("score refuses what it cannot answer, with file and line") {
    const Place place;
    REQUIRE(write_file(place.task.str(), questions + "{\"context\": \"a\", \"choices\": [\"b\"], \"label\": 0}\n"));
    const auto outcome = place.score("");
    CHECK(outcome.exit_code == 3);
    CHECK_THAT(outcome.log, test::contains(place.task.str() + ":5#/choices: 1 choice"));
    CHECK(outcome.out.empty());
    CHECK(place.score("-o " + place.task.str()).exit_code == 2);
    const test::Workplace synthetic;
    const auto ids = run_program("score " + synthetic.model() + " " + synthetic.file("task.jsonl"));
    CHECK(ids.exit_code == 3);
    CHECK_THAT(ids.log, test::contains("the model holds no tokenizer"));
}

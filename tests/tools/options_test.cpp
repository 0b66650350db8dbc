// Arguments are data: each is used as it is, or refused with its exit code and one clear line.
#include <algorithm>

#include "core/json.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::case_file;
using test::run_program;

namespace {

std::string filled(std::string text, const std::vector<std::pair<std::string, std::string>>& names) {
    for (const auto& [name, value] : names)
        for (std::size_t at = 0; (at = text.find(name)) != std::string::npos;) text.replace(at, name.size(), value);
    return text;
}

}  // namespace

TEST_CASE("arguments that cannot be used are refused") {
    const test::Workplace place;
    REQUIRE(write_file(place.file("mapping.json"), R"({"tephra_mapping": 1})"));
    const std::vector<std::pair<std::string, std::string>> names = {
        {"{sim}", "simulate {tiny} --machine loihi2-oheo-gulch"},
        {"{tiny}", place.model()},
        {"{model}", test::shipped_model},
        {"{folder}", place.folder()},
        {"{mapping}", place.file("mapping.json")},
        {"{run}", case_file("price/tiny.run.json")},
        {"{costs}", case_file("price/tiny.costs.json")},
        {"{baselines}", case_file("price/tiny.baselines.json")}};
    const auto file = read_json_file(case_file("refused_arguments.json"));
    REQUIRE(file);
    for (const Json& line : *file->find("cases")->array()) {
        const Json::Array& fields = *line.array();
        const std::string arguments = filled(*fields[0].string(), names);
        const auto outcome = run_program(arguments);
        INFO("tephra " << *fields[0].string() << "\n" << outcome.log);
        CHECK(outcome.exit_code == *fields[1].integer());
        CHECK_THAT(outcome.log, test::contains(*fields[2].string()));
        CHECK(std::ranges::count(outcome.log, '\n') == 1);
        if (*fields[1].integer() != 1) CHECK(outcome.out.empty());
        CHECK(place.new_files() == 1);  // the mapping
    }
}

TEST_CASE("options take what they can hold, to the limit") {
    const test::Workplace place;
    const auto text = [&](const std::string& options) {
        const auto outcome = run_program("generate " + place.model() + " --prompt '#1 17 4' -n 4 " + options);
        INFO(outcome.log);
        CHECK(outcome.exit_code == 0);
        return outcome.out;
    };
    CHECK(text("--seed 18446744073709551615") != text("--seed 0"));
    CHECK(text("--seed 0018") == text("--seed 18"));
    CHECK(text("--temperature 0 --seed 1") == text("--greedy --seed 2"));
    CHECK(text("--temperature 0 --top-p 0.5 --top-k 3") == text("--greedy"));
    CHECK(text("--threads 64 --greedy") == text("--threads 1 --greedy"));
}

TEST_CASE("compare takes any number of runs") {
    const std::string run = case_file("price/tiny.run.json");
    const std::string rest = " --costs " + case_file("price/tiny.costs.json") + " --baselines " +
                             case_file("price/tiny.baselines.json") + " --format csv";
    const auto lines = [&](const std::string& runs) {
        const auto outcome = run_program("compare " + runs + rest);
        INFO(outcome.log);
        CHECK(outcome.exit_code == 0);
        return std::ranges::count(outcome.out, '\n');
    };
    CHECK(lines(run + " " + run + " " + run) == lines(run) + 2);
}

TEST_CASE("help says what a temperature of 0 and a dash mean") {
    for (const char* verb : {"generate", "simulate"}) {
        const auto help = run_program(std::string(verb) + " --help");
        CHECK(help.exit_code == 0);
        CHECK_THAT(help.out, test::contains("0: take the most likely token every time"));
        CHECK_THAT(help.out, test::contains("- reads standard input"));
    }
}

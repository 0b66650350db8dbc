// Arguments are data: each is used as it is, or refused with its exit code and one clear line.
#include <algorithm>
#include <sstream>

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

/// "--seed" of "--seed 3".
std::string name_of(const std::string& option) {
    return option.substr(0, option.find(' '));
}

/// One verb of tests/cases/option_pairs.json.
struct Verb {
    std::string name, arguments;
    std::vector<std::string> options;
    std::vector<std::pair<std::string, std::string>> ignored, needs;  ///< beside an option; without an option

    Verb(std::string verb, const Json& json, const std::string& folder) : name(std::move(verb)) {
        const auto text = [&](const Json& value) { return filled(*value.string(), {{"{folder}", folder}}); };
        arguments = text(*json.find("arguments"));
        for (const Json& option : *json.find("options")->array()) options.push_back(text(option));
        for (const auto& [beside, names] : *json.find("ignored")->object())
            for (const Json& each : *names.array()) ignored.emplace_back(beside, *each.string());
        for (const auto& [option, other] : *json.find("needs")->object()) needs.emplace_back(option, *other.string());
    }
    [[nodiscard]] bool mentions(const std::string& option) const {
        return (arguments + " ").find(option + " ") != std::string::npos ||
               std::ranges::any_of(options, [&](const std::string& each) { return name_of(each) == option; });
    }
    /// Whether the verb takes neither of them alone.
    [[nodiscard]] bool refuses(const std::string& a, const std::string& b) const {
        const auto is = [](const std::string& option, const std::string& pattern) {
            return option == pattern || name_of(option) == pattern;
        };
        return std::ranges::any_of(ignored,
                                   [&](const auto& pair) {
                                       return (is(a, pair.first) && is(b, pair.second)) ||
                                              (is(b, pair.first) && is(a, pair.second));
                                   }) ||
               std::ranges::any_of(needs, [&](const auto& pair) {
                   return (is(a, pair.first) && !is(b, pair.second)) || (is(b, pair.first) && !is(a, pair.second));
               });
    }
};

/// Long names of the options that a help text lists, but --help itself.
std::vector<std::string> options_in(const std::string& help) {
    std::vector<std::string> names;
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find("--");
        const std::size_t word = line.find_first_not_of(' ');
        if (at == std::string::npos || word == 0 || line[word] != '-' || line.find(' ', word) < at) continue;
        const std::string option = line.substr(at, line.find_first_of(" ,", at) - at);
        if (option != "--help") names.push_back(option);
    }
    return names;
}

}  // namespace

TEST_CASE("arguments that cannot be used are refused") {
    const test::Workplace place;
    REQUIRE(write_file(place.file("mapping.json"), R"({"tephra_mapping": 1})"));
    const std::vector<std::pair<std::string, std::string>> names = {
        {"{sim}", "simulate {tiny} --machine oheo-gulch"},
        {"{tiny}", place.model()},
        {"{model}", test::shipped_model},
        {"{folder}", place.folder()},
        {"{mapping}", place.file("mapping.json")},
        {"{run}", case_file("price/tiny.run.json")},
        {"{costs}", case_file("price/tiny.costs.json")},
        {"{baselines}", case_file("price/tiny.baselines.json")}};
    const auto file = read_json_file(case_file("refused_arguments.json"));
    REQUIRE(file);
    std::size_t cases = 0;
    for (const Json& line : *file->find("cases")->array()) {
        if (!test::takes_case(cases++, 4)) continue;
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

TEST_CASE("every two options of a verb go together, or the one that would be ignored is refused") {
    const test::Workplace place;
    const auto file = read_json_file(case_file("option_pairs.json"));
    REQUIRE(file);
    std::size_t pairs = 0;
    for (const auto& [name, json] : *file->find("verbs")->object()) {
        const Verb verb(name, json, place.folder());
        const auto help = run_program(name + " --help");
        for (const std::string& option : options_in(help.out)) {
            INFO(name << ": " << option << " is not in option_pairs.json");
            CHECK(verb.mentions(option));
        }
        for (std::size_t a = 0; a < verb.options.size(); ++a)
            for (std::size_t b = a; b < verb.options.size(); ++b) {
                if (a != b && name_of(verb.options[a]) == name_of(verb.options[b])) continue;
                if (!test::takes_case(pairs++, 8)) continue;
                const std::string pair = verb.options[a] + (a == b ? "" : " " + verb.options[b]);
                const auto outcome = run_program(name + " " + verb.arguments + " " + pair);
                INFO("tephra " << name << " " << pair << "\n" << outcome.log);
                CHECK(outcome.exit_code == (verb.refuses(verb.options[a], verb.options[b]) ? 2 : 3));
            }
    }
    CHECK(place.new_files() == 0);
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
    CHECK(text("--temperature 0") == text("--greedy"));
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
    CHECK(lines(run + " " + run + " " + run) == lines(run) + 2 * 2);  // two scopes of power each
}

TEST_CASE("help says what a temperature of 0 and a dash mean") {
    for (const char* verb : {"generate", "simulate"}) {
        const auto help = run_program(std::string(verb) + " --help");
        CHECK(help.exit_code == 0);
        CHECK_THAT(help.out, test::contains("0: take the most likely token every time"));
        CHECK_THAT(help.out, test::contains("- reads standard input"));
    }
}

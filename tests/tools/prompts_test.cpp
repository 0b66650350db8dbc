// What a prompt is: text, or token ids after '#'.
#include "core/json.hpp"
#include "simulator/run.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::run_program;

namespace {

std::string text_of(const std::string& model, const std::string& options) {
    const auto outcome = run_program("generate " + model + " -n 3 --greedy " + options);
    INFO(options << "\n" << outcome.log);
    CHECK(outcome.exit_code == 0);
    return outcome.out;
}

/// Ids of the prompts that a prefill run took in, by stream.
std::vector<std::vector<std::int32_t>> taken(const test::Workplace& place, const std::string& options) {
    const std::string path = place.file("run.json");
    const auto outcome = run_program("simulate " + options + " --mode prefill --noc ideal -o " + path);
    INFO(options << "\n" << outcome.log);
    REQUIRE(outcome.exit_code == 0);
    const auto run = read_run(path);
    REQUIRE(run);
    std::vector<std::vector<std::int32_t>> ids(static_cast<std::size_t>(run->streams));
    for (const TokenRecord& token : run->tokens) ids[static_cast<std::size_t>(token.stream)].push_back(token.input);
    return ids;
}

}  // namespace

TEST_CASE("ids are numbers after '#', however many digits they are written with") {
    const test::Workplace place;
    const std::string expected = text_of(place.model(), "--prompt '#1 17 4'");
    CHECK(expected.find_first_not_of("0123456789 \n") == std::string::npos);
    CHECK(text_of(place.model(), "--prompt '# 0000000001  17 4 '") == expected);
    REQUIRE(write_file(place.file("ids.txt"), "#1\n17\t4\r\n"));
    CHECK(text_of(place.model(), "--prompt-file " + place.file("ids.txt")) == expected);
    const std::string sim = place.model() + " --machine oheo-gulch ";
    CHECK(taken(place, sim + "--prompt '#0000000001'") == std::vector<std::vector<std::int32_t>>{{1}});
    CHECK(taken(place, sim + "--streams 3 --prompt '#1 2' --prompt '#7'") ==
          std::vector<std::vector<std::int32_t>>{{1, 2}, {7}, {1, 2}});
}

TEST_CASE("text is taken as it is, whatever it looks like") {
    const test::Workplace place;
    // The option parser does not see what comes from a file.
    for (const std::string text :
         {"[He said, \"go\", and left.]", "[a]", "{}", "-n 5", "--greedy", "# Chapter 1", "#", "a,b"}) {
        INFO(text);
        REQUIRE(write_file(place.file("prompt"), text));
        const auto given = run_program("generate --prompt '" + text + "' " + test::shipped_model + " -n 3 --greedy");
        const auto read = run_program("generate --prompt-file " + place.file("prompt") + " " + test::shipped_model +
                                      " -n 3 --greedy");
        CHECK(given.exit_code == 0);
        CHECK(given.out == read.out);
        const auto tokens = [](const std::string& log) { return log.substr(0, log.find(" tokens,")); };
        CHECK(tokens(given.log) == tokens(read.log));
    }
}

TEST_CASE("a text that looks like ids is taken as text, with a word") {
    const auto log = [](const std::string& prompt) {
        const auto outcome = run_program("generate " + test::shipped_model + " -n 0 --prompt " + prompt);
        INFO(prompt);
        CHECK(outcome.exit_code == 0);
        return outcome.log;
    };
    const std::string word = "a prompt that begins like token ids is taken as text";
    for (const char* prompt : {"'#1,2'", "'#1 -2'", "'#'", "'# '", "'#1st'"})
        CHECK_THAT(log(prompt), test::contains(word));
    for (const char* prompt : {"'#1 2'", "'# Chapter 1'", "'## 1'", "'1,2'", "''"})
        CHECK(log(prompt).find(word) == std::string::npos);
}

TEST_CASE("each prompt is ids or text by itself, in any order") {
    const test::Workplace place;
    const std::string sim = test::shipped_model + " --machine kapoho-point --streams 2 --prompt ";
    const auto ids_first = taken(place, sim + "'#1 5' --prompt Once");
    const auto text_first = taken(place, sim + "Once --prompt '#1 5'");
    CHECK(ids_first[0] == std::vector<std::int32_t>{1, 5});
    CHECK(text_first == std::vector<std::vector<std::int32_t>>{ids_first[1], ids_first[0]});
}

TEST_CASE("an empty text is a prompt where the tokenizer begins every text with a token") {
    const std::string expected = text_of(test::shipped_model, "--prompt ''");
    CHECK(expected.size() > 1);
    CHECK(text_of(test::shipped_model, "--prompt - < /dev/null") == expected);
    CHECK(text_of(test::shipped_model, "--prompt-file /dev/null") == expected);
    const test::Workplace place;
    const auto ids = taken(place, test::shipped_model + " --machine kapoho-point --prompt ''");
    CHECK(ids[0].size() == 1);
}

TEST_CASE("a prompt may come from a pipe") {
    const std::string expected = text_of(test::shipped_model, "--prompt Once");
    CHECK(text_of(test::shipped_model, "--prompt-file /dev/stdin < /dev/null") != expected);
    const test::Workplace place;
    const std::string pipe = place.file("pipe");
    const auto outcome = run_program("--version; mkfifo " + pipe + "; printf Once > " + pipe + " & " + TEPHRA_PROGRAM +
                                     " generate " + test::shipped_model + " -n 3 --greedy --prompt-file " + pipe);
    CHECK_THAT(outcome.out, test::contains(expected));
}

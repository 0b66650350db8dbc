// Outputs: opened before work, never on another file, through links and devices; nothing is left of a verb that failed.
#include <sys/stat.h>

#include <csignal>

#include "core/json.hpp"
#include "mapper/mapping.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::case_file;
using test::run_program;
namespace fs = std::filesystem;

namespace {

std::string tiny_run() {
    return case_file("price/tiny.run.json") + " --costs " + case_file("price/tiny.costs.json");
}

}  // namespace

TEST_CASE("an output that cannot be written is found before inputs are read") {
    const test::Workplace place;
    // The inputs do not exist either: the first fault is the output's.
    const std::vector<std::string> commands = {
        "map /absent.tph --machine kapoho-point -o ",
        "map /absent.tph --machine kapoho-point --svg ",
        "simulate /absent.tph --machine kapoho-point --prompt x -o ",
        "simulate /absent.tph --machine kapoho-point --prompt x --trace ",
        "simulate /absent.tph --machine kapoho-point --prompt x --checkpoint ",
        "report /absent.json --html ",
        "compare /absent.json --html ",
        "measure /absent.tph -o ",
        "synth --hidden 24 --layers 1 -o ",
    };
    for (const std::string& command : commands) {
        INFO(command);
        const auto absent = run_program(command + place.file("absent/x"));
        CHECK(absent.exit_code == 3);
        CHECK_THAT(absent.log, test::contains(place.file("absent/x") + ": cannot create"));
        const auto directory = run_program(command + place.folder());
        CHECK(directory.exit_code == 3);
        CHECK_THAT(directory.log, test::contains("it is a directory"));
    }
    CHECK(place.new_files() == 0);
}

TEST_CASE("a verb that fails leaves an older output as it was") {
    const test::Workplace place;
    REQUIRE(write_file(place.file("old"), "old"));
    CHECK(run_program("map " + place.model() + " --machine no-such-machine -o " + place.file("old")).exit_code == 3);
    CHECK(run_program("report /absent.json --html " + place.file("old")).exit_code == 3);
    CHECK(run_program("synth --preset mmfree-371m -o " + place.file("old")).exit_code == 2);
    CHECK(*read_file(place.file("old")) == "old");
    CHECK(place.new_files() == 1);
}

TEST_CASE("outputs follow links, go through devices, and keep off what they are made of") {
    const test::Workplace place;
    const std::string map = "map " + place.model() + " --machine oheo-gulch ";
    fs::create_symlink("mapping.json", place.file("link"));
    CHECK(run_program(map + "-o " + place.file("link")).exit_code == 0);
    CHECK(fs::is_symlink(place.file("link")));
    CHECK(read_mapping(place.file("mapping.json")));
    CHECK(run_program(map + "-o /dev/null").exit_code == 0);
    CHECK(fs::is_character_file("/dev/null"));
    const auto piped = run_program(map + "--format csv -o /dev/stdout");
    CHECK(piped.exit_code == 0);
    CHECK_THAT(piped.out, test::contains("tephra_mapping"));
    // A model is written out of order, which a device cannot take.
    const auto model = run_program("synth --hidden 24 --layers 1 -o /dev/null");
    CHECK(model.exit_code == 3);
    CHECK_THAT(model.log, test::contains("it is a pipe or a device"));
    CHECK(fs::is_character_file("/dev/null"));
    const auto same = run_program("report " + tiny_run() + " --html " + place.file("x") + " > " + place.file("x"));
    CHECK(same.exit_code == 2);
    CHECK_THAT(same.log, test::contains("where standard output goes"));
}

TEST_CASE("a pipe that nobody reads is waited for, and said so") {
    const test::Workplace place;
    const std::string pipe = place.file("pipe"), log = place.file("log");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const std::string report = "report " + tiny_run() + " --html " + pipe + " >/dev/null 2>" + log +
                               " & until grep -qs 'info: waiting for a reader of " + pipe + "' " + log +
                               "; do sleep 0.02; done; ";
    const auto late = run_program(report + "cat " + pipe);
    CHECK(late.out.starts_with("<!"));
    CHECK(late.out.ends_with("</html>\n"));
    REQUIRE(write_file(log, ""));
    const auto ended = run_program(report + "kill $!; wait $!; echo $?");
    CHECK(ended.out == std::to_string(128 + SIGTERM) + "\n");
}

TEST_CASE("a trace that drops events says so") {
    const test::Workplace place;
    const std::string simulate = "simulate " + place.model() + " --machine oheo-gulch --prompt '#1 2 3' -n 20" +
                                 " --noc ideal --trace " + place.file("trace.json");
    const auto cut = run_program(simulate + " --trace-mib 1");
    CHECK(cut.exit_code == 0);
    CHECK_THAT(cut.log, test::contains("events did not fit into the trace: it ends early (raise --trace-mib)"));
    CHECK(fs::file_size(place.file("trace.json")) <= 1 << 20);
    CHECK(read_json_file(place.file("trace.json")));
    const auto whole = run_program(simulate + " --trace-mib 1024");
    CHECK(whole.exit_code == 0);
    CHECK(whole.log.empty());
    CHECK(fs::file_size(place.file("trace.json")) > 1 << 20);
}

TEST_CASE("control characters of a file do not reach the terminal") {
    const test::Workplace place;
    std::string text = *read_file(case_file("price/tiny.run.json"));
    const std::string name = "\"model_name\": \"tiny\"";
    REQUIRE(text.find(name) != std::string::npos);
    text.replace(text.find(name), name.size(), "\"model_name\": \"ti\\u001b[31mny\"");
    REQUIRE(write_file(place.file("run.json"), text));
    const std::string options = place.file("run.json") + " --costs " + case_file("price/tiny.costs.json");
    const auto report = run_program("report " + options);
    CHECK(report.exit_code == 0);
    CHECK_THAT(report.out, test::contains("ti\\x1b[31mny on two-chips"));
    CHECK(report.out.find('\x1b') == std::string::npos);
    const auto missing = run_program("report \"$(printf 'a\\033b')\"");
    CHECK_THAT(missing.log, test::contains("a\\x1bb: cannot open"));
}

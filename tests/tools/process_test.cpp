// The program and the system: signals, and a standard output that takes nothing.
#include <csignal>

#include "tests/tools/program.hpp"

using namespace tephra;
using test::case_file;
using test::run_program;

namespace {

/// Verbs that print, with arguments that work.
std::vector<std::string> printing_verbs(const test::Workplace& place) {
    const std::string machine = place.model() + " --machine oheo-gulch ";
    const std::string run = case_file("price/tiny.run.json") + " --costs " + case_file("price/tiny.costs.json");
    return {"--help",
            "--version",
            "map --help",
            "info " + place.model(),
            "info --format json " + place.model(),
            "lower " + place.model(),
            "map " + machine,
            "map --format json " + machine,
            "simulate -n 2 --prompt '#1' " + machine,
            "simulate -n 2 --prompt '#1' --format csv " + machine,
            "report " + run,
            "report --format json " + run,
            "compare " + run,
            "compare --format json " + run,
            "eval --windows 1 --length 8 --ids " + place.file("ids.u16") + " " + place.model(),
            "score " + test::shipped_model + " " + place.file("task.jsonl"),
            "generate -n 2 --prompt '#1' " + place.model()};
}

/// Starts the program in place of a shell that ran `first`, waits for its temporary, sends the signals in order.
/// Returns the signal that the program ended by, or -1.
int end_by(const std::vector<int>& signals, const std::string& arguments, const test::Workplace& place,
           const std::string& first = "") {
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string command = first + "exec " + TEPHRA_PROGRAM + " " + arguments + " >/dev/null 2>&1";
        ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    REQUIRE(child > 0);
    int status = 0;
    while (place.new_files() == 0 && ::waitpid(child, &status, WNOHANG) == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(place.new_files() == 1);
    for (const int signal : signals) ::kill(child, signal);
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

}  // namespace

TEST_CASE("a full or closed standard output is noticed by every verb") {
    const test::Workplace place;
    for (const std::string& verb : printing_verbs(place)) {
        CAPTURE(verb);
        CHECK(run_program(verb + " >/dev/null").exit_code == 0);
        for (const char* nowhere : {" >/dev/full", " >&-"}) {
            const auto outcome = run_program(verb + nowhere);
            CHECK(outcome.exit_code == 3);
            CHECK_THAT(outcome.log, test::contains("cannot write to standard output"));
        }
    }
}

TEST_CASE("what is printed to a closed standard output does not get into a file") {
    const test::Workplace place;
    const std::string page = place.file("page.html");
    const auto outcome = run_program("report " + case_file("price/tiny.run.json") + " --costs " +
                                     case_file("price/tiny.costs.json") + " --html " + page + " >&- <&-");
    CHECK(outcome.exit_code == 3);
    CHECK(read_file(page)->starts_with("<!"));
    CHECK(read_file(page)->ends_with("</html>\n"));
}

TEST_CASE("a signal ends the program and leaves no half-written output") {
    const test::Workplace place;
    const std::string synth = "synth --hidden 2048 --layers 24 --vocab 32000 -o " + place.file("big.tph");
    const std::string simulate = "simulate " + test::shipped_model +
                                 " --machine kapoho-point --prompt Once -n 4000 -o " + place.file("run.json");
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
        CAPTURE(signal);
        for (const std::string& verb : {synth, simulate}) {
            CHECK(end_by({signal}, verb, place, "ulimit -c 0; ") == signal);
            CHECK(place.new_files() == 0);
        }
    }
    // A signal that is ignored, as by nohup, stays so.
    CHECK(end_by({SIGHUP, SIGTERM}, synth, place, "trap '' HUP; ") == SIGTERM);
    CHECK(place.new_files() == 0);
}

// The verbs that read and write models, as a user meets them: exit codes, one clear line, nothing left behind.
#include <sys/stat.h>

#include <algorithm>

#include "core/json.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::Outcome;
using test::run_program;

namespace {

/// Bad input: exit code 3 and one line that says what and where.
void check_refused(const Outcome& outcome, const std::string& what) {
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.log, test::contains(what));
    CHECK(std::count(outcome.log.begin(), outcome.log.end(), '\n') == 1);
}

const std::string& model = test::shipped_model;

}  // namespace

TEST_CASE("info tells what the model that ships holds") {
    const Outcome text = run_program("info '" + model + "'");
    CHECK(text.exit_code == 0);
    CHECK_THAT(text.out, test::contains("7 227 904"));
    const Outcome json = run_program("info --format json '" + model + "'");
    CHECK(json.exit_code == 0);
    const auto info = parse_json(json.out, "info");
    REQUIRE(info);
    CHECK(*info->find("parameters")->integer() == 7227904);
    CHECK(*info->find("bytes")->integer() <= 4'300'000);
    CHECK(*info->find("name")->string() == "mmf-7m");
    CHECK(info->find("fraction_bits")->find("blocks")->array()->size() == 6);
}

TEST_CASE("a damaged model file is bad input") {
    const test::TemporaryPath damaged("damaged.tph");
    std::string bytes = *read_file(model);
    REQUIRE(write_file(damaged.str(), std::string_view(bytes).substr(0, 1'000'000)));
    check_refused(run_program("info '" + damaged.str() + "'"), "byte 1000000: the file has 1000000 bytes");
    bytes[2'500'000] = static_cast<char>(bytes[2'500'000] ^ 4);
    REQUIRE(write_file(damaged.str(), bytes));
    check_refused(run_program("info '" + damaged.str() + "'"), "section \"weights\" does not match its hash");
    check_refused(run_program("info /nonexistent.tph"), "/nonexistent.tph: cannot open");
}

TEST_CASE("a fault in a checkpoint ends import with nothing written") {
    const test::TemporaryPath path("import");
    const std::string out = path.str() + "/out", source = path.str() + "/source";
    std::filesystem::create_directories(out);
    std::filesystem::create_directories(source);
    const std::string command = "import '" + source + "' -o '" + out + "/model.tph'";
    check_refused(run_program(command), "config.json: cannot open");
    REQUIRE(write_file(source + "/config.json", R"({"model_type": "hgrn_bit", "vocab_size": 7, "hidden_size": 4,
        "num_hidden_layers": 1, "use_short_conv": true})"));
    check_refused(run_program(command), "config.json#/use_short_conv: use_short_conv is true");
    REQUIRE(write_file(source + "/config.json", R"({"model_type": "hgrn_bit", "vocab_size": 7, "hidden_size": 4,
        "num_hidden_layers": 1})"));
    REQUIRE(write_file(source + "/tokenizer.model", "no tokenizer"));
    check_refused(run_program(command), "tokenizer.model: not a SentencePiece model");
    CHECK(std::filesystem::is_empty(out));
}

TEST_CASE("synth writes a model of the shape asked for, the same for the same seed") {
    const test::TemporaryPath one("one.tph"), two("two.tph");
    const std::string shape = "synth --hidden 24 --layers 2 --intermediate 40 --vocab 100 --seed 5 -o ";
    CHECK(run_program(shape + "'" + one.str() + "' --threads 1").exit_code == 0);
    CHECK(run_program(shape + "'" + two.str() + "' --threads 2").exit_code == 0);
    CHECK(*read_file(one.str()) == *read_file(two.str()));
    CHECK(run_program("synth -o '" + one.str() + "'").exit_code == 2);
}

TEST_CASE("synth asks for room before it works") {
    // /proc is a file system without free bytes.
    check_refused(run_program("synth --hidden 24 --layers 1 -o /proc/model.tph"), "the disk has 0 B free");
    const test::TemporaryPath huge("huge.tph");
    check_refused(run_program("synth --hidden 65536 --intermediate 65536 --layers 1024 -o '" + huge.str() + "'"),
                  "a deployment file has at most 1.0 TiB");
}

TEST_CASE("a path that is no model is called what it is") {
    const test::Workplace place;
    REQUIRE(::mkfifo(place.file("pipe").c_str(), 0600) == 0);
    check_refused(run_program("info '" + place.file("pipe") + "'"), "not a regular file");
    check_refused(run_program("info '" + place.folder() + "'"), "a directory, a deployment file is needed");
    check_refused(run_program("import '" + place.model() + "' -o " + place.file("x.tph")), "not a directory");
    check_refused(run_program("synth --hidden 24 --layers 1 -o '" + place.file("pipe") + "'"),
                  "it is a pipe or a device");
    CHECK(place.new_files() == 1);
}

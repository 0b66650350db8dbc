// The verbs that read and write models, as a user meets them: exit codes, one clear line, nothing left behind.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/files.hpp"
#include "core/json.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

struct Outcome {
    int code = -1;
    std::string out;  ///< stdout
    std::string log;  ///< stderr
};

/// Runs the program with these arguments.
Outcome tephra_with(const std::string& arguments) {
    const test::TemporaryPath log("stderr");
    const std::string command = std::string("'") + TEPHRA_PROGRAM + "' " + arguments + " 2>'" + log.str() + "'";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    Outcome outcome;
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        outcome.out.append(buffer.data(), n);
    const int status = ::pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome.log = read_file(log.str()).value_or("");
    return outcome;
}

/// Bad input: exit code 3 and one line that says what and where.
void check_refused(const Outcome& outcome, const std::string& what) {
    CHECK(outcome.code == 3);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.log, test::contains(what));
    CHECK(std::count(outcome.log.begin(), outcome.log.end(), '\n') == 1);
}

const std::string model = TEPHRA_MODELS "/mmf-7m.tph";

}  // namespace

TEST_CASE("info tells what the model that ships holds") {
    const Outcome text = tephra_with("info '" + model + "'");
    CHECK(text.code == 0);
    CHECK_THAT(text.out, test::contains("7 227 904"));
    const Outcome json = tephra_with("info --format json '" + model + "'");
    CHECK(json.code == 0);
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
    check_refused(tephra_with("info '" + damaged.str() + "'"), "byte 1000000: the file has 1000000 bytes");
    bytes[2'500'000] = static_cast<char>(bytes[2'500'000] ^ 4);
    REQUIRE(write_file(damaged.str(), bytes));
    check_refused(tephra_with("info '" + damaged.str() + "'"), "section \"weights\" does not match its hash");
    check_refused(tephra_with("info /nonexistent.tph"), "/nonexistent.tph: cannot open");
}

TEST_CASE("a fault in a checkpoint ends import with nothing written") {
    const test::TemporaryPath path("import");
    const std::string out = path.str() + "/out", source = path.str() + "/source";
    std::filesystem::create_directories(out);
    std::filesystem::create_directories(source);
    const std::string command = "import '" + source + "' -o '" + out + "/model.tph'";
    check_refused(tephra_with(command), "config.json: cannot open");
    REQUIRE(write_file(source + "/config.json", R"({"model_type": "hgrn_bit", "vocab_size": 7, "hidden_size": 4,
        "num_hidden_layers": 1, "use_short_conv": true})"));
    check_refused(tephra_with(command), "config.json#/use_short_conv: use_short_conv is true");
    REQUIRE(write_file(source + "/config.json", R"({"model_type": "hgrn_bit", "vocab_size": 7, "hidden_size": 4,
        "num_hidden_layers": 1})"));
    REQUIRE(write_file(source + "/tokenizer.model", "no tokenizer"));
    check_refused(tephra_with(command), "tokenizer.model: not a SentencePiece model");
    CHECK(std::filesystem::is_empty(out));
}

TEST_CASE("synth writes a model of the shape asked for, the same for the same seed") {
    const test::TemporaryPath one("one.tph"), two("two.tph");
    const std::string shape = "synth --hidden 24 --layers 2 --intermediate 40 --vocab 100 --seed 5 -o ";
    CHECK(tephra_with(shape + "'" + one.str() + "' --threads 1").code == 0);
    CHECK(tephra_with(shape + "'" + two.str() + "' --threads 2").code == 0);
    CHECK(*read_file(one.str()) == *read_file(two.str()));
    CHECK(tephra_with("synth -o '" + one.str() + "'").code == 2);
    check_refused(tephra_with("synth --preset mmfree-371m -o '" + one.str() + "'"), "did you mean mmfree-370m?");
}

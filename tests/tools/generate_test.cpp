// The verb generate, as a user calls it, on the model that ships.
#include "tests/tools/program.hpp"

using namespace tephra;
using test::run_program;

namespace {

const std::string model = std::string(TEPHRA_MODELS) + "/mmf-7m.tph";
const std::string sentence = "--prompt 'Once upon a time there was a king, and' ";

std::string text_of(const std::string& options) {
    const auto outcome = run_program("generate " + model + " " + options);
    INFO(outcome.log);
    REQUIRE(outcome.exit_code == 0);
    return outcome.out;
}

void refuses(const std::string& arguments, int exit_code, const std::string& words) {
    INFO(arguments);
    const auto outcome = run_program("generate " + arguments);
    CHECK(outcome.exit_code == exit_code);
    CHECK(outcome.out.empty());
    INFO(outcome.log);
    CHECK(outcome.log.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("generate gives one text for any engine and any number of threads") {
    const std::string sampled = text_of(sentence + "-n 40 --seed 7 --temperature 0.8 --top-k 50 --top-p 0.9");
    CHECK(sampled.size() > 40);
    CHECK(sampled.back() == '\n');
    const std::string same = "-n 40 --seed 7 --temperature 0.8 --top-k 50 --top-p 0.9 ";
    CHECK(text_of(sentence + same + "--threads 1") == sampled);
    CHECK(text_of(sentence + same + "--threads 3") == sampled);
    CHECK(text_of(sentence + same + "--engine golden") == sampled);
    CHECK(text_of(sentence + "-n 40 --seed 8 --temperature 0.8 --top-k 50 --top-p 0.9") != sampled);
    CHECK(text_of(sentence + "-n 20 --greedy") == text_of(sentence + "-n 20 --top-k 1 --seed 2"));
}

TEST_CASE("the rate of generating is of the tokens that the engine took, so one token has none") {
    const auto one = run_program("generate " + model + " --prompt 'Once upon a time' -n 1 --greedy");
    CHECK_THAT(one.log, test::contains("generated: 1 token\n"));
    const auto two = run_program("generate " + model + " --prompt 'Once upon a time' -n 2 --greedy");
    CHECK_THAT(two.log, test::contains("generated: 2 tokens, "));
}

TEST_CASE("the simulated FPGA core tells the same text, or says that it was not built") {
    const std::string options = "generate " + model + " --prompt 'Once upon a time' -n 16 --greedy --engine ";
    const auto native = run_program(options + "native"), rtl = run_program(options + "rtl");
    const auto checked = run_program(options + "rtl --rtl-check --rtl-lanes 16");
    if (rtl.exit_code == 5) {
        CHECK_THAT(rtl.log, test::contains("built without the RTL core"));
        WARN("skipped: built without Verilator");
        return;
    }
    CHECK(rtl.exit_code == 0);
    CHECK(rtl.out == native.out);
    CHECK(checked.out == native.out);
    CHECK(run_program(options + "rtl --rtl-lanes 17").exit_code == 2);
}

TEST_CASE("a shorter text is the start of a longer one") {
    const std::string longer = text_of(sentence + "-n 30 --seed 3");
    std::string shorter = text_of(sentence + "-n 12 --seed 3");
    shorter.pop_back();  // the line's end
    CHECK(longer.starts_with(shorter));
    CHECK(text_of(sentence + "-n 0") == "\n");
}

TEST_CASE("the prompt may come from a file or from standard input") {
    const test::TemporaryPath file("prompt.txt");
    REQUIRE(write_file(file.str(), "Once upon a time there was a king, and"));
    const std::string expected = text_of(sentence + "-n 10 --greedy");
    CHECK(text_of("--prompt-file " + file.str() + " -n 10 --greedy") == expected);
    CHECK(text_of("--prompt - -n 10 --greedy < " + file.str()) == expected);
}

TEST_CASE("generate refuses what it cannot do, in one line") {
    // tests/cases/refused_arguments.json has the refused arguments of all verbs.
    refuses(model + " --prompt-file /no/such/file", 3, "/no/such/file");
    refuses("/no/such.tph --prompt a", 3, "/no/such.tph");
    const test::TemporaryPath synthetic("synthetic.tph");
    REQUIRE(write_synthetic_model(synth_shape(96, 1, 96, 300), synthetic.str()));
    refuses(synthetic.str() + " --prompt a", 3, "no tokenizer");
}

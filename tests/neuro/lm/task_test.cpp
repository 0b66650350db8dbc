#include "neuro/lm/task.hpp"

#include <cmath>

#include "neuro/lm/deployment.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

std::string fault_of(const std::string& text) {
    const auto task = parse_task(text, "t.jsonl");
    return task ? "" : to_string(task.error());
}

}  // namespace

TEST_CASE("a task is a question a line") {
    const auto task = parse_task(R"({"context": "Is it?", "choices": ["yes", "no"], "label": 1}
{"label": 0, "choices": ["b.", "b.", "c"], "context": ["a", "", "x\n"], "delimiter": ""})",
                                 "t.jsonl");
    REQUIRE(task);
    REQUIRE(task->questions.size() == 2);
    CHECK(task->questions[0].contexts == std::vector<std::string>{"Is it?"});
    CHECK(task->questions[0].choices == std::vector<std::string>{"yes", "no"});
    CHECK(task->questions[0].delimiter == " ");
    CHECK(task->questions[0].label == 1);
    CHECK(task->questions[1].contexts == std::vector<std::string>{"a", "", "x\n"});
    CHECK(task->questions[1].delimiter.empty());
    CHECK(parse_task("{\"context\": \"\", \"choices\": [\"a\", \"b\"], \"label\": 0}\r\n", "t.jsonl"));
}

TEST_CASE("faults of a task name file, line and key") {
    const std::string good = R"({"context": "c", "choices": ["a", "b"], "label": 1})";
    CHECK(fault_of("") == "t.jsonl: there is no question (give one JSON object a line)");
    CHECK_THAT(fault_of(good + "\n\n" + good), test::contains("t.jsonl:2: the line is empty"));
    CHECK_THAT(fault_of(good + "\n{\n"), test::contains("t.jsonl:2 byte 2: not valid JSON"));
    CHECK_THAT(fault_of(good + "\n[]"), test::contains("t.jsonl:2#: expected an object, found array"));
    CHECK_THAT(fault_of(R"({"context": "c", "choices": ["a", "b"], "label": 2})"),
               test::contains("t.jsonl:1#/label: "));
    CHECK_THAT(fault_of(R"({"context": "c", "choices": ["a"], "label": 0})"),
               test::contains("t.jsonl:1#/choices: 1 choice (give 2 to"));
    CHECK_THAT(fault_of(R"({"context": "c", "choices": ["a", ""], "label": 0})"),
               test::contains("t.jsonl:1#/choices/1: the choice is empty"));
    CHECK_THAT(fault_of(R"({"context": "c", "choices": ["a", 3], "label": 0})"),
               test::contains("t.jsonl:1#/choices/1: expected a string, found integer"));
    CHECK_THAT(fault_of(R"({"context": ["c"], "choices": ["a", "b"], "label": 0})"),
               test::contains("t.jsonl:1#/context: 1 contexts of 2 choices"));
    CHECK_THAT(fault_of(R"({"context": 5, "choices": ["a", "b"], "label": 0})"),
               test::contains("t.jsonl:1#/context: "));
    CHECK_THAT(fault_of(R"({"context": "c", "choices": ["a", "b"]})"), test::contains("\"label\" is missing"));
    CHECK_THAT(fault_of(R"({"contxt": "c", "choices": ["a", "b"], "label": 0})"), test::contains("context"));
    CHECK_THAT(fault_of(R"({"context": "c", "choices": ["a", "b"], "label": 0, "labels": 0})"),
               test::contains("label"));
}

TEST_CASE("pairs are every choice after its context and the delimiter") {
    const auto model = load_model(TEPHRA_MODELS "/mmf-7m.tph").value();
    const auto tokenizer = Tokenizer::parse(model->tokenizer, "tokenizer").value();
    const ModelConfig& config = model->graph.config;
    const Task task = parse_task(R"({"context": "It was a", "choices": ["dark night", "king"], "label": 0}
{"context": ["One", "Two"], "choices": ["-a", "-b"], "label": 0, "delimiter": ""})",
                                 "t.jsonl")
                          .value();
    const auto pairs = task_pairs(task, &tokenizer, config).value();
    REQUIRE(pairs.size() == 4);
    const auto expect = [&](std::size_t p, const char* context, const char* continuation) {
        const TokenPair pair = encode_pair(tokenizer, config, context, continuation, "").value();
        CHECK(pairs[p].context == pair.context);
        CHECK(pairs[p].continuation == pair.continuation);
    };
    expect(0, "It was a", " dark night");
    expect(1, "It was a", " king");
    expect(2, "One", "-a");
    expect(3, "Two", "-b");
    CHECK_THAT(task_pairs(task, nullptr, config).error().message, test::contains("tokenizer"));
}

TEST_CASE("answers are chosen by sum and by characters, the first among equals") {
    const Task task = parse_task(R"({"context": "c", "choices": ["abcd", "xy"], "label": 0}
{"context": "c", "choices": ["ab", "cd"], "label": 0}
{"context": "c", "choices": ["éé", "abc"], "label": 1})",
                                 "t.jsonl")
                          .value();
    const std::vector<Likelihood> likelihoods = {{-10, false, 3}, {-6, true, 1},  {-5, false, 2},
                                                 {-5, false, 2},  {-2, false, 2}, {-3.1, false, 1}};
    const TaskScore score = grade(task, likelihoods);
    REQUIRE(score.answers.size() == 3);
    CHECK(score.answers[0].by_sum == 1);
    CHECK(score.answers[0].by_length == 0);  // -2.5 a character against -3
    CHECK(score.answers[1].by_sum == 0);
    CHECK(score.answers[1].by_length == 0);
    CHECK(score.answers[2].by_sum == 0);
    CHECK(score.answers[2].by_length == 0);  // two characters of two bytes each: -1 against -1.03
    CHECK(score.choices == 6);
    CHECK(score.tokens == 11);
    CHECK(score.acc.mean == Approx(1.0 / 3));
    CHECK(score.acc_norm.mean == Approx(2.0 / 3));
    CHECK(*score.acc.error == Approx(1.0 / 3));  // variance of {0, 1, 0} is 1/3; sqrt(1/3 / 3)
    CHECK(*score.acc_norm.error == Approx(1.0 / 3));
    CHECK(answers_text(score).starts_with(R"({"label":0,"by_sum":1,"by_length":0,"choices":[{"log_likelihood":-10)"));
    CHECK(std::ranges::count(answers_text(score), '\n') == 3);
    Task one = task;
    one.questions.resize(1);
    CHECK_FALSE(grade(one, std::span(likelihoods).first(2)).acc.error);
}

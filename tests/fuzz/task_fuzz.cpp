// Fuzz target: any bytes as a task are questions that hold what their type says and read back the same, or one error.
#include "neuro/lm/task.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace tephra;

Json array_of(const std::vector<std::string>& texts) {
    Json::Array array;
    for (const std::string& text : texts) array.emplace_back(text);
    return array;
}

std::string lines_of(const Task& task) {
    std::string text;
    for (const Question& question : task.questions) {
        const Json json(Json::Object{{"context", array_of(question.contexts)},
                                     {"choices", array_of(question.choices)},
                                     {"delimiter", question.delimiter},
                                     {"label", question.label}});
        text += json.dump(-1) + "\n";
    }
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto task = parse_task(test::text_of(data, size), "fuzz");
    if (!test::accepted_text(task)) return 0;
    std::vector<Likelihood> likelihoods;
    for (Question& question : task->questions) {
        test::require(question.choices.size() > 1 && question.label >= 0 &&
                      question.label < std::ssize(question.choices));
        test::require(question.contexts.size() == 1 || question.contexts.size() == question.choices.size());
        for (const std::string& choice : question.choices)
            likelihoods.push_back({-static_cast<double>(choice.size()), false, 1});
        question.contexts.resize(question.choices.size(), question.contexts[0]);
    }
    const auto again = parse_task(lines_of(*task), "again");
    test::require(again && lines_of(*again) == lines_of(*task));
    const TaskScore score = grade(*task, likelihoods);
    test::require(score.acc.mean >= 0 && score.acc.mean <= 1 && score.answers.size() == task->questions.size());
    return 0;
}

#include "neuro/lm/task.hpp"

#include <algorithm>
#include <cmath>

#include "core/files.hpp"
#include "core/object_reader.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

constexpr int most_choices = 1 << 16;

std::string line_place(const std::string& file, std::size_t question) {
    return file + ":" + std::to_string(question + 1);
}

/// The strings of an array; `empty`: whether they may be empty.
std::vector<std::string> strings(ObjectReader& in, std::string_view key, bool empty) {
    std::vector<std::string> texts;
    for (const Json& each : in.array(key)) {
        const std::string item = std::string(key) + "/" + std::to_string(texts.size());
        if (each.string() == nullptr)
            in.fault(item, "expected a string, found " + std::string(each.type_name()));
        else if (!empty && each.string()->empty())
            in.fault(item, "the choice is empty", "give some text");
        texts.push_back(each.string() == nullptr ? "" : *each.string());
    }
    return texts;
}

Result<Question> read_question(const Json& json, const std::string& place) {
    ObjectReader in(json, place);
    Question question;
    question.choices = strings(in, "choices", false);
    const auto n = static_cast<std::int64_t>(question.choices.size());
    if (n < 2 || n > most_choices)
        in.fault("choices", std::to_string(n) + (n == 1 ? " choice" : " choices"),
                 "give 2 to " + std::to_string(most_choices));
    const Json* context = json.find("context");
    if (context != nullptr && context->array() != nullptr) {
        question.contexts = strings(in, "context", true);
        if (std::ssize(question.contexts) != n)
            in.fault("context",
                     std::to_string(question.contexts.size()) + " contexts of " + std::to_string(n) + " choices",
                     "give one text for all, or one for each choice");
    } else {
        question.contexts = {in.string("context")};
    }
    question.delimiter = in.string_or("delimiter", question.delimiter);
    question.label = static_cast<int>(in.integer("label", 0, n - 1));
    if (auto good = in.finish(); !good) return tl::unexpected(good.error());
    return question;
}

/// Index of the largest value, the first among equals.
int largest(const std::vector<double>& values) {
    return static_cast<int>(std::ranges::max_element(values) - values.begin());
}

/// Of the questions whose answer was right.
Share share(const std::vector<bool>& right) {
    const auto n = static_cast<double>(right.size());
    Share result;
    result.mean = static_cast<double>(std::ranges::count(right, true)) / n;
    if (right.size() < 2) return result;
    double sum = 0;
    for (const bool each : right) sum += std::pow((each ? 1.0 : 0.0) - result.mean, 2);
    result.error = std::sqrt(sum / (n - 1)) / std::sqrt(n);
    return result;
}

}  // namespace

Result<Task> parse_task(std::string_view text, const std::string& place) {
    Task task{place, {}};
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        const std::string here = line_place(place, task.questions.size());
        if (without_trailing_space(line).empty())
            return bad_input("the line is empty", here, "give one question a line, and nothing between them");
        const auto json = parse_json(line, here);
        if (!json) return tl::unexpected(json.error());
        auto question = read_question(*json, here);
        if (!question) return tl::unexpected(question.error());
        task.questions.push_back(std::move(*question));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (task.questions.empty()) return bad_input("there is no question", place, "give one JSON object a line");
    return task;
}

Result<Task> read_task_file(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_task(*text, path);
}

Result<std::vector<TokenPair>> task_pairs(const Task& task, const Tokenizer* tokenizer, const ModelConfig& config) {
    if (tokenizer == nullptr)
        return bad_input("the model holds no tokenizer, so it can't read questions", task.place,
                         "synthetic models have none: give one that was imported");
    std::vector<TokenPair> pairs;
    for (std::size_t q = 0; q < task.questions.size(); ++q) {
        const Question& question = task.questions[q];
        for (std::size_t c = 0; c < question.choices.size(); ++c) {
            const std::string& context = question.contexts[question.contexts.size() == 1 ? 0 : c];
            const std::string place = line_place(task.place, q) + "#/choices/" + std::to_string(c);
            auto pair = encode_pair(*tokenizer, config, context, question.delimiter + question.choices[c], place);
            if (!pair) return tl::unexpected(pair.error());
            pairs.push_back(std::move(*pair));
        }
    }
    return pairs;
}

TaskScore grade(const Task& task, std::span<const Likelihood> likelihoods) {
    TaskScore score;
    std::vector<bool> right, right_by_length;
    for (const Question& question : task.questions) {
        Answer answer;
        answer.label = question.label;
        std::vector<double> sums, quotients;
        for (const std::string& choice : question.choices) {
            const Likelihood& likelihood = likelihoods[static_cast<std::size_t>(score.choices++)];
            answer.choices.push_back(likelihood);
            score.tokens += likelihood.tokens;
            sums.push_back(likelihood.log_likelihood);
            quotients.push_back(likelihood.log_likelihood / static_cast<double>(character_count(choice)));
        }
        answer.by_sum = largest(sums);
        answer.by_length = largest(quotients);
        right.push_back(answer.by_sum == answer.label);
        right_by_length.push_back(answer.by_length == answer.label);
        score.answers.push_back(std::move(answer));
    }
    score.acc = share(right);
    score.acc_norm = share(right_by_length);
    return score;
}

std::string answers_text(const TaskScore& score) {
    std::string text;
    for (const Answer& answer : score.answers) {
        Json::Array choices;
        for (const Likelihood& choice : answer.choices)
            choices.push_back(Json::Object{
                {"log_likelihood", choice.log_likelihood}, {"tokens", choice.tokens}, {"greedy", choice.greedy}});
        text += Json(Json::Object{{"label", answer.label},
                                  {"by_sum", answer.by_sum},
                                  {"by_length", answer.by_length},
                                  {"choices", std::move(choices)}})
                    .dump(-1) +
                "\n";
    }
    return text;
}

}  // namespace tephra

#pragma once
// Multiple-choice tasks: the questions of a TASK.jsonl file (docs/formats.md), and what answers to them are worth.
// Choices and figures are lm-eval's (output_type multiple_choice, metrics acc and acc_norm).
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/json.hpp"
#include "neuro/lm/likelihood.hpp"

namespace tephra {

struct Question {
    std::vector<std::string> contexts;  ///< one for all choices, or one for each
    std::vector<std::string> choices;   ///< two or more; what follows a context is the delimiter and a choice
    std::string delimiter = " ";
    int label = 0;  ///< index of the right choice
};

struct Task {
    std::string place;                ///< the file, for messages
    std::vector<Question> questions;  ///< one a line
};

/// Questions of a text, one JSON object a line. Errors: bad_input with file, line and JSON pointer.
Result<Task> parse_task(std::string_view text, const std::string& place);
Result<Task> read_task_file(const std::string& path);

/// Token ids of every choice after its context, question after question. Errors: as of encode_pair(), and bad_input
/// where the model has no tokenizer (null).
Result<std::vector<TokenPair>> task_pairs(const Task& task, const Tokenizer* tokenizer, const ModelConfig& config);

/// What the model says to one question.
struct Answer {
    int label = 0;
    int by_sum = 0;                   ///< choice of the largest log-likelihood, the first among equals
    int by_length = 0;                ///< the same of log-likelihoods divided by the characters of the choice alone
    std::vector<Likelihood> choices;  ///< of the delimiter and the choice
};

/// A share of questions and its standard error, sqrt(s^2 / n) with the sample's variance s^2; none of a single
/// question.
struct Share {
    double mean = 0;
    std::optional<double> error;
};

struct TaskScore {
    std::vector<Answer> answers;
    std::int64_t choices = 0, tokens = 0;  ///< of all questions
    Share acc, acc_norm;                   ///< right by sum, right by length
};

/// `likelihoods`: those of task_pairs(), in order; there must be a question.
TaskScore grade(const Task& task, std::span<const Likelihood> likelihoods);

/// One JSON object a line for each answer (docs/formats.md).
std::string answers_text(const TaskScore& score);

}  // namespace tephra

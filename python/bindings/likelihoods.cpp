// Log-likelihoods of texts, and multiple-choice questions.
#include <limits>
#include <optional>
#include <utility>

#include "neuro/lm/task.hpp"
#include "python/bindings/calls.hpp"
#include "python/bindings/model_objects.hpp"

namespace tephra::python {
namespace {

/// engine and threads of a call.
struct Scoring {
    std::string engine;
    LikelihoodOptions options;

    explicit Scoring(Keywords& in) : engine(take_engine(in)) { options.threads = take_engine_threads(in, engine); }

    [[nodiscard]] Likelihoods run(const ModelObject& object, std::span<const TokenPair> pairs) const {
        if (engine == "float") return require(float_likelihoods(object.model->graph, pairs, options));
        const auto make = [&](const std::shared_ptr<const Deployment>& model, const EngineOptions& wanted) {
            return make_engine(engine, model, wanted);
        };
        return require(engine_likelihoods(object.model, make, pairs, options));
    }
};

/// A context and a continuation: both texts, which are encoded later, without the GIL; or both token ids.
struct GivenPair {
    std::string place;
    std::optional<std::pair<std::string, std::string>> texts;
    TokenPair ids;
};

GivenPair pair_of(const ModelObject& object, py::handle given, std::string place) {
    const std::vector<py::object> parts = items(given, place);
    if (parts.size() != 2) refuse("it has " + std::to_string(parts.size()) + " parts", place, "give two");
    const bool texts = PyUnicode_Check(parts[0].ptr()) != 0;
    if (texts != (PyUnicode_Check(parts[1].ptr()) != 0))
        refuse("one is text, the other is not", place, "give two texts, or two lists of ids");
    const std::string context = place + ", context", continuation = place + ", continuation";
    GivenPair pair{.place = std::move(place), .texts = {}, .ids = {}};
    if (texts) {
        tokenizer_of(object, pair.place);
        pair.texts.emplace(text(parts[0], context), text(parts[1], continuation));
    } else {
        const Integers before(parts[0], context), after(parts[1], continuation);
        pair.ids = require(pair_of_ids(object.config(), before.values(), after.values(), pair.place));
    }
    return pair;
}

std::vector<TokenPair> encode(const ModelObject& object, std::vector<GivenPair>& given) {
    std::vector<TokenPair> pairs;
    for (GivenPair& each : given) {
        if (each.texts)
            each.ids = require(
                encode_pair(*object.tokenizer, object.config(), each.texts->first, each.texts->second, each.place));
        pairs.push_back(std::move(each.ids));
    }
    return pairs;
}

py::list likelihood_list(std::span<const Likelihood> likelihoods) {
    py::list out;
    for (const Likelihood& each : likelihoods)
        out.append(py::make_tuple(each.log_likelihood, each.greedy, each.tokens));
    return out;
}

py::list loglikelihoods(const ModelObject& object, py::handle given, const py::kwargs& options) {
    Keywords in(options, "loglikelihoods");
    const Scoring scoring(in);
    in.finish();
    std::vector<GivenPair> pairs;
    for (const py::object& each : items(given, "pairs"))
        pairs.push_back(pair_of(object, each, "pairs, " + std::to_string(pairs.size())));
    return likelihood_list(long_call([&] { return scoring.run(object, encode(object, pairs)); }).pairs);
}

/// `lines`: whether the task is given as its text; else as a path.
py::dict score(const ModelObject& object, py::handle given, py::handle lines, const py::kwargs& options) {
    Keywords in(options, "score");
    const Scoring scoring(in);
    int limit = std::numeric_limits<int>::max();
    in.integer("limit", limit, 1, limit);
    in.finish();
    const bool is_text = flag(lines, "lines");
    const std::string source = is_text ? text(given, "questions") : path(given, "questions");
    std::string engine;
    const TaskScore result = long_call([&] {
        Task task = require(is_text ? parse_task(source, "questions") : read_task_file(source));
        if (task.questions.size() > static_cast<std::size_t>(limit))
            task.questions.resize(static_cast<std::size_t>(limit));
        Likelihoods likelihoods =
            scoring.run(object, require(task_pairs(task, object.tokenizer.get(), object.config())));
        engine = likelihoods.engine;
        return grade(task, likelihoods.pairs);
    });
    py::list answers;
    for (const Answer& answer : result.answers)
        answers.append(py::make_tuple(answer.label, answer.by_sum, answer.by_length, likelihood_list(answer.choices)));
    py::dict out;
    out["model"] = object.model->graph.name;
    out["engine"] = engine;
    out["answers"] = answers;
    out["tokens"] = result.tokens;
    out["acc"] = result.acc.mean;
    out["acc_stderr"] = result.acc.error;
    out["acc_norm"] = result.acc_norm.mean;
    out["acc_norm_stderr"] = result.acc_norm.error;
    out["lines"] = answers_text(result);
    return out;
}

}  // namespace

void bind_likelihoods(py::module_& m) {
    m.def("loglikelihoods", &loglikelihoods);
    m.def("score", &score);
}

}  // namespace tephra::python

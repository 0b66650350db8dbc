#pragma once
// Language models and what chooses their tokens, as the bindings share them.
#include <memory>
#include <optional>
#include <string>

#include "neuro/lm/deployment.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/lm/tokenizer.hpp"
#include "neuro/team.hpp"
#include "python/bindings/arguments.hpp"

namespace tephra::python {

/// A loaded model; immutable, so threads can share it.
struct ModelObject {
    std::shared_ptr<const Deployment> model;
    std::shared_ptr<const Tokenizer> tokenizer;  ///< none: the model has no tokenizer
    std::string path;

    [[nodiscard]] const ModelConfig& config() const { return model->graph.config; }
    [[nodiscard]] std::size_t vocabulary() const { return static_cast<std::size_t>(config().vocab_size); }
};

/// The model's tokenizer, for a text at `place`. Refused where there is none.
const Tokenizer& tokenizer_of(const ModelObject& object, const std::string& place);

/// Token ids of a prompt: a text, or a sequence of ids.
struct PromptIds {
    std::vector<std::int32_t> ids;
    bool is_text = true;
};
PromptIds prompt_of(const ModelObject& object, py::handle given, const std::string& place);

/// What follows a prompt, as text in whole characters, or as ids with spaces between them.
class Follower {
public:
    Follower(const ModelObject& object, const PromptIds& prompt);
    std::string next(std::int32_t id);
    std::string finish();

private:
    std::shared_ptr<const Tokenizer> kept_;
    std::optional<StreamingDecoder> decoder_;
    bool first_ = true;
};

/// greedy, temperature, top_k, top_p and seed. `no_choice`: when no token is chosen, like "with tokens=0"; else empty.
SamplingOptions take_sampling(Keywords& in, const std::string& no_choice);

/// threads: of the processor where it is left out.
int take_threads(Keywords& in);
/// engine: "native" where it is left out, "golden", "cuda" or "float" (the reference).
std::string take_engine(Keywords& in);
/// threads of such an engine: one of "cuda", which has the whole GPU.
int take_engine_threads(Keywords& in, const std::string& engine);
/// An integer engine by its name.
Result<std::unique_ptr<Engine>> make_engine(const std::string& name, const std::shared_ptr<const Deployment>& model,
                                            const EngineOptions& options);

/// Refuses what is no argument of this type.
template <typename T>
const T& cast_argument(py::handle given, const std::string& place, const std::string& wanted) {
    if (!py::isinstance<T>(given)) refuse("it is of another type", place, "give " + wanted);
    return given.cast<const T&>();
}

void bind_models(py::module_& m);
void bind_generation(py::module_& m);
void bind_likelihoods(py::module_& m);

}  // namespace tephra::python

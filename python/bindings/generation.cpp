// Text token by token: an iterator over what follows a prompt.
#include <limits>
#include <optional>

#include "python/bindings/calls.hpp"
#include "python/bindings/model_objects.hpp"

namespace tephra::python {
namespace {

constexpr int most_tokens = 1 << 30;

/// One stream of an engine that is sampled from.
class Generation {
public:
    Generation(const ModelObject& object, py::handle prompt, const py::kwargs& given)
        : object_(object), prompt_(prompt_of(object, prompt, "prompt")), follower_(object, prompt_) {
        Keywords in(given, "generate");
        in.integer("tokens", tokens_, 0, most_tokens);
        enum class Kind : std::uint8_t { native, golden } kind = Kind::native;
        in.choice("engine", kind, {"native", "golden"});
        const bool golden = kind == Kind::golden;
        EngineOptions options{.streams = 1, .threads = 1};
        if (golden)
            in.refuse_ignored({"threads"}, "with engine=\"golden\"");
        else
            options.threads = take_threads(in);
        in.take("sampler", [&](py::handle value, const std::string& place) {
            if (PyCallable_Check(value.ptr()) == 0)
                refuse("it can't be called", place, "give a function from logits to a token id");
            sample_ = py::reinterpret_borrow<py::object>(value);
        });
        const SamplingOptions sampling =
            take_sampling(in, tokens_ == 0 ? "with tokens=0" : (sample_ ? "with a sampler" : ""));
        in.finish();
        sampler_.emplace(require(Sampler::create(sampling, object_.model->quantized.logits)));
        engine_ = long_call(
            [&] { return require((golden ? make_golden_engine : make_native_engine)(object_.model, options)); });
    }

    /// The text that the next token adds, often empty between the bytes of a character; none: the end.
    std::optional<std::string> next() {
        if (ended_) return std::nullopt;
        if (spoiled_)
            throw Failure({ErrorCode::bad_input, "it was ended early, or another thread is in it", "generate",
                           "call generate() again"});
        spoiled_ = true;
        std::int32_t id = -1;
        step();
        if (count() < tokens_) id = choose();
        spoiled_ = false;
        if (id < 0 || id == object_.config().eos_token_id) {
            ended_ = true;
            std::string rest = follower_.finish();
            if (rest.empty()) return std::nullopt;
            return rest;
        }
        ids_.push_back(id);
        return follower_.next(id);
    }

    [[nodiscard]] const std::vector<std::int32_t>& ids() const { return ids_; }

private:
    [[nodiscard]] int count() const { return static_cast<int>(ids_.size()); }

    /// Feeds what the engine has not seen: the prompt, or the last token.
    void step() {
        const bool begins = logits_.empty();
        if (!begins && count() >= tokens_) return;
        logits_.resize(object_.vocabulary());
        run_long([&] {
            if (begins)
                require(engine_->prefill(0, prompt_.ids, Logits::last, logits_));
            else
                require(engine_->decode({&ids_.back(), 1}, logits_));
        });
    }

    std::int32_t choose() {
        if (!sample_) return sampler_->next(logits_, 0, prompt_.ids.size() + ids_.size());
        const py::object given = sample_(array_of(logits_, {static_cast<std::int64_t>(logits_.size())}));
        return static_cast<std::int32_t>(integer(given, "sampler, its result", -1, object_.config().vocab_size - 1));
    }

    ModelObject object_;
    PromptIds prompt_;
    Follower follower_;
    int tokens_ = 64;
    py::object sample_;
    std::optional<Sampler> sampler_;
    std::unique_ptr<Engine> engine_;
    std::vector<std::int32_t> logits_;
    std::vector<std::int32_t> ids_;
    bool ended_ = false;
    bool spoiled_ = false;  ///< set while next() works: what an exception leaves is of no use
};

}  // namespace

Follower::Follower(const ModelObject& object, const PromptIds& prompt) : kept_(object.tokenizer) {
    if (kept_ == nullptr || !prompt.is_text) return;
    decoder_.emplace(*kept_);
    for (const std::int32_t id : prompt.ids) decoder_->next(id);  // only what follows the prompt is text
}

std::string Follower::next(std::int32_t id) {
    if (decoder_) return decoder_->next(id);
    return (std::exchange(first_, false) ? "" : " ") + std::to_string(id);
}

std::string Follower::finish() {
    return decoder_ ? decoder_->finish() : "";
}

SamplingOptions take_sampling(Keywords& in, const std::string& no_choice) {
    SamplingOptions options;
    if (!no_choice.empty()) {
        in.refuse_ignored({"greedy", "temperature", "top_k", "top_p", "seed"}, no_choice);
        return options;
    }
    in.take("greedy", [&](py::handle value, const std::string& place) { options.greedy = flag(value, place); });
    if (options.greedy) {
        in.refuse_ignored({"temperature", "top_k", "top_p", "seed"}, "with greedy=True");
        return options;
    }
    in.take("temperature", [&](py::handle value, const std::string& place) {
        options.temperature = number(value, place, 0, max_temperature);
    });
    if (options.temperature == 0) {
        in.refuse_ignored({"top_k", "top_p", "seed"}, "with temperature=0");
        options.greedy = true;
        options.temperature = 1;
        return options;
    }
    in.integer("top_k", options.top_k, 0, std::numeric_limits<int>::max());
    in.take("top_p",
            [&](py::handle value, const std::string& place) { options.top_p = number(value, place, min_top_p, 1); });
    in.take("seed", [&](py::handle value, const std::string& place) { options.seed = seed(value, place); });
    return options;
}

void bind_generation(py::module_& m) {
    py::class_<Generation>(m, "Generation")
        .def(py::init([](const ModelObject& object, py::handle prompt, const py::kwargs& given) {
            return std::make_unique<Generation>(object, prompt, given);
        }))
        .def("__iter__", [](py::object self) { return self; })
        .def("__next__",
             [](Generation& g) {
                 auto text = g.next();
                 if (!text) throw py::stop_iteration();
                 return *text;
             })
        .def_property_readonly(
            "ids", [](const Generation& g) { return array_of(g.ids(), {static_cast<std::int64_t>(g.ids().size())}); });
}

}  // namespace tephra::python

// Language models: made, loaded, asked for logits and perplexity.
#include <algorithm>
#include <mutex>
#include <thread>

#include "backends/cuda/engine.hpp"
#include "neuro/lm/checkpoint/import.hpp"
#include "neuro/lm/perplexity.hpp"
#include "neuro/lm/synth.hpp"
#include "neuro/lm/token_file.hpp"
#include "neuro/lm/weight_count.hpp"
#include "python/bindings/calls.hpp"
#include "python/bindings/model_objects.hpp"

namespace tephra::python {
namespace {

constexpr int most_windows = 1 << 20, longest_window = 1 << 20;
constexpr std::int64_t most_logits = std::int64_t{1} << 31;

ModelObject load(py::handle file) {
    const std::string name = path(file, "path");
    return long_call([&] {
        ModelObject object{require(load_model(name)), nullptr, name};
        if (object.model->tokenizer.empty()) return object;
        Tokenizer tokenizer = require(Tokenizer::parse(object.model->tokenizer, name));
        require(tokenizer.check_vocabulary(object.config(), name));
        object.tokenizer = std::make_shared<const Tokenizer>(std::move(tokenizer));
        return object;
    });
}

void import_checkpoint_directory(py::handle source, py::handle out, const py::kwargs& given) {
    Keywords in(given, "import_checkpoint");
    ImportOptions options;
    in.take("calibrate",
            [&](py::handle value, const std::string& place) { options.calibration_path = path(value, place); });
    in.integer("calibration_tokens", options.calibration_tokens, 0, 1 << 24);
    options.threads = take_threads(in);
    in.finish();
    const std::string from = path(source, "source"), to = path(out, "out");
    run_long([&] { require(import_checkpoint(from, options, to)); });
}

/// The options of a synthetic model, as `tephra synth` takes them.
SynthOptions synth_options(Keywords& in) {
    std::string preset;
    int hidden = 0, layers = 0, intermediate = 0, vocab = 0;
    in.take("preset", [&](py::handle value, const std::string& place) { preset = text(value, place); });
    in.integer("hidden", hidden, 1, max_vector);
    in.integer("layers", layers, 1, max_layers);
    in.integer("intermediate", intermediate, 1, max_vector);
    in.integer("vocab", vocab, 1, max_vocabulary);
    if (hidden > 0 && layers > 0 && intermediate > 0 && vocab > 0)
        in.refuse_ignored({"preset"}, "with hidden, layers, intermediate and vocab");
    SynthOptions options = require(synth_options_of({preset, hidden, layers, intermediate, vocab}));
    in.take("seed", [&](py::handle value, const std::string& place) { options.seed = seed(value, place); });
    in.integer("calibration_tokens", options.calibration_tokens, 1, 1 << 20);
    options.threads = take_threads(in);
    return options;
}

void synth(py::handle out, const py::kwargs& given) {
    Keywords in(given, "synth");
    const SynthOptions options = synth_options(in);
    in.finish();
    const std::string to = path(out, "out");
    run_long([&] { require(write_synthetic_model(options, to)); });
}

py::dict evaluate(const ModelObject& object, py::handle ids, const py::kwargs& given) {
    Keywords in(given, "evaluate");
    const std::string name = take_engine(in);
    PerplexityOptions options{.windows = 128, .length = 256, .threads = 1};
    in.integer("windows", options.windows, 1, most_windows);
    in.integer("length", options.length, 1, longest_window);
    options.threads = take_engine_threads(in, name);
    in.finish();
    std::optional<Integers> array;
    std::string file;
    const bool from_file = PyUnicode_Check(ids.ptr()) != 0 || py::hasattr(ids, "__fspath__");
    if (from_file)
        file = path(ids, "ids");
    else
        array.emplace(ids, "ids");
    const Perplexity result = long_call([&] {
        std::vector<std::int32_t> read;
        if (from_file) read = require(read_token_file(file, object.config().vocab_size));
        const std::span<const std::int32_t> tokens = from_file ? read : array->values();
        if (name == "float") return require(float_perplexity(object.model->graph, tokens, options));
        const auto make = [&](const std::shared_ptr<const Deployment>& model, const EngineOptions& wanted) {
            return make_engine(name, model, wanted);
        };
        return require(engine_perplexity(object.model, make, tokens, options));
    });
    py::dict out;
    out["model"] = object.model->graph.name;
    out["engine"] = result.engine;
    out["windows"] = result.windows;
    out["tokens"] = result.tokens;
    out["loss"] = result.loss;
    out["perplexity"] = result.perplexity;
    return out;
}

/// An engine of the integer model with its streams. A lock keeps calls of several threads apart; after a call that was
/// ended early it is of no more use.
class TokenEngine {
public:
    TokenEngine(const ModelObject& object, py::handle name_given, const py::kwargs& given) : object_(object) {
        Keywords in(given, "engine");
        const std::vector<std::string> names = {"native", "golden", "cuda"};
        const std::string name = names[choice(name_given, "engine", names)];
        EngineOptions options;
        in.integer("streams", options.streams, 1, 1 << 20);
        options.threads = take_threads(in);
        in.finish();
        engine_ = long_call([&] { return require(make_engine(name, object_.model, options)); });
    }

    /// Logits of the last token [V] or of all [n][V].
    py::array_t<std::int32_t> prefill(py::handle stream_given, py::handle ids_given, py::handle all_given) {
        const bool all = flag(all_given, "all");
        const int stream = small_integer(stream_given, "stream", 0, engine_->streams() - 1);
        const std::vector<std::int32_t> ids = Integers(ids_given, "ids").copy();
        const auto n = static_cast<std::int64_t>(ids.size()), v = static_cast<std::int64_t>(object_.vocabulary());
        if (all && n * v > most_logits)
            refuse("logits of " + std::to_string(n) + " tokens", "ids", "ask for fewer tokens at a time");
        std::vector<std::int32_t> logits(static_cast<std::size_t>(all ? n * v : v));
        use([&] { require(engine_->prefill(stream, ids, all ? Logits::all : Logits::last, logits)); });
        return all ? array_from(std::move(logits), {n, v}) : array_from(std::move(logits), {v});
    }

    /// One token of each of the first streams; logits [n][V].
    py::array_t<std::int32_t> decode(py::handle ids_given) {
        const std::vector<std::int32_t> ids = Integers(ids_given, "ids").copy();
        std::vector<std::int32_t> logits(ids.size() * object_.vocabulary());
        use([&] { require(engine_->decode(ids, logits)); });
        return array_from(std::move(logits),
                          {static_cast<std::int64_t>(ids.size()), static_cast<std::int64_t>(object_.vocabulary())});
    }

    [[nodiscard]] py::array_t<std::int32_t> read_state(py::handle stream_given) {
        const int stream = small_integer(stream_given, "stream", 0, engine_->streams() - 1);
        std::vector<std::int32_t> state(state_size(object_.config()));
        use([&] { require(engine_->read_state(stream, state)); });
        return array_from(std::move(state), {object_.config().num_layers, object_.config().hidden_size});
    }

    void write_state(py::handle stream_given, py::handle state) {
        const int stream = small_integer(stream_given, "stream", 0, engine_->streams() - 1);
        const std::vector<std::int32_t> values = Integers(state, "state").copy();
        use([&] { require(engine_->write_state(stream, values)); });
    }

    [[nodiscard]] std::string name() const { return engine_->name(); }
    [[nodiscard]] int streams() const { return engine_->streams(); }

private:
    void use(const std::function<void()>& work) {
        run_long([&] {
            const std::scoped_lock lock(busy_);
            if (spoiled_)
                throw Failure({ErrorCode::bad_input, "a call of this engine was ended early", "engine",
                               "make a new one: its states have no meaning any more"});
            spoiled_ = true;
            try {
                work();
            } catch (const Failure&) {  // refused before anything has happened
                spoiled_ = false;
                throw;
            }
            spoiled_ = false;
        });
    }

    ModelObject object_;
    std::unique_ptr<Engine> engine_;
    std::mutex busy_;
    bool spoiled_ = false;
};

py::dict config_of(const ModelObject& object) {
    const ModelConfig& c = object.config();
    py::dict out;
    out["vocab_size"] = c.vocab_size;
    out["hidden_size"] = c.hidden_size;
    out["num_hidden_layers"] = c.num_layers;
    out["intermediate_size"] = c.intermediate_size;
    out["rms_norm_eps"] = c.rms_norm_eps;
    out["bos_token_id"] = c.bos_token_id;
    out["eos_token_id"] = c.eos_token_id;
    out["use_lower_bound"] = c.use_lower_bound;
    out["tie_word_embeddings"] = c.tied_embeddings;
    return out;
}

py::list weights_of(const ModelObject& object) {
    py::list out;
    for (const WeightCount& count : count_weights(object.model->graph))
        out.append(py::make_tuple(count.kind, count.weights, count.zero_fraction()));
    return out;
}

std::string decode(const ModelObject& object, py::handle ids) {
    if (object.tokenizer == nullptr)
        refuse("the model holds no tokenizer", object.path, "synthetic models have none: keep to token ids");
    const std::vector<std::int32_t> given = Integers(ids, "ids").copy();
    return object.tokenizer->decode(given);
}

}  // namespace

Result<std::unique_ptr<Engine>> make_engine(const std::string& name, const std::shared_ptr<const Deployment>& model,
                                            const EngineOptions& options) {
    if (name == "golden") return make_golden_engine(model, options);
    if (name == "native") return make_native_engine(model, options);
    auto made = make_cuda_engine(model, {.streams = options.streams, .threads = options.threads});
    if (!made) return tl::unexpected(made.error());
    return std::unique_ptr<Engine>(std::move(*made));
}

std::string take_engine(Keywords& in) {
    const std::vector<std::string> names = {"native", "golden", "cuda", "float"};
    std::size_t engine = 0;
    in.take("engine", [&](py::handle value, const std::string& place) { engine = choice(value, place, names); });
    return names[engine];
}

int take_engine_threads(Keywords& in, const std::string& engine) {
    if (engine != "cuda") return take_threads(in);
    in.refuse_ignored({"threads"}, "with engine=\"cuda\"");
    return 1;
}

int take_threads(Keywords& in) {
    int threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, unsigned{max_threads}));
    in.integer("threads", threads, 1, max_threads);
    return threads;
}

const Tokenizer& tokenizer_of(const ModelObject& object, const std::string& place) {
    if (object.tokenizer == nullptr)
        refuse("the model holds no tokenizer, so it can't be text", place,
               "synthetic models have none: give token ids, like [1, 17, 4]");
    return *object.tokenizer;
}

PromptIds prompt_of(const ModelObject& object, py::handle given, const std::string& place) {
    PromptIds prompt;
    if (PyUnicode_Check(given.ptr()) == 0) {
        prompt.is_text = false;
        prompt.ids = Integers(given, place).copy();
        for (const std::int32_t id : prompt.ids)
            if (id < 0 || id >= object.config().vocab_size)
                refuse("id " + std::to_string(id) + " is not in the vocabulary of " +
                           std::to_string(object.config().vocab_size),
                       place, "give ids of the model's tokenizer");
    } else {
        const Tokenizer& tokenizer = tokenizer_of(object, place);
        const std::string words = text(given, place);
        prompt.ids = long_call([&] { return tokenizer.encode(words, object.config().bos_token_id); });
    }
    if (prompt.ids.empty()) refuse("it has no tokens", place, "give some text, or token ids, to continue");
    return prompt;
}

void bind_models(py::module_& m) {
    py::class_<ModelObject>(m, "Model")
        .def_property_readonly("name", [](const ModelObject& o) { return o.model->graph.name; })
        .def_property_readonly("hash", [](const ModelObject& o) { return to_string(o.model->hash); })
        .def_property_readonly("origin", [](const ModelObject& o) { return o.model->origin; })
        .def_property_readonly("config", &config_of)
        .def_property_readonly("parameters", [](const ModelObject& o) { return parameter_count(o.config()); })
        .def_property_readonly("has_tokenizer", [](const ModelObject& o) { return o.tokenizer != nullptr; })
        .def_property_readonly("fraction_bits", [](const ModelObject& o) { return o.model->quantized.logits; })
        .def("weights", &weights_of)
        .def("encode",
             [](const ModelObject& o, py::handle given) {
                 PromptIds prompt = prompt_of(o, given, "text");
                 const auto n = static_cast<std::int64_t>(prompt.ids.size());
                 return array_from(std::move(prompt.ids), {n});
             })
        .def("decode", &decode);
    py::class_<TokenEngine>(m, "TokenEngine")
        .def(py::init([](const ModelObject& object, py::handle name, const py::kwargs& given) {
            return std::make_unique<TokenEngine>(object, name, given);
        }))
        .def("prefill", &TokenEngine::prefill)
        .def("decode", &TokenEngine::decode)
        .def("read_state", &TokenEngine::read_state)
        .def("write_state", &TokenEngine::write_state)
        .def_property_readonly("name", &TokenEngine::name)
        .def_property_readonly("streams", &TokenEngine::streams);
    m.def("load_model", &load);
    m.def("import_checkpoint", &import_checkpoint_directory);
    m.def("synth", &synth);
    m.def("evaluate", &evaluate);
}

}  // namespace tephra::python

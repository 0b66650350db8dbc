// Likelihoods of multiple-choice questions by the native engine, many at a time and one at a time, beside a limit, in
// one run.
//   bench_score [--threads N] [--seconds S] [--streams N] [model.tph ...]     without models: mmfree-370m
// Questions have four choices of 4 to 32 tokens after a context of 24 to 96 (random ids). One at a time is a prefill of
// the whole text for each choice, by one engine with all threads. The limit is the time that the tokens which must be
// fed (each context once) take as one long prefill in each thread, with logits of what is scored and no softmax. Rounds
// of the three alternate. Rates count the tokens of all texts, contexts as often as they stand. Checked: the
// likelihoods are the same, bit for bit.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/philox.hpp"
#include "neuro/lm/likelihood.hpp"
#include "neuro/lm/softmax.hpp"
#include "neuro/lm/synth.hpp"
#include "neuro/team.hpp"

using namespace tephra;

namespace {

using Clock = std::chrono::steady_clock;
using Ids = std::vector<std::int32_t>;

struct Options {
    LikelihoodOptions likelihood{.threads = 2};
    double seconds = 20;  ///< of measurement for each model
    std::vector<std::string> models;
};

[[noreturn]] void stop(const std::string& message) {
    std::fprintf(stderr, "bench_score: %s\n", message.c_str());
    std::exit(1);
}

template <typename T>
T require(Result<T> result) {
    if (!result) stop(to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

template <typename Work>
double seconds_of(const Work& work) {
    const Clock::time_point start = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A number in [least, most].
std::size_t drawn(std::uint32_t stream, std::uint64_t index, std::size_t least, std::size_t most) {
    return least + random_words(6, stream, index, 0)[0] % (most - least + 1);
}

Ids drawn_ids(std::uint32_t stream, std::size_t count, int vocabulary) {
    Ids ids(count);
    for (std::size_t i = 0; i < count; ++i)
        ids[i] = static_cast<std::int32_t>(drawn(stream, i, 0, static_cast<std::size_t>(vocabulary) - 1));
    return ids;
}

std::vector<TokenPair> drawn_pairs(std::size_t questions, int vocabulary) {
    std::vector<TokenPair> pairs;
    for (std::uint32_t q = 0; q < questions; ++q) {
        const Ids context = drawn_ids(100 + q, drawn(1, q, 24, 96), vocabulary);
        for (std::uint32_t c = 0; c < 4; ++c)
            pairs.push_back({context, drawn_ids(100000 + 4 * q + c, drawn(2, 4 * q + c, 4, 32), vocabulary)});
    }
    return pairs;
}

std::vector<double> one_at_a_time(const std::shared_ptr<const Deployment>& model, Engine& engine,
                                  const std::vector<TokenPair>& pairs) {
    const auto vocabulary = static_cast<std::size_t>(model->graph.config.vocab_size);
    const double unit = std::ldexp(1.0, -model->quantized.logits);
    const Ids zero(state_size(model->graph.config));
    std::vector<double> sums;
    Ids logits;
    for (const TokenPair& pair : pairs) {
        Ids ids = pair.context;
        ids.insert(ids.end(), pair.continuation.begin(), pair.continuation.end() - 1);
        logits.resize(ids.size() * vocabulary);
        require(engine.write_state(0, zero));
        require(engine.prefill(0, ids, Logits::all, logits));
        double sum = 0;
        for (std::size_t t = 0; t < pair.continuation.size(); ++t) {
            const std::size_t row = pair.context.size() - 1 + t;
            const std::span<const std::int32_t> values = std::span(logits).subspan(row * vocabulary, vocabulary);
            sum += SoftmaxRow(values, unit).log_likelihood(pair.continuation[t]);
        }
        sums.push_back(sum);
    }
    return sums;
}

/// Seconds for contexts once and continuations once, as long texts, with an engine a thread.
double limit_seconds(const std::shared_ptr<const Deployment>& model, const std::vector<TokenPair>& pairs, int threads) {
    constexpr std::size_t at_a_time = 192;
    const int vocabulary = model->graph.config.vocab_size;
    std::size_t contexts = 0, scored = 0;
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        contexts += p % 4 == 0 ? pairs[p].context.size() : 0;
        scored += pairs[p].continuation.size() - 1;
    }
    const auto share = static_cast<std::size_t>(threads);
    return seconds_of([&] {
        parallel_for(share, threads, [&](std::size_t, int) {
            const auto engine = require(make_native_engine(model, {}));
            require(engine->prefill(0, drawn_ids(3, contexts / share, vocabulary), Logits::none, {}));
            Ids logits(at_a_time * static_cast<std::size_t>(vocabulary));
            const Ids part = drawn_ids(4, at_a_time, vocabulary);
            for (std::size_t fed = 0; fed < scored / share; fed += at_a_time)
                require(engine->prefill(0, part, Logits::all, logits));
        });
    });
}

double quantile(std::vector<double> values, double at) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(at * static_cast<double>(values.size() - 1))];
}

void print(const char* name, const std::vector<double>& values, const char* unit) {
    std::printf("  %-28s median %9.2f   quartiles %9.2f to %9.2f %s\n", name, quantile(values, 0.5),
                quantile(values, 0.25), quantile(values, 0.75), unit);
}

void measure(const std::string& path, const Options& options) {
    const auto model = require(load_model(path));
    const ModelConfig& config = model->graph.config;
    const auto questions =
        static_cast<std::size_t>(std::clamp(2e9 / static_cast<double>(parameter_count(config)), 8., 96.));
    const std::vector<TokenPair> pairs = drawn_pairs(questions, config.vocab_size);
    double tokens = 0;
    for (const TokenPair& pair : pairs)
        tokens += static_cast<double>(pair.context.size() + pair.continuation.size() - 1);
    const auto engine = require(make_native_engine(model, {.streams = 1, .threads = options.likelihood.threads}));
    std::vector<double> alone, together, gain, fraction;
    Likelihoods batched;
    const Clock::time_point start = Clock::now();
    while (alone.size() < 5 || std::chrono::duration<double>(Clock::now() - start).count() < options.seconds) {
        std::vector<double> expected;
        const double one = seconds_of([&] { expected = one_at_a_time(model, *engine, pairs); });
        const double many = seconds_of(
            [&] { batched = require(engine_likelihoods(model, make_native_engine, pairs, options.likelihood)); });
        const double least = limit_seconds(model, pairs, options.likelihood.threads);
        for (std::size_t p = 0; p < pairs.size(); ++p)
            if (batched.pairs[p].log_likelihood != expected[p]) stop("likelihoods differ");
        alone.push_back(tokens / one);
        together.push_back(tokens / many);
        gain.push_back(one / many);
        fraction.push_back(least / many);
    }
    std::printf("%s: %zu questions of 4 choices, %.0f tokens, of which %.0f are fed; %d threads, %d streams\n",
                model->graph.name.c_str(), questions, tokens, static_cast<double>(batched.fed),
                options.likelihood.threads, options.likelihood.streams);
    std::printf("  likelihoods are the same\n");
    print("one at a time", alone, "tok/s");
    print("many at a time", together, "tok/s");
    print("many / one", gain, "");
    print("many / limit", fraction, "");
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--threads" && i + 1 < argc)
            options.likelihood.threads = std::max(1, std::atoi(argv[++i]));
        else if (word == "--streams" && i + 1 < argc)
            options.likelihood.streams = std::max(1, std::atoi(argv[++i]));
        else if (word == "--seconds" && i + 1 < argc)
            options.seconds = std::atof(argv[++i]);
        else if (word.starts_with("-"))
            stop("usage: bench_score [--threads N] [--seconds S] [--streams N] [model.tph ...]");
        else
            options.models.push_back(word);
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    for (const std::string& path : options.models) measure(path, options);
    if (!options.models.empty()) return 0;
    const std::string path = (std::filesystem::temp_directory_path() / "mmfree-370m-score.tph").string();
    SynthOptions synth = require(synth_preset("mmfree-370m"));
    synth.threads = options.likelihood.threads;
    require(write_synthetic_model(synth, path));
    measure(path, options);
    std::filesystem::remove(path);
    return 0;
}

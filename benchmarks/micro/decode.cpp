// Decode and prefill of whole models by the native engine, beside the limit that memory sets in the same run.
//   bench_decode [--threads N] [--prompt N] [--seconds S] [--figures] [model.tph ...]     without models: mmfree-370m
//   and mmfree-2.7b bench_decode --on-input [--threads N] [--prompt N] model.tph     a round and its figures for each
//   line of input
// The limit of decode is the read bandwidth of the same threads over the packed weights, head included, that each token
// needs. Rounds of bandwidth, decode and prefill alternate, so that what else the machine does falls on all three; a
// fraction is formed within its round. Asked: decode >= 0.6 of the limit with 2 threads, prefill >= 5 x decode. A
// decode nearer its limit makes the second ratio smaller, so prefill is also shown against a decode at exactly 0.6.
// Checked: the logits equal the golden engine's after a short sequence, and decode's equal prefill's at the end.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "benchmarks/micro/bandwidth.hpp"
#include "benchmarks/micro/figures.hpp"
#include "core/philox.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/synth.hpp"

using namespace tephra;

namespace {

using Clock = std::chrono::steady_clock;
using Values = std::vector<std::int32_t>;

struct Options {
    int threads = 2;
    int prompt = 256;      ///< tokens of a prefill
    double seconds = 20;   ///< of measurement for each model
    bool figures = false;  ///< the rates alone, for a script
    bool on_input = false;
    std::vector<std::string> models;
};

[[noreturn]] void stop(const std::string& message) {
    std::fprintf(stderr, "bench_decode: %s\n", message.c_str());
    std::exit(1);
}

template <typename T>
T require(Result<T> result) {
    if (!result) stop(to_string(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Bytes of packed weights that one token reads.
double weight_bytes(const LayerGraph& graph) {
    std::size_t bytes = graph.lm_head.weight.codes.size();
    for (const Block& block : graph.blocks)
        for (const BitLinear* layer :
             {&block.f_proj, &block.i_proj, &block.g_proj, &block.o_proj, &block.gate_proj, &block.down_proj})
            bytes += layer->weight.codes.size();
    return static_cast<double>(bytes);
}

Values random_ids(std::size_t count, int vocabulary) {
    Values ids(count);
    for (std::size_t i = 0; i < count; ++i)
        ids[i] = static_cast<std::int32_t>(random_words(5, 0, i, 0)[0] % static_cast<unsigned>(vocabulary));
    return ids;
}

/// Decode token by token and prefill at once, native and golden, must end in the same logits.
void check_answers(const std::shared_ptr<const Deployment>& model, int threads) {
    const auto vocabulary = static_cast<std::size_t>(model->graph.config.vocab_size);
    const Values ids = random_ids(6, model->graph.config.vocab_size);
    Values expected(vocabulary), decoded(vocabulary), prefilled(vocabulary);
    require(make_golden_engine(model, {}).value()->prefill(0, ids, Logits::last, expected));
    const auto native = make_native_engine(model, {.streams = 2, .threads = threads}).value();
    for (const std::int32_t& id : ids) require(native->decode({&id, 1}, decoded));
    require(native->prefill(1, ids, Logits::last, prefilled));
    if (decoded != expected || prefilled != expected) stop("the native engine differs from the golden engine");
}

struct Sample {
    std::vector<double> values;
    void add(double value) { values.push_back(value); }
    [[nodiscard]] double at(double quantile) const {
        std::vector<double> sorted = values;
        std::sort(sorted.begin(), sorted.end());
        return sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1))];
    }
};

void print(const char* name, const Sample& sample, const char* unit) {
    std::printf("  %-28s median %9.2f   best %9.2f   quartiles %9.2f to %9.2f %s\n", name, sample.at(0.5), sample.at(1),
                sample.at(0.25), sample.at(0.75), unit);
}

/// What the rounds of one model measured.
struct Measured {
    Sample bandwidth, decode, fraction, prefill, ratio, asked;
};

/// An engine that can be measured again and again.
struct Bench {
    std::unique_ptr<Engine> engine;
    Values ids, logits;
    double bytes;  ///< of packed weights that one token reads
    int threads;
    std::vector<std::uint64_t> buffer = std::vector<std::uint64_t>(std::size_t{256} << 17, 1);  // beyond any cache here

    Bench(const std::shared_ptr<const Deployment>& model, const Options& options)
        : engine(make_native_engine(model, {.streams = 1, .threads = options.threads}).value()),
          ids(random_ids(static_cast<std::size_t>(options.prompt), model->graph.config.vocab_size)),
          logits(static_cast<std::size_t>(model->graph.config.vocab_size)),
          bytes(weight_bytes(model->graph)),
          threads(options.threads) {}

    void round(Measured& measured) {
        double rate = 0;
        for (int i = 0; i < 2; ++i) rate = std::max(rate, bench::read_rate(buffer, threads));
        const std::size_t tokens = std::max<std::size_t>(4, static_cast<std::size_t>(3e9 / bytes));
        const Clock::time_point decode_start = Clock::now();
        for (std::size_t i = 0; i < tokens; ++i)
            require(engine->decode(std::span(ids).subspan(i % ids.size(), 1), logits));
        const double decode_rate = static_cast<double>(tokens) / seconds_since(decode_start);
        rate = std::max(rate, bench::read_rate(buffer, threads));
        const Clock::time_point prefill_start = Clock::now();
        require(engine->prefill(0, ids, Logits::last, logits));
        const double prefill_rate = static_cast<double>(ids.size()) / seconds_since(prefill_start);
        measured.bandwidth.add(rate * 1e-9);
        measured.decode.add(decode_rate);
        measured.fraction.add(decode_rate * bytes / rate);
        measured.prefill.add(prefill_rate);
        measured.ratio.add(prefill_rate / decode_rate);
        measured.asked.add(prefill_rate * bytes / (0.6 * rate));
    }
};

Measured run_rounds(Bench& bench, const Options& options) {
    Measured measured;
    const Clock::time_point start = Clock::now();
    while (measured.fraction.values.size() < 5 || seconds_since(start) < options.seconds) bench.round(measured);
    return measured;
}

/// For a script that measures something else between the rounds.
void answer_lines(Bench& bench) {
    std::printf("packed weights, MB\t%.6g\n", bench.bytes * 1e-6);
    std::fflush(stdout);
    while (true) {
        for (int character = std::getchar(); character != '\n'; character = std::getchar())
            if (character == EOF) return;
        Measured measured;
        bench.round(measured);
        std::printf("%.6g\t%.6g\t%.6g\n", measured.bandwidth.at(0), measured.decode.at(0), measured.prefill.at(0));
        std::fflush(stdout);
    }
}

void measure(const std::string& path, const Options& options) {
    const auto model = require(load_model(path));
    check_answers(model, options.threads);
    Bench bench(model, options);
    if (options.on_input) return answer_lines(bench);
    const Measured measured = run_rounds(bench, options);
    const std::string prefill = "prefill of " + std::to_string(options.prompt);
    if (options.figures) {
        bench::print_figure("decode, tok/s", measured.decode.at(0.5));
        bench::print_figure((prefill + ", tok/s").c_str(), measured.prefill.at(0.5));
        return;
    }
    std::printf("%s: %.1f MB of packed weights a token, %d threads\n", model->graph.name.c_str(), bench.bytes * 1e-6,
                options.threads);
    std::printf("  logits equal the golden engine's, by decode and by prefill\n");
    print("memory read", measured.bandwidth, "GB/s");
    print("decode, batch 1", measured.decode, "tok/s");
    print("decode / limit (asked 0.6)", measured.fraction, "");
    print(prefill.c_str(), measured.prefill, "tok/s");
    print("prefill / decode (asked 5)", measured.ratio, "");
    print("prefill / (0.6 of the limit)", measured.asked, "");
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--threads" && i + 1 < argc)
            options.threads = std::max(1, std::atoi(argv[++i]));
        else if (word == "--prompt" && i + 1 < argc)
            options.prompt = std::max(1, std::atoi(argv[++i]));
        else if (word == "--seconds" && i + 1 < argc)
            options.seconds = std::atof(argv[++i]);
        else if (word == "--figures")
            options.figures = true;
        else if (word == "--on-input")
            options.on_input = true;
        else if (word.starts_with("-"))
            stop(
                "usage: bench_decode [--threads N] [--prompt N] [--seconds S] [--figures | --on-input] [model.tph "
                "...]");
        else
            options.models.push_back(word);
    }
    if (options.on_input && (options.models.size() != 1 || options.figures)) stop("--on-input goes with one model");
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    for (const std::string& path : options.models) measure(path, options);
    if (!options.models.empty()) return 0;
    for (const char* preset : {"mmfree-370m", "mmfree-2.7b"}) {
        const std::string path =
            (std::filesystem::temp_directory_path() / (std::string(preset) + "-bench.tph")).string();
        SynthOptions synth = require(synth_preset(preset));
        synth.threads = options.threads;
        require(write_synthetic_model(synth, path));
        measure(path, options);
        std::filesystem::remove(path);
    }
    return 0;
}

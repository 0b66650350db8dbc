// Speed on a GPU: prints one line a measurement, medians and spread of several windows.
// Usage: tephra_gpu_bench THREADS [--only REGEX] MODEL...; the pattern picks measurements by name.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <regex>

#include "backends/cuda/engine.hpp"
#include "benchmarks/gpu/model_argument.hpp"
#include "core/philox.hpp"

namespace tephra::gpu {
namespace {

using Tokens = std::vector<std::int32_t>;

std::regex wanted(".");

template <typename T>
T demand(Result<T> result) {
    if (result) {
        if constexpr (!std::is_void_v<T>)
            return std::move(*result);
        else
            return;
    }
    std::cerr << to_string(result.error()) << "\n";
    std::exit(static_cast<int>(result.error().code));
}

Tokens random_tokens(const Deployment& model, std::size_t count) {
    Tokens ids(count);
    for (std::size_t k = 0; k < count; ++k)
        ids[k] = static_cast<std::int32_t>(random_words(1, 2, k, 3)[0] %
                                           static_cast<std::uint32_t>(model.graph.config.vocab_size));
    return ids;
}

/// Rates of several runs after one to warm up; prints median and spread.
template <typename Run>
void measure(const std::string& model, const std::string& what, double tokens, const Run& run) {
    if (!std::regex_search(what, wanted)) return;
    run();
    std::vector<double> rates;
    for (int k = 0; k < 5; ++k) {
        const auto start = std::chrono::steady_clock::now();
        run();
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        rates.push_back(tokens / seconds.count());
    }
    std::ranges::sort(rates);
    std::printf("%-12s %-28s %12.1f tok/s  (%.1f .. %.1f)\n", model.c_str(), what.c_str(), rates[2], rates.front(),
                rates.back());
    std::fflush(stdout);
}

/// What batch 1 takes on the device, beside every parameter in 16 bits.
void print_memory(const Deployment& model, const std::string& name, const CudaMemory& memory) {
    const auto mb = [](auto bytes) { return 1e-6 * static_cast<double>(bytes); };
    const double ours = mb(memory.weights + memory.embeddings + memory.parameters + memory.state + memory.working);
    const double half = mb(2 * parameter_count(model.graph.config));
    std::printf(
        "%-12s memory MB: weights %.1f, embeddings %.1f, parameters %.1f, state %.1f, working %.1f, all %.1f; "
        "FP16 parameters %.1f, %.2f times ours\n",
        name.c_str(), mb(memory.weights), mb(memory.embeddings), mb(memory.parameters), mb(memory.state),
        mb(memory.working), ours, half, half / ours);
    std::fflush(stdout);
}

void bench_generate(const std::shared_ptr<const Deployment>& model, const std::string& name, int batch, int threads,
                    bool persistent) {
    const std::string what =
        "generate batch " + std::to_string(batch) + (batch == 1 ? (persistent ? " persistent" : " graph") : "");
    if (!std::regex_search(what, wanted)) return;
    const auto engine = demand(make_cuda_engine(model, {batch, threads, persistent, true}));
    const Tokens first = random_tokens(*model, static_cast<std::size_t>(batch));
    const int steps = batch == 1 ? 512 : (batch <= 256 ? 64 : 16);
    measure(name, what, double{1} * steps * batch, [&] { demand(engine->generate(first, steps)); });
    if (batch == 1 && persistent) {
        std::vector<std::int32_t> logits(static_cast<std::size_t>(model->graph.config.vocab_size));
        measure(name, "decode with logits on host", 256, [&] {
            for (int k = 0; k < 256; ++k) demand(engine->decode(first, logits));
        });
        print_memory(*model, name, engine->memory());
    }
}

void bench_prefill(const std::shared_ptr<const Deployment>& model, const std::string& name, int threads) {
    const auto what = [](std::size_t length) { return "prefill " + std::to_string(length); };
    const std::vector<std::size_t> lengths = {16, 128, 500, 2048};
    if (std::ranges::none_of(lengths, [&](std::size_t n) { return std::regex_search(what(n), wanted); })) return;
    const auto engine = demand(make_cuda_engine(model, {1, threads, true, true}));
    for (const std::size_t length : lengths) {
        const Tokens ids = random_tokens(*model, length);
        std::vector<std::int32_t> logits(static_cast<std::size_t>(model->graph.config.vocab_size));
        measure(name, what(length), static_cast<double>(length),
                [&] { demand(engine->prefill(0, ids, Logits::last, logits)); });
    }
}

}  // namespace
}  // namespace tephra::gpu

int main(int argc, char** argv) {
    using namespace tephra;
    if (argc < 3) {
        std::cerr << "usage: tephra_gpu_bench THREADS [--only REGEX] MODEL...\n";
        return 2;
    }
    const int threads = std::atoi(argv[1]);
    const bool only = argc > 4 && std::string_view(argv[2]) == "--only";
    if (only) gpu::wanted = argv[3];
    for (int k = only ? 4 : 2; k < argc; ++k) {
        const auto model = gpu::demand(gpu::open_model(argv[k], 1, threads));
        const std::string name = gpu::model_name(argv[k]);
        gpu::bench_generate(model, name, 1, threads, true);
        gpu::bench_generate(model, name, 1, threads, false);
        for (const int batch : {8, 64, 256, 1024, 4096}) gpu::bench_generate(model, name, batch, threads, false);
        gpu::bench_prefill(model, name, threads);
    }
    return 0;
}

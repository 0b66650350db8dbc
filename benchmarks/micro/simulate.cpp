// Whole models on simulated machines: processor time per token, checked against the native engine's logits and against
// counts that follow from the mapping and the activations' zeros (tests/simulator/closed_form.hpp).
//   bench_simulate MODEL.tph [--figures]     mmf-7m on kapoho-point, contended
//   bench_simulate --large                   mmfree-370m (random weights) on alia-point, 8-bit synapses, contended
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "benchmarks/micro/figures.hpp"
#include "mapper/mapping.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tests/simulator/closed_form.hpp"

using namespace tephra;

namespace {

template <typename T>
T require(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", to_string(result.error()).c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Processor time of the whole process and wall time.
struct Clock {
    std::clock_t cpu = std::clock();
    std::chrono::steady_clock::time_point wall = std::chrono::steady_clock::now();
    [[nodiscard]] double cpu_seconds() const { return static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC; }
    [[nodiscard]] double wall_seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
    }
};

struct Setup {
    std::shared_ptr<const Deployment> model;
    Program program;
    Machine machine;
    Mapping mapping;
};

/// Packets over links, from the counted flits: every packet of these programs' bulk has two flits.
double link_events(const Run& run) {
    double flits = 0;
    for (const EventKind kind :
         {EventKind::hop_x, EventKind::hop_y, EventKind::hop_local, EventKind::chip_flit, EventKind::host_flit})
        flits += static_cast<double>(total(run, kind));
    return flits / 2;
}

struct Timing {
    double cpu = 0, wall = 0;
    Run run;
};

Timing time_run(const Setup& setup, RunMode mode, SyncMode sync, int threads, const std::vector<std::int32_t>& prompt) {
    std::vector<std::int32_t> logits(static_cast<std::size_t>(setup.model->graph.config.vocab_size));
    const auto engine = make_native_engine(setup.model, {1, 1}).value();
    require(engine->prefill(0, prompt, Logits::last, logits));
    TokenOptions options;
    options.mode = mode;
    options.sync = sync;
    options.threads = threads;
    options.prompts = {prompt};
    options.new_tokens = mode == RunMode::generate ? 1 : 0;
    bool equal = false;
    options.sample = [&](int, int, std::span<const std::int32_t> got) {
        equal = std::ranges::equal(got, logits);
        return greedy_token(got);
    };
    const Clock clock;
    Timing timing;
    timing.run = require(simulate_tokens(setup.program, setup.machine, setup.mapping, options));
    timing.cpu = clock.cpu_seconds();
    timing.wall = clock.wall_seconds();
    if (!equal) {
        std::fprintf(stderr, "wrong answer: logits differ from the native engine's\n");
        std::exit(1);
    }
    return timing;
}

/// Ends the program where a count is not the closed form's.
void check_counts(const Setup& setup, const Run& run, const std::vector<std::int32_t>& prompt) {
    const auto engine = make_native_engine(setup.model, {1, 1}).value();
    const Activity activity = require(activity_of(*engine, *setup.model, prompt));
    const Expected expected = ClosedForm(setup.program, setup.mapping, activity,
                                         static_cast<std::int64_t>(prompt.size()), run.sync == SyncMode::dataflow)
                                  .sum();
    const struct {
        const char* name;
        std::int64_t counted, expected;
    } kinds[] = {
        {"packets sent", total(run, EventKind::message_out), expected.out},
        {"packets received", total(run, EventKind::message_in), expected.in},
        {"synops", total(run, EventKind::synop_int8) + total(run, EventKind::synop_ternary), expected.synops},
        {"neuron updates", total(run, EventKind::neuron_update), expected.updates},
        {"zero messages", total(run, EventKind::skipped), expected.skipped},
    };
    bool equal = true;
    for (const auto& kind : kinds) {
        if (kind.counted == kind.expected) continue;
        std::fprintf(stderr, "wrong answer: %s: counted %lld, closed form %lld\n", kind.name,
                     static_cast<long long>(kind.counted), static_cast<long long>(kind.expected));
        equal = false;
    }
    if (!equal) std::exit(1);
    std::printf("%-36s counts equal the closed form: %lld packets, %lld synops, %lld zero messages\n", "",
                static_cast<long long>(expected.in), static_cast<long long>(expected.synops),
                static_cast<long long>(expected.skipped));
}

std::vector<std::int32_t> prompt_of(const Setup& setup, int tokens) {
    std::vector<std::int32_t> prompt;
    prompt.reserve(static_cast<std::size_t>(tokens));
    for (int k = 0; k < tokens; ++k) prompt.push_back((7 + 31 * k) % setup.model->graph.config.vocab_size);
    return prompt;
}

/// Tokens per second of processor time, one thread; the logits are checked.
void print_figures(const Setup& setup) {
    const double token = time_run(setup, RunMode::generate, SyncMode::barrier, 1, prompt_of(setup, 1)).cpu;
    bench::print_figure("simulate a token, barrier, tok/s", 1 / token);
    const double prefill = time_run(setup, RunMode::prefill, SyncMode::dataflow, 1, prompt_of(setup, 8)).cpu;
    bench::print_figure("simulate a prefill of 8, dataflow, tok/s", 8 / prefill);
}

void report(const char* what, const Setup& setup, RunMode mode, SyncMode sync, int tokens, int repeats) {
    const std::vector<std::int32_t> prompt = prompt_of(setup, tokens);
    std::vector<double> one;
    std::vector<double> scaling;
    Run run;
    for (int k = 0; k < repeats; ++k) {
        const Timing single = time_run(setup, mode, sync, 1, prompt);
        const Timing both = time_run(setup, mode, sync, 2, prompt);
        if (both.run.trace != single.run.trace) {
            std::fprintf(stderr, "wrong answer: the trace depends on the number of threads\n");
            std::exit(1);
        }
        one.push_back(1e3 * single.cpu / tokens);
        scaling.push_back(single.wall / both.wall);
        run = single.run;
    }
    std::ranges::sort(one);
    std::ranges::sort(scaling);
    const double events = link_events(run) / tokens;
    const auto packets = static_cast<double>(total(run, EventKind::message_in)) / tokens;
    const double median = one[one.size() / 2];
    std::printf("%-36s %8.1f ms/token (%.1f-%.1f)  %9.0f packets %10.0f link events a token  %5.1f M link events/s\n",
                what, median, one.front(), one.back(), packets, events, events / median * 1e-3);
    std::printf("%-36s %8.2f x on 2 threads (%.2f-%.2f)\n", "", scaling[scaling.size() / 2], scaling.front(),
                scaling.back());
    check_counts(setup, run, prompt);
    std::fflush(stdout);
}

Setup prepare(std::shared_ptr<const Deployment> model, const char* machine, WeightStorage format) {
    Setup setup;
    setup.model = std::move(model);
    setup.program = lower(setup.model);
    setup.machine = require(find_machine(machine));
    MapOptions options;
    options.format = format;
    setup.mapping = require(map_program(setup.program, setup.machine, options));
    return setup;
}

}  // namespace

int main(int argc, char** argv) {
    const bool figures = argc == 3 && std::strcmp(argv[2], "--figures") == 0;
    if (argc != 2 && !figures) {
        std::fprintf(stderr, "usage: bench_simulate MODEL.tph [--figures] | --large\n");
        return 2;
    }
    if (figures) {
        print_figures(prepare(require(load_model(argv[1])), "kapoho-point", WeightStorage::ternary2));
        return 0;
    }
    const bool large = std::strcmp(argv[1], "--large") == 0;
    std::printf("processor time of one thread, median (spread); wall time ratio for 2 threads\n");
    if (large) {
        const Setup setup = prepare(require(make_synthetic_model(require(synth_preset("mmfree-370m")))), "alia-point",
                                    WeightStorage::int8);
        report("mmfree-370m, 1 token, barrier", setup, RunMode::generate, SyncMode::barrier, 1, 1);
        report("mmfree-370m, 1 token, dataflow", setup, RunMode::generate, SyncMode::dataflow, 1, 1);
        report("mmfree-370m, prefill 24 tokens", setup, RunMode::prefill, SyncMode::barrier, 24, 1);
        std::printf("asked: <= 4000 ms/token\n");
    } else {
        const Setup setup = prepare(require(load_model(argv[1])), "kapoho-point", WeightStorage::ternary2);
        report("one token, barrier", setup, RunMode::generate, SyncMode::barrier, 1, 3);
        report("one token, dataflow", setup, RunMode::generate, SyncMode::dataflow, 1, 3);
        report("prefill of 24 tokens, barrier", setup, RunMode::prefill, SyncMode::barrier, 24, 3);
        report("prefill of 24 tokens, dataflow", setup, RunMode::prefill, SyncMode::dataflow, 24, 3);
        std::printf("asked: <= 60 ms/token; >= 1.6 x in prefill\n");
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("peak memory %.2f GiB (asked for mmfree-370m: <= 2 GB)\n",
                static_cast<double>(usage.ru_maxrss) / (1 << 20));
}

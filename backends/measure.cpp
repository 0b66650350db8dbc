#include "backends/measure.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <thread>

#include "backends/nvml.hpp"
#include "core/philox.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Samples the power beside the work and integrates it.
class PowerSampler {
public:
    explicit PowerSampler(const Nvml& nvml)
        : thread_([this, &nvml](const std::stop_token& stop) {
              for (Clock::time_point before = Clock::now(); !stop.stop_requested();) {
                  std::this_thread::sleep_for(std::chrono::milliseconds(20));
                  const double watts = nvml.watts();
                  const Clock::time_point now = Clock::now();
                  const double seconds = std::chrono::duration<double>(now - before).count();
                  before = now;
                  if (watts <= 0) continue;  // not to be had this time
                  joules_ += watts * seconds;
                  seconds_ += seconds;
              }
          }) {}
    /// Ends the sampling; mean power in watts over the time that was sampled, 0 where nothing was.
    double mean() {
        thread_.request_stop();
        thread_.join();
        return seconds_ > 0 ? joules_ / seconds_ : 0;
    }

private:
    double joules_ = 0, seconds_ = 0;  // of the thread until it is joined
    std::jthread thread_;
};

/// Work until the counter has just ticked; returns its value.
Result<double> until_tick(const Nvml& nvml, const std::function<Result<void>()>& work) {
    constexpr double longest_s = 10;  // a tick takes 0.1 s
    const double before = nvml.joules();
    const Clock::time_point start = Clock::now();
    for (;;) {
        if (auto ok = work(); !ok) return tl::unexpected(ok.error());
        const double now = nvml.joules();
        if (now > before) return now;
        if (now < before || seconds_since(start) > longest_s)
            return fail(ErrorCode::device, "the energy counter does not count", "libnvidia-ml.so.1",
                        "its last value was " + fixed_text(now, 3) + " J");
    }
}

/// A window of at least `seconds`; every call of `work` makes `tokens` tokens.
Result<MeasuredWindow> run_window(const Nvml& nvml, double seconds, double tokens,
                                  const std::function<Result<void>()>& work) {
    MeasuredWindow window;
    auto start = until_tick(nvml, work);
    if (!start) return tl::unexpected(start.error());
    const Clock::time_point begin = Clock::now();
    PowerSampler sampler(nvml);
    const auto one_call = [&]() -> Result<void> {
        window.tokens += tokens;
        return work();
    };
    while (seconds_since(begin) < seconds)
        if (auto ok = one_call(); !ok) return tl::unexpected(ok.error());
    auto end = until_tick(nvml, one_call);
    if (!end) return tl::unexpected(end.error());
    window.seconds = seconds_since(begin);
    window.joules = *end - *start;
    window.clock_mhz = nvml.clock_mhz();  // before the GPU has time to rest
    window.memory_clock_mhz = nvml.memory_clock_mhz();
    window.celsius = nvml.celsius();
    window.sampled_joules = sampler.mean() * window.seconds;
    return window;
}

Result<double> idle_watts(const Nvml& nvml, double seconds) {
    const auto pause = []() -> Result<void> {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return {};
    };
    auto window = run_window(nvml, seconds, 0, pause);
    if (!window) return tl::unexpected(window.error());
    return window->joules / window->seconds;
}

std::vector<std::int32_t> random_ids(const Deployment& model, int count) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
    const auto vocabulary = static_cast<std::uint32_t>(model.graph.config.vocab_size);
    for (std::size_t k = 0; k < ids.size(); ++k)
        ids[k] = static_cast<std::int32_t>(random_words(0, 0, k, 0)[0] % vocabulary);
    return ids;
}

/// One call of the engine, long beside its launch and short beside a tick of the counter: a window ends with a call.
struct Work {
    std::function<Result<void>()> run;
    double tokens = 0;
};

/// Steps that take about a fifth of a tick.
Result<int> steps_of_a_call(CudaEngine& engine, std::span<const std::int32_t> ids) {
    constexpr double call_s = 0.02;
    constexpr int tried = 8;
    double seconds = 0;
    for (int k = 0; k < 2; ++k) {  // the first call records graphs and loads kernels
        const Clock::time_point start = Clock::now();
        if (auto chosen = engine.generate(ids, tried); !chosen) return tl::unexpected(chosen.error());
        seconds = seconds_since(start) / tried;
    }
    return static_cast<int>(std::clamp(call_s / std::max(seconds, 1e-6), 1.0, 256.0));
}

Result<Work> make_work(CudaEngine& engine, const Deployment& model, const MeasureOptions& options, int batch) {
    if (options.prefill) {
        auto logits = std::vector<std::int32_t>(static_cast<std::size_t>(model.graph.config.vocab_size));
        return Work{[&engine, ids = random_ids(model, options.length), logits = std::move(logits)]() mutable {
                        return engine.prefill(0, ids, Logits::last, logits);
                    },
                    static_cast<double>(options.length)};
    }
    const auto ids = random_ids(model, batch);
    const auto steps = steps_of_a_call(engine, ids);
    if (!steps) return tl::unexpected(steps.error());
    return Work{[&engine, ids, steps = *steps]() -> Result<void> {
                    auto chosen = engine.generate(ids, steps);
                    if (!chosen) return tl::unexpected(chosen.error());
                    return {};
                },
                static_cast<double>(*steps) * batch};
}

Result<void> warm_up(const Work& work, double seconds) {
    for (const Clock::time_point start = Clock::now(); seconds_since(start) < seconds;)
        if (auto ok = work.run(); !ok) return ok;
    return {};
}

/// Measures batches of many sizes for a moment each.
Result<std::vector<BatchTrial>> search_batch(const Nvml& nvml, CudaEngine& engine, const Deployment& model,
                                             const MeasureOptions& options) {
    constexpr double longest_s = 2;
    return try_batches([&](int batch) -> Result<BatchTrial> {
        const auto work = make_work(engine, model, options, batch);
        if (!work) return tl::unexpected(work.error());
        const double seconds = std::min(longest_s, options.window_s);
        if (auto ok = warm_up(*work, seconds / 2); !ok) return tl::unexpected(ok.error());
        const auto window = run_window(nvml, seconds, work->tokens, work->run);
        if (!window) return tl::unexpected(window.error());
        return BatchTrial{batch, window->tokens / window->seconds, 1e3 * window->joules / window->tokens};
    });
}

void summarise(Measurement& m) {
    double seconds = 0, tokens = 0, joules = 0, sampled = 0;
    double least = INFINITY, most = 0;
    for (const MeasuredWindow& w : m.windows) {
        seconds += w.seconds;
        tokens += w.tokens;
        joules += w.joules;
        sampled += w.sampled_joules;
        least = std::min(least, w.joules / w.tokens);
        most = std::max(most, w.joules / w.tokens);
    }
    m.tokens_per_s = tokens / seconds;
    m.watts = joules / seconds;
    m.gross_mj = 1e3 * joules / tokens;
    m.net_mj = 1e3 * (joules - m.idle_context_w * seconds) / tokens;
    m.spread = (most - least) / (joules / tokens);
    m.counter_ratio = sampled > 0 ? joules / sampled : 0;
}

}  // namespace

Result<Measurement> measure(const std::shared_ptr<const Deployment>& model, const MeasureOptions& options) {
    const auto bus_id = cuda_bus_id();
    if (!bus_id) return tl::unexpected(bus_id.error());
    auto nvml = Nvml::open(*bus_id);
    if (!nvml) return tl::unexpected(nvml.error());
    Measurement m;
    m.driver = nvml->driver();
    auto idle = idle_watts(*nvml, options.idle_s);
    if (!idle) return tl::unexpected(idle.error());
    m.idle_w = *idle;
    m.batch = options.prefill ? 1 : options.batch;
    auto engine = make_cuda_engine(model, {.streams = options.best ? most_batch : m.batch, .threads = options.threads});
    if (!engine) return tl::unexpected(engine.error());
    m.device = (*engine)->device();
    idle = idle_watts(*nvml, options.idle_s);
    if (!idle) return tl::unexpected(idle.error());
    m.idle_context_w = *idle;
    if (options.best) {
        auto trials = search_batch(*nvml, **engine, *model, options);
        if (!trials) return tl::unexpected(trials.error());
        m.trials = std::move(*trials);
        m.batch = best_trial(m.trials).batch;
    }
    const auto work = make_work(**engine, *model, options, m.batch);
    if (!work) return tl::unexpected(work.error());
    if (auto ok = warm_up(*work, options.warm_up_s); !ok) return tl::unexpected(ok.error());
    for (int k = 0; k < options.windows; ++k) {
        auto window = run_window(*nvml, options.window_s, work->tokens, work->run);
        if (!window) return tl::unexpected(window.error());
        m.windows.push_back(*window);
    }
    summarise(m);
    return m;
}

}  // namespace tephra

// Equal bits on a GPU: every check draws fresh inputs from the seed and compares integers, without tolerance.
// Usage: tephra_gpu_parity SEED THREADS [quick-decode | quick-batch] MODEL...; prints a line a check and ends with 1
// when one failed. MODEL: "overflow" (extreme sums, tests/gpu/overflow.cpp) or what model_argument.hpp takes.
#include <algorithm>
#include <chrono>

#include "benchmarks/gpu/model_argument.hpp"
#include "neuro/lm/sampling.hpp"
#include "tests/gpu/check.hpp"

namespace tephra::gpu {
namespace {

using Lengths = std::vector<std::size_t>;
using Seen = std::map<std::tuple<int, int, std::string>, std::vector<States>>;

/// All that `work` shows to taps, by stream, block and name.
template <typename Work>
Seen watch(Engine& engine, const Work& work) {
    Seen seen;
    engine.set_tap([&](int stream, int block, std::string_view name, std::span<const std::int32_t> values) {
        seen[{stream, block, std::string(name)}].emplace_back(values.begin(), values.end());
    });
    work(engine);
    engine.set_tap({});
    return seen;
}

void compare_taps(Check& check, const std::string& what, const Seen& got, const Seen& want) {
    std::string detail = want.empty() ? "the oracle shows nothing" : "";
    for (const auto& [key, values] : want) {
        const auto found = got.find(key);
        const auto& [stream, block, name] = key;
        const std::string at = "stream " + std::to_string(stream) + " block " + std::to_string(block) + " " + name;
        if (found == got.end() || found->second.size() != values.size()) {
            detail = at + ": not shown";
        } else {
            for (std::size_t t = 0; t < values.size() && detail.empty(); ++t)
                if (const std::string d = difference(found->second[t], values[t]); !d.empty())
                    detail = at + " of token " + std::to_string(t) + ": " + d;
        }
        if (!detail.empty()) break;
    }
    check.report("taps, " + what + ", " + std::to_string(want.size()) + " points", detail);
}

/// Every tap of every layer against the plain definition: of a prompt, and of a batch of three streams.
void check_taps(Check& check, CudaEngine& cuda, const std::string& products) {
    const Tokens ids = check.tokens(1, 3);
    const auto prompt = [&](Engine& engine) {
        States logits(check.vocabulary() * ids.size(), poison);
        demand(engine.prefill(0, ids, Logits::all, logits));
    };
    const auto batch = [&](Engine& engine) {
        for (std::uint32_t step = 0; step < 2; ++step) {
            States logits(check.vocabulary() * 3, poison);
            demand(engine.decode(check.tokens(2 + step, 3), logits));
        }
    };
    restart(check, cuda, 1);
    compare_taps(check, "prompt, " + products, watch(cuda, prompt),
                 watch(*make_golden_engine(check.model, {1, 1}).value(), prompt));
    restart(check, cuda, 3);
    compare_taps(check, "batch 3, " + products, watch(cuda, batch),
                 watch(*make_golden_engine(check.model, {3, 1}).value(), batch));
}

/// A prompt in one go against the same tokens one by one, after other work, so that nothing that the engine forgets to
/// write is right by chance.
void check_prefill(Check& check, CudaEngine& cuda, const std::string& products, std::size_t length, const Story& want) {
    demand(cuda.prefill(0, check.tokens(98, length), Logits::none, {}));
    restart(check, cuda, 2);
    States logits(length * check.vocabulary(), poison);
    demand(cuda.prefill(1, std::span(want.ids).first(length), Logits::all, logits));
    std::string detail;
    for (std::size_t t = 0; t < length && detail.empty(); ++t) {
        detail = difference(std::span(logits).subspan(t * check.vocabulary(), check.vocabulary()), want.logits[t]);
        if (!detail.empty()) detail = "token " + std::to_string(t) + ": " + detail;
    }
    if (detail.empty() && length == want.ids.size()) detail = difference(state_of(check, cuda, 1), want.state);
    check.report("prefill " + std::to_string(length) + ", " + products, detail);
}

/// States of any value copied in, one token, logits and states copied out.
void check_states(Check& check, CudaEngine& cuda, int streams, const std::string& what) {
    const auto want = check.oracle(streams);
    for (int s = 0; s < streams; ++s) {
        States state(check.state_size());
        for (std::size_t k = 0; k < state.size(); ++k)
            state[k] = static_cast<std::int32_t>(random_words(check.seed, 60, k, static_cast<std::uint32_t>(s))[0]) >>
                       (8 + k % 3 * 4);
        demand(cuda.write_state(s, state));
        demand(want->write_state(s, state));
    }
    const Tokens ids = check.tokens(61, static_cast<std::size_t>(streams));
    States a(check.vocabulary() * ids.size(), poison), b(a);
    demand(cuda.decode(ids, a));
    demand(want->decode(ids, b));
    std::string detail = difference(a, b);
    for (int s = 0; s < streams && detail.empty(); ++s)
        detail = difference(state_of(check, cuda, s), state_of(check, *want, s));
    check.report("states copied in, " + what, detail);
}

/// Greedy generation on the device against the host's choice from the oracle's logits; the state is carried over. Three
/// streams differ; more of them repeat these.
void check_generate(Check& check, CudaEngine& cuda, int streams, int steps, const std::string& what) {
    const int different = std::min(streams, 3);
    const auto want = check.oracle(different);
    Tokens ids = check.tokens(5, static_cast<std::size_t>(different));
    const auto repeated = [&] {
        Tokens all;
        for (int s = 0; s < streams; ++s) all.push_back(ids[static_cast<std::size_t>(s % different)]);
        return all;
    };
    restart(check, cuda, streams);
    const auto got = cuda.generate(repeated(), steps);
    if (!got) demand(tl::unexpected(got.error()));
    std::vector<std::int32_t> expected;
    for (int step = 0; step < steps; ++step) {
        States logits(check.vocabulary() * ids.size(), poison);
        demand(want->decode(ids, logits));
        for (std::size_t s = 0; s < ids.size(); ++s) {
            const auto row = std::span(logits).subspan(s * check.vocabulary(), check.vocabulary());
            ids[s] = greedy_token(row);
        }
        const Tokens all = repeated();
        expected.insert(expected.end(), all.begin(), all.end());
    }
    std::string detail = difference(*got, expected);
    for (int s = 0; s < streams && detail.empty(); ++s)
        detail = difference(state_of(check, cuda, s), state_of(check, *want, s % different));
    check.report("greedy generation of " + std::to_string(steps) + " x " + std::to_string(streams) + ", " + what,
                 detail);
}

/// Longer than every tag of the persistent kernel takes to come round (65535 versions, layers + 1 a token).
void check_long_generation(Check& check, CudaEngine& persistent, CudaEngine& plain) {
    const Tokens first = check.tokens(6, 1);
    const int steps = 70'000 / (check.model->graph.config.num_layers + 1);
    restart(check, persistent, 1);
    restart(check, plain, 1);
    const auto got = persistent.generate(first, steps), want = plain.generate(first, steps);
    if (!got) demand(tl::unexpected(got.error()));
    if (!want) demand(tl::unexpected(want.error()));
    std::string detail = difference(*got, *want);
    if (detail.empty()) detail = difference(state_of(check, persistent, 0), state_of(check, plain, 0));
    check.report("greedy generation of " + std::to_string(steps) + ", persistent kernel against a batch of one",
                 detail);
}

/// A few tokens: the sanitizers slow kernels down by orders of magnitude.
void check_quickly(Check& check, bool decode) {
    std::vector<Story> stories;
    for (std::uint32_t k = 0; k < 2; ++k) stories.push_back(tell(check, *check.oracle(1), check.tokens(10 + k, 2)));
    if (decode) {
        const auto persistent = cuda_engine(check, 1, true, true);
        return compare_stories(check, "decode, persistent kernel", tell(check, *persistent, stories[0].ids),
                               stories[0]);
    }
    const auto warpgroup = cuda_engine(check, 520, false, true), warp = cuda_engine(check, 3, false, false);
    for (const int batch : {3, 64, 130}) check_batch(check, *warpgroup, warpgroup_products, batch, stories);
    check_batch(check, *warp, warp_products, 3, stories);
    for (const int streams : {5, 40, 130}) check_generate(check, *warpgroup, streams, 2, warpgroup_products);
    check_generate(check, *warpgroup, 520, 1, warpgroup_products);
    const Story told = tell(check, *check.oracle(1), check.tokens(99, 520));
    for (const std::size_t prompt : Lengths{70, 520})
        check_prefill(check, *warpgroup, warpgroup_products, prompt, told);
}

void check_model(Check& check) {
    const auto [persistent, warpgroup, warp] = make_engines(check, check.small ? 2100 : 600, 70);
    if (!persistent->persistent())
        std::cout << "          " << check.name << ": the persistent kernel does not take this shape" << std::endl;
    std::vector<Story> stories;
    for (std::uint32_t k = 0; k < 5; ++k)
        stories.push_back(tell(check, *check.oracle(1), check.tokens(10 + k, check.small ? 12 : 3)));
    compare_stories(check, "decode, persistent kernel", tell(check, *persistent, stories[0].ids), stories[0]);
    compare_stories(check, "decode, batch of one", tell(check, *warpgroup, stories[0].ids), stories[0]);
    check_states(check, *persistent, 1, "persistent kernel");
    check_states(check, *warpgroup, 3, "batch");
    for (const int batch : {3, 8, 64, 256, 300, 600})
        check_batch(check, *warpgroup, warpgroup_products, batch, stories);
    for (const int batch : {70, 5}) check_batch(check, *warp, warp_products, batch, stories);
    if (parameter_count(check.model->graph.config) < 1'000'000'000) {
        check_taps(check, *warpgroup, warpgroup_products);
        check_taps(check, *warp, warp_products);
    }
    const Story told = tell(check, *check.oracle(1), check.tokens(99, check.small ? 300 : 70));
    for (const std::size_t prompt : Lengths{1, 2, 17, 65, 70, 129, 300})
        if (prompt <= told.ids.size()) check_prefill(check, *warpgroup, warpgroup_products, prompt, told);
    check_prefill(check, *warp, warp_products, told.ids.size(), told);
    const int steps = check.small ? 40 : 8;
    check_generate(check, *persistent, 1, steps, "persistent kernel");
    for (const int streams : {3, 40, 250, 300, 600, 2100})
        if (streams <= warpgroup->streams()) check_generate(check, *warpgroup, streams, steps, warpgroup_products);
    check_generate(check, *warp, 3, steps, warp_products);
    check_long_prefill(check, *persistent, 2048);
    if (!check.small) return;
    check_long_prefill(check, *persistent, 777);
    check_long_prefill(check, *persistent, 4111);  // three chunks of the engine, the second by the first one's graph
    check_long_generation(check, *persistent, *warpgroup);
}

/// Checks one model argument; returns the number of failures.
int check_argument(Check check, const std::string& argument, const std::string& quick) {
    auto model = open_model(argument, check.seed, check.threads);
    if (!model) demand(tl::unexpected(model.error()));
    check.model = *model;
    check.name = model_name(argument);
    const std::int64_t parameters = parameter_count(check.model->graph.config);
    check.small = parameters < 40'000'000;
    check.golden = check.small;
    if (quick.empty())
        check_model(check);
    else
        check_quickly(check, quick == "quick-decode");
    return check.failures;
}

}  // namespace
}  // namespace tephra::gpu

int main(int argc, char** argv) {
    using namespace tephra;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool quick = argc > 3 && arguments[2].starts_with("quick");
    const std::size_t first = quick ? 3 : 2;
    if (arguments.size() <= first) {
        std::cerr << "usage: tephra_gpu_parity SEED THREADS [quick-decode | quick-batch] MODEL...\n";
        return 2;
    }
    gpu::Check check;
    check.seed = std::strtoull(argv[1], nullptr, 10);
    check.threads = std::atoi(argv[2]);
    int failures = 0;
    for (std::size_t k = first; k < arguments.size(); ++k) {
        const auto start = std::chrono::steady_clock::now();
        const int here = arguments[k] == "overflow"
                             ? gpu::check_overflow(check.seed, check.threads)
                             : gpu::check_argument(check, arguments[k], quick ? arguments[2] : "");
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        std::cout << "          " << gpu::model_name(arguments[k]) << ": " << here << " failures, " << seconds.count()
                  << " s" << std::endl;
        failures += here;
    }
    std::cout << (failures == 0 ? "parity: all equal" : "parity: DIFFERENT") << std::endl;
    return failures == 0 ? 0 : 1;
}

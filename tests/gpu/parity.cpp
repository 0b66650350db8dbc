// Equal bits on a GPU: every check draws fresh inputs from the seed and compares integers, without tolerance.
// Usage: tephra_gpu_parity SEED THREADS [quick] MODEL...; prints a line a check and ends with 1 when one failed.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>

#include "backends/cuda/engine.hpp"
#include "benchmarks/gpu/model_argument.hpp"
#include "core/philox.hpp"

namespace tephra::gpu {
namespace {

using States = std::vector<std::int32_t>;
using Tokens = std::vector<std::int32_t>;
using Model = std::shared_ptr<const Deployment>;

constexpr std::int32_t poison = 0x5A5A5A5A;

struct Check {
    Model model;
    std::string name;
    std::uint64_t seed = 0;
    int threads = 1;
    bool quick = false;  ///< a few tokens through every kernel: for the sanitizers
    bool small = false;  ///< the plain definition is quick enough to be the oracle
    int failures = 0;

    [[nodiscard]] std::size_t vocabulary() const { return static_cast<std::size_t>(model->graph.config.vocab_size); }
    [[nodiscard]] std::size_t state_size() const {
        return static_cast<std::size_t>(model->graph.config.num_layers) *
               static_cast<std::size_t>(model->graph.config.hidden_size);
    }
    [[nodiscard]] Tokens tokens(std::uint32_t stream, std::size_t count) const {
        Tokens ids(count);
        for (std::size_t k = 0; k < count; ++k)
            ids[k] = static_cast<std::int32_t>(random_words(seed, stream, k, 0)[0] % vocabulary());
        return ids;
    }
    void report(const std::string& what, bool equal, const std::string& detail = {}) {
        if (!equal) ++failures;
        std::cout << (equal ? "equal     " : "DIFFERENT ") << name << ": " << what
                  << (detail.empty() ? "" : " (" + detail + ")") << std::endl;
    }
    [[nodiscard]] std::unique_ptr<Engine> oracle(int streams) const {
        return small ? make_golden_engine(model, {streams, threads}) : make_native_engine(model, {streams, threads});
    }
};

void demand(const Result<void>& result) {
    if (result) return;
    std::cerr << to_string(result.error()) << "\n";
    std::exit(5);
}

std::unique_ptr<CudaEngine> engine(const Check& check, int streams, bool persistent, bool hopper) {
    auto made = make_cuda_engine(check.model, {streams, check.threads, persistent, hopper});
    if (!made) demand(tl::unexpected(made.error()));
    return std::move(*made);
}

/// "3 of 4096 differ, first at 17: 5 is not 6", or "".
std::string difference(std::span<const std::int32_t> got, std::span<const std::int32_t> want) {
    if (got.size() != want.size()) return "sizes differ";
    std::size_t count = 0, first = 0;
    for (std::size_t k = 0; k < got.size(); ++k)
        if (got[k] != want[k] && count++ == 0) first = k;
    if (count == 0) return {};
    return std::to_string(count) + " of " + std::to_string(got.size()) + " differ, first at " + std::to_string(first) +
           ": " + std::to_string(got[first]) + " is not " + std::to_string(want[first]);
}

/// What an engine does with a sequence of one stream: logits after each token, and the last state.
struct Story {
    Tokens ids;
    std::vector<States> logits;
    States state;
};

Story tell(const Check& check, Engine& engine, const Tokens& ids) {
    Story story{ids, {}, States(check.state_size(), poison)};
    for (const std::int32_t id : ids) {
        States& logits = story.logits.emplace_back(check.vocabulary(), poison);
        demand(engine.decode({&id, 1}, logits));
    }
    demand(engine.read_state(0, story.state));
    return story;
}

void compare_stories(Check& check, const std::string& what, const Story& got, const Story& want) {
    std::string detail = difference(got.state, want.state);
    if (!detail.empty()) detail = "state: " + detail;
    for (std::size_t t = 0; t < want.logits.size() && detail.empty(); ++t) {
        detail = difference(got.logits[t], want.logits[t]);
        if (!detail.empty()) detail = "logits of token " + std::to_string(t) + ": " + detail;
    }
    check.report(what, detail.empty(), detail);
}

/// Every tap of every layer for a few tokens.
void check_taps(Check& check, bool hopper) {
    using Seen = std::map<std::pair<int, std::string>, std::vector<States>>;
    const Tokens ids = check.tokens(1, 3);
    const auto watch = [&](Engine& engine) {
        Seen seen;
        engine.set_tap([&](int, int block, std::string_view name, std::span<const std::int32_t> values) {
            seen[{block, std::string(name)}].emplace_back(values.begin(), values.end());
        });
        tell(check, engine, ids);
        engine.set_tap({});
        return seen;
    };
    const Seen want = watch(*make_golden_engine(check.model, {1, 1}));
    const Seen got = watch(*engine(check, 1, false, hopper));
    std::string detail;
    for (const auto& [key, values] : want) {
        const auto found = got.find(key);
        const std::string at = "block " + std::to_string(key.first) + " " + key.second;
        if (found == got.end() || found->second.size() != values.size()) {
            detail = at + ": not shown";
        } else {
            for (std::size_t t = 0; t < values.size() && detail.empty(); ++t)
                if (const std::string d = difference(found->second[t], values[t]); !d.empty())
                    detail = at + " of token " + std::to_string(t) + ": " + d;
        }
        if (!detail.empty()) break;
    }
    check.report(std::string("taps, ") + (hopper ? "warpgroup" : "warp") + " products, " + std::to_string(want.size()) +
                     " points",
                 detail.empty(), detail);
}

/// A batch whose streams follow the given stories in a shuffled order.
void check_batch(Check& check, int batch, bool hopper, const std::vector<Story>& stories) {
    const auto cuda = engine(check, batch, false, hopper);
    const auto story_of = [&](int s) -> const Story& {
        return stories[random_words(check.seed, 77, static_cast<std::uint64_t>(s), 0)[0] % stories.size()];
    };
    std::string detail;
    for (std::size_t t = 0; t < stories[0].ids.size() && detail.empty(); ++t) {
        Tokens ids;
        for (int s = 0; s < batch; ++s) ids.push_back(story_of(s).ids[t]);
        States logits(check.vocabulary() * static_cast<std::size_t>(batch), poison);
        demand(cuda->decode(ids, logits));
        for (int s = 0; s < batch && detail.empty(); ++s) {
            const auto row =
                std::span(logits).subspan(static_cast<std::size_t>(s) * check.vocabulary(), check.vocabulary());
            if (const std::string d = difference(row, story_of(s).logits[t]); !d.empty())
                detail = "token " + std::to_string(t) + " of stream " + std::to_string(s) + ": " + d;
        }
    }
    for (int s = 0; s < batch && detail.empty(); ++s) {
        States state(check.state_size(), poison);
        demand(cuda->read_state(s, state));
        detail = difference(state, story_of(s).state);
    }
    check.report("batch " + std::to_string(batch) + (hopper ? ", warpgroup" : ", warp") + " products", detail.empty(),
                 detail);
}

/// A prompt in one go against the same tokens one by one.
void check_prefill(Check& check, std::size_t length, bool hopper, const Story& want) {
    const auto cuda = engine(check, 2, false, hopper);
    const auto ids = std::span(want.ids).first(length);
    States logits(length * check.vocabulary(), poison);
    demand(cuda->prefill(1, ids, Logits::all, logits));
    std::string detail;
    for (std::size_t t = 0; t < length && detail.empty(); ++t) {
        detail = difference(std::span(logits).subspan(t * check.vocabulary(), check.vocabulary()), want.logits[t]);
        if (!detail.empty()) detail = "token " + std::to_string(t) + ": " + detail;
    }
    if (detail.empty() && length == want.ids.size()) {
        States state(check.state_size(), poison);
        demand(cuda->read_state(1, state));
        detail = difference(state, want.state);
    }
    check.report("prefill " + std::to_string(length) + (hopper ? ", warpgroup" : ", warp") + " products",
                 detail.empty(), detail);
}

/// Greedy generation on the device against the host's choice from the oracle's logits; the state is carried over.
void check_generate(Check& check, int streams, bool persistent) {
    const int steps = check.small ? 40 : 8;
    const auto cuda = engine(check, streams, persistent, true);
    const auto want = check.oracle(streams);
    Tokens ids = check.tokens(5, static_cast<std::size_t>(streams));
    const auto got = cuda->generate(ids, steps);
    if (!got) demand(tl::unexpected(got.error()));
    std::vector<std::int32_t> expected;
    for (int step = 0; step < steps; ++step) {
        States logits(check.vocabulary() * ids.size());
        demand(want->decode(ids, logits));
        for (std::size_t s = 0; s < ids.size(); ++s) {
            const auto row = std::span(logits).subspan(s * check.vocabulary(), check.vocabulary());
            ids[s] = static_cast<std::int32_t>(std::ranges::max_element(row) - row.begin());
        }
        expected.insert(expected.end(), ids.begin(), ids.end());
    }
    States a(check.state_size()), b(check.state_size());
    demand(cuda->read_state(streams - 1, a));
    demand(want->read_state(streams - 1, b));
    std::string detail = difference(*got, expected);
    if (detail.empty()) detail = difference(a, b);
    check.report("greedy generation of " + std::to_string(steps) + " x " + std::to_string(streams) +
                     (cuda->persistent() && streams == 1 ? ", persistent kernel" : ""),
                 detail.empty(), detail);
}

/// Every kernel a few times: the sanitizers slow them down by orders of magnitude.
void check_quickly(Check& check) {
    std::vector<Story> stories;
    for (std::uint32_t k = 0; k < 2; ++k) stories.push_back(tell(check, *check.oracle(1), check.tokens(10 + k, 2)));
    const auto persistent = engine(check, 1, true, true);
    compare_stories(check, "decode, persistent kernel", tell(check, *persistent, stories[0].ids), stories[0]);
    for (const int batch : {3, 64, 130}) check_batch(check, batch, true, stories);
    check_batch(check, 3, false, stories);
    const Story prompt = tell(check, *check.oracle(1), check.tokens(99, 70));
    check_prefill(check, 70, true, prompt);
}

void check_model(Check& check) {
    if (check.quick) return check_quickly(check);
    if (check.small) {
        check_taps(check, true);
        check_taps(check, false);
    }
    const std::size_t length = check.small ? 12 : 3;
    std::vector<Story> stories;
    for (std::uint32_t k = 0; k < 5; ++k)
        stories.push_back(tell(check, *check.oracle(1), check.tokens(10 + k, length)));
    const auto persistent = engine(check, 1, true, true);
    if (persistent->persistent())
        compare_stories(check, "decode, persistent kernel", tell(check, *persistent, stories[0].ids), stories[0]);
    else
        std::cout << "          " << check.name << ": the persistent kernel does not take this shape\n";
    compare_stories(check, "decode, kernel by kernel", tell(check, *engine(check, 1, false, true), stories[0].ids),
                    stories[0]);
    for (const int batch : {3, 8, 64, 256}) check_batch(check, batch, true, stories);
    check_batch(check, 70, false, stories);
    check_batch(check, 5, false, stories);
    const Story long_story = tell(check, *check.oracle(1), check.tokens(99, check.small ? 300 : 70));
    for (const std::size_t prompt : {1, 2, 17, 65, 70, 129, 300})
        if (prompt <= long_story.ids.size()) check_prefill(check, prompt, true, long_story);
    check_prefill(check, long_story.ids.size(), false, long_story);
    check_generate(check, 1, true);
    check_generate(check, 3, false);
}

}  // namespace
}  // namespace tephra::gpu

int main(int argc, char** argv) {
    using namespace tephra;
    if (argc < 4) {
        std::cerr << "usage: tephra_gpu_parity SEED THREADS MODEL...\n";
        return 2;
    }
    int failures = 0;
    const bool quick = argc > 4 && std::string(argv[3]) == "quick";
    for (int k = quick ? 4 : 3; k < argc; ++k) {
        gpu::Check check;
        check.quick = quick;
        check.seed = std::strtoull(argv[1], nullptr, 10);
        check.threads = std::atoi(argv[2]);
        const auto start = std::chrono::steady_clock::now();
        auto model = gpu::open_model(argv[k], check.seed, check.threads);
        if (!model) {
            std::cerr << to_string(model.error()) << "\n";
            return 3;
        }
        check.model = *model;
        check.name = argv[k];
        check.small = parameter_count(check.model->graph.config) < 40'000'000;
        gpu::check_model(check);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        std::cout << "          " << argv[k] << ": " << check.failures << " failures, " << seconds.count() << " s\n";
        failures += check.failures;
    }
    std::cout << (failures == 0 ? "parity: all equal" : "parity: DIFFERENT") << std::endl;
    return failures == 0 ? 0 : 1;
}

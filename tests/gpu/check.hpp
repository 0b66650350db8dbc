#pragma once
// What the checks on a GPU share: a model, inputs drawn from the seed, an oracle, and comparison without tolerance.
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "backends/cuda/engine.hpp"
#include "core/philox.hpp"

namespace tephra::gpu {

using States = std::vector<std::int32_t>;
using Tokens = std::vector<std::int32_t>;

/// Fills every output before it is written, on the host and, where a check holds them, on the device.
inline constexpr std::int32_t poison = 0x5A5A5A5A;

struct Check {
    std::shared_ptr<const Deployment> model;
    std::string name;
    std::uint64_t seed = 0;
    int threads = 1;
    bool small = false;   ///< many tokens take no time
    bool golden = false;  ///< the plain definition is quick enough to be the oracle
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
    void report(const std::string& what, const std::string& detail) {
        if (!detail.empty()) ++failures;
        std::cout << (detail.empty() ? "equal     " : "DIFFERENT ") << name << ": " << what
                  << (detail.empty() ? "" : " (" + detail + ")") << std::endl;
    }
    [[nodiscard]] std::unique_ptr<Engine> oracle(int streams) const {
        return golden ? make_golden_engine(model, {streams, threads}).value()
                      : make_native_engine(model, {streams, threads}).value();
    }
};

/// Ends the program where an engine refuses to work: nothing after it could be trusted.
inline void demand(const Result<void>& result) {
    if (result) return;
    std::cout << std::flush;
    std::cerr << to_string(result.error()) << std::endl;
    std::exit(static_cast<int>(result.error().code));
}

inline std::unique_ptr<CudaEngine> cuda_engine(const Check& check, int streams, bool persistent, bool hopper) {
    auto made = make_cuda_engine(check.model, {streams, check.threads, persistent, hopper});
    if (!made) demand(tl::unexpected(made.error()));
    return std::move(*made);
}

inline constexpr const char *warpgroup_products = "warpgroup products", *warp_products = "warp products";

/// "3 of 4096 differ, first at 17: 5 is not 6", or "".
inline std::string difference(std::span<const std::int32_t> got, std::span<const std::int32_t> want) {
    if (got.size() != want.size()) return "sizes differ";
    std::size_t count = 0, first = 0;
    for (std::size_t k = 0; k < got.size(); ++k)
        if (got[k] != want[k] && count++ == 0) first = k;
    if (count == 0) return {};
    return std::to_string(count) + " of " + std::to_string(got.size()) + " differ, first at " + std::to_string(first) +
           ": " + std::to_string(got[first]) + " is not " + std::to_string(want[first]);
}

inline States state_of(const Check& check, const Engine& engine, int stream) {
    States state(check.state_size(), poison);
    demand(engine.read_state(stream, state));
    return state;
}

/// What an engine does with a sequence of one stream: logits after each token, and the last state.
struct Story {
    Tokens ids;
    std::vector<States> logits;
    States state;
};

inline Story tell(const Check& check, Engine& engine, const Tokens& ids) {
    Story story{ids, {}, {}};
    for (const std::int32_t id : ids) {
        States& logits = story.logits.emplace_back(check.vocabulary(), poison);
        demand(engine.decode({&id, 1}, logits));
    }
    story.state = state_of(check, engine, 0);
    return story;
}

inline void compare_stories(Check& check, const std::string& what, const Story& got, const Story& want) {
    std::string detail = difference(got.state, want.state);
    if (!detail.empty()) detail = "state: " + detail;
    for (std::size_t t = 0; t < want.logits.size() && detail.empty(); ++t) {
        detail = difference(got.logits[t], want.logits[t]);
        if (!detail.empty()) detail = "logits of token " + std::to_string(t) + ": " + detail;
    }
    check.report(what, detail);
}

/// The engines that the checks of one model share: what they did before must not show in what they do next.
struct Engines {
    std::unique_ptr<CudaEngine> persistent;  ///< one stream
    std::unique_ptr<CudaEngine> warpgroup;   ///< batches, by Hopper's products and step where the device has them
    std::unique_ptr<CudaEngine> warp;        ///< batches kernel by kernel, by the products of every device
};

inline Engines make_engines(const Check& check, int warpgroup_streams, int warp_streams) {
    return {cuda_engine(check, 1, true, true), cuda_engine(check, warpgroup_streams, false, true),
            cuda_engine(check, warp_streams, false, false)};
}

/// The zero state in the first streams.
inline void restart(const Check& check, Engine& engine, int streams) {
    const States zeros(check.state_size());
    for (int s = 0; s < streams; ++s) demand(engine.write_state(s, zeros));
}

/// One step for each stream of a batch, whose streams follow the given stories in a shuffled order.
inline void check_batch(Check& check, CudaEngine& cuda, const std::string& products, int batch,
                        const std::vector<Story>& stories) {
    const auto story_of = [&](int s) -> const Story& {
        return stories[random_words(check.seed, 77, static_cast<std::uint64_t>(s), 0)[0] % stories.size()];
    };
    restart(check, cuda, batch);
    std::string detail;
    for (std::size_t t = 0; t < stories[0].ids.size() && detail.empty(); ++t) {
        Tokens ids;
        for (int s = 0; s < batch; ++s) ids.push_back(story_of(s).ids[t]);
        States logits(check.vocabulary() * static_cast<std::size_t>(batch), poison);
        demand(cuda.decode(ids, logits));
        for (int s = 0; s < batch && detail.empty(); ++s) {
            const auto row =
                std::span(logits).subspan(static_cast<std::size_t>(s) * check.vocabulary(), check.vocabulary());
            if (const std::string d = difference(row, story_of(s).logits[t]); !d.empty())
                detail = "token " + std::to_string(t) + " of stream " + std::to_string(s) + ": " + d;
        }
    }
    for (int s = 0; s < batch && detail.empty(); ++s) {
        detail = difference(state_of(check, cuda, s), story_of(s).state);
        if (!detail.empty()) detail = "state of stream " + std::to_string(s) + ": " + detail;
    }
    check.report("batch " + std::to_string(batch) + ", " + products, detail);
}

/// A prompt that is too long to be told token by token: the native engine's prefill is the oracle.
inline void check_long_prefill(Check& check, CudaEngine& cuda, std::size_t length) {
    const Tokens ids = check.tokens(97, length);
    const auto native = make_native_engine(check.model, {1, check.threads}).value();
    States want(length * check.vocabulary(), poison), got(length * check.vocabulary(), poison);
    demand(native->prefill(0, ids, Logits::all, want));
    restart(check, cuda, 1);
    demand(cuda.prefill(0, ids, Logits::all, got));
    std::string detail = difference(got, want);
    if (detail.empty()) detail = difference(state_of(check, cuda, 0), state_of(check, *native, 0));
    check.report("prefill " + std::to_string(length) + " against native", detail);
}

/// Extreme sums through every product; counts failures. Needs no model file.
int check_overflow(std::uint64_t seed, int threads);

}  // namespace tephra::gpu

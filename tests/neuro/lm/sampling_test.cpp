#include "neuro/lm/sampling.hpp"

#include <cmath>
#include <limits>

#include "core/fixed.hpp"
#include "core/philox.hpp"
#include "neuro/lm/exp2_table.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

constexpr int bits = 16;
constexpr std::int32_t one = 1 << bits;

Sampler sampler(const SamplingOptions& options, int fraction_bits = bits) {
    return Sampler::create(options, fraction_bits).value();
}

/// How often each token was chosen at `draws` positions.
std::vector<int> histogram(const SamplingOptions& options, std::span<const std::int32_t> logits, int draws) {
    Sampler s = sampler(options);
    std::vector<int> counts(logits.size(), 0);
    for (int position = 0; position < draws; ++position)
        ++counts[static_cast<std::size_t>(s.next(logits, 0, static_cast<std::uint64_t>(position)))];
    return counts;
}

/// Chi-square of counts against weights.
double chi_square(const std::vector<int>& counts, const std::vector<double>& weights) {
    double draws = 0, total = 0, sum = 0;
    for (const int count : counts) draws += count;
    for (const double w : weights) total += w;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const double expected = draws * weights[i] / total;
        if (expected == 0) REQUIRE(counts[i] == 0);
        if (expected > 0) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    return sum;
}

/// Logits of the probabilities w / sum w.
std::vector<std::int32_t> logits_of(const std::vector<double>& weights) {
    std::vector<std::int32_t> logits;
    for (const double w : weights) logits.push_back(static_cast<std::int32_t>(std::lround(std::log(w) * one)));
    return logits;
}

}  // namespace

TEST_CASE("the table of powers of two follows its formula") {
    for (std::size_t k = 0; k < exp2_table.size(); ++k)
        CHECK(exp2_table[k] == std::llround(std::exp2(30 - static_cast<long double>(k) / 256)));
}

TEST_CASE("weights are exponentials") {
    for (const double temperature : {0.1, 0.7, 1.0, 3.0, 100.0})
        for (const int fraction_bits : {0, 10, 16, 23}) {
            const Sampler s = sampler({.temperature = temperature}, fraction_bits);
            const double kept = std::round(temperature * 0x1p16) * 0x1p-16;
            CHECK(s.weight(0) == 1U << 30);
            std::uint32_t last = 1U << 30;
            for (std::int64_t distance = 0; distance < 1 << 24; distance = distance * 5 / 4 + 1) {
                const std::uint32_t w = s.weight(static_cast<std::int32_t>(distance));
                CHECK(w <= last);
                last = w;
                const double exact =
                    0x1p30 * std::exp(-std::ldexp(static_cast<double>(distance), -fraction_bits) / kept);
                CHECK(std::abs(w - exact) <= 2 + exact * 2e-5);
            }
        }
    CHECK(sampler({.temperature = min_temperature}, 0).weight(state_max - state_min) == 0);
    CHECK(sampler({.temperature = max_temperature}, 23).weight(state_max - state_min) > (1U << 30) * 0.99);
}

TEST_CASE("greedy takes the largest logit and the lowest id among equals") {
    Sampler s = sampler({.greedy = true, .temperature = 5, .top_k = 7});
    CHECK(s.next(std::vector<std::int32_t>{3, 9, -4, 9}, 0, 0) == 1);
    CHECK(s.next(std::vector<std::int32_t>{state_min, state_min}, 3, 8) == 0);
    CHECK(s.next(std::vector<std::int32_t>{state_min, state_max}, 3, 8) == 1);
    CHECK(s.next(std::vector<std::int32_t>{5}, 0, 0) == 0);
}

TEST_CASE("tokens are drawn by their probability") {
    // 7 degrees of freedom: chi-square exceeds 24.3 with probability 0.001; the seeds are fixed.
    const std::vector<double> weights{0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.04, 0.01};
    const auto logits = logits_of(weights);
    for (const std::uint64_t seed : {1UL, 2UL, 3UL})
        CHECK(chi_square(histogram({.seed = seed}, logits, 20000), weights) < 24.3);
    std::vector<double> squares;
    for (const double w : weights) squares.push_back(w * w);
    CHECK(chi_square(histogram({.temperature = 0.5, .seed = 4}, logits, 20000), squares) < 24.3);
}

TEST_CASE("top-k keeps the k largest") {
    const std::vector<double> weights{0.05, 0.3, 0.25, 0.05, 0.35};
    const auto logits = logits_of(weights);
    CHECK(chi_square(histogram({.top_k = 3, .seed = 5}, logits, 20000), {0, 0.3, 0.25, 0, 0.35}) < 13.8);
    CHECK(chi_square(histogram({.top_k = 5, .seed = 5}, logits, 20000), weights) < 18.5);
    CHECK(histogram({.top_k = 1}, logits, 100) == std::vector<int>{0, 0, 0, 0, 100});
    CHECK(histogram({.top_k = 1000, .seed = 9}, logits, 500) == histogram({.seed = 9}, logits, 500));
    // Among equals the lower ids stay.
    const std::vector<std::int32_t> equal(6, 17);
    const std::vector<int> counts = histogram({.top_k = 2}, equal, 1000);
    CHECK(counts[0] + counts[1] == 1000);
    CHECK(counts[0] > 400);
    CHECK(counts[1] > 400);
}

TEST_CASE("top-p keeps the fewest tokens that hold the share") {
    const std::vector<double> weights{0.1, 0.4, 0.2, 0.3};
    const auto logits = logits_of(weights);
    const auto kept = [&](const SamplingOptions& options) {
        std::vector<bool> seen;
        for (const int count : histogram(options, logits, 3000)) seen.push_back(count > 0);
        return seen;
    };
    CHECK(kept({.top_p = min_top_p}) == std::vector<bool>{false, true, false, false});
    CHECK(kept({.top_p = 0.39}) == std::vector<bool>{false, true, false, false});
    CHECK(kept({.top_p = 0.41}) == std::vector<bool>{false, true, false, true});
    CHECK(kept({.top_p = 0.69}) == std::vector<bool>{false, true, false, true});
    CHECK(kept({.top_p = 0.71}) == std::vector<bool>{false, true, true, true});
    CHECK(kept({.top_p = 0.91}) == std::vector<bool>{true, true, true, true});
    CHECK(kept({.top_p = 1}) == std::vector<bool>{true, true, true, true});
    CHECK(chi_square(histogram({.top_p = 0.6, .seed = 6}, logits, 20000), {0, 0.4, 0, 0.3}) < 10.8);
    // The share is of what top-k left: 0.4 / 0.7 > 0.5.
    CHECK(kept({.top_k = 2, .top_p = 0.5}) == std::vector<bool>{false, true, false, false});
    const std::vector<std::int32_t> equal(4, -3);
    const std::vector<int> counts = histogram({.top_p = 0.5}, equal, 1000);
    CHECK(counts[0] + counts[1] == 1000);
}

TEST_CASE("a choice depends on seed, stream and position alone") {
    std::vector<std::int32_t> logits(1000);
    for (std::size_t i = 0; i < logits.size(); ++i)
        logits[i] = static_cast<std::int32_t>(random_words(1, 1, i, 0)[0] >> 14);
    const SamplingOptions options{.temperature = 0.9, .top_k = 200, .top_p = 0.95, .seed = 42};
    Sampler a = sampler(options), b = sampler(options);
    std::vector<std::int32_t> first;
    for (std::uint64_t position = 0; position < 50; ++position) first.push_back(a.next(logits, 3, position));
    for (std::uint64_t position = 50; position-- > 0;) CHECK(b.next(logits, 3, position) == first[position]);
    int other_stream = 0, other_seed = 0;
    Sampler c = sampler({.temperature = 0.9, .top_k = 200, .top_p = 0.95, .seed = 43});
    for (std::uint64_t position = 0; position < 50; ++position) {
        other_stream += b.next(logits, 4, position) != first[position];
        other_seed += c.next(logits, 3, position) != first[position];
    }
    CHECK(other_stream > 40);
    CHECK(other_seed > 40);
}

TEST_CASE("bad sampling options are refused by name") {
    const auto place = [](const SamplingOptions& options) {
        const auto result = Sampler::create(options, bits);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().code == ErrorCode::usage);
        return result.error().place;
    };
    for (const double t : {0.0, -1.0, min_temperature * 0.999, max_temperature * 1.001, std::nan(""),
                           std::numeric_limits<double>::infinity()})
        CHECK(place({.temperature = t}) == "temperature");
    for (const double p : {0.0, -0.5, min_top_p * 0.999, 1.0001, std::nan("")}) CHECK(place({.top_p = p}) == "top-p");
    CHECK(place({.top_k = -1}) == "top-k");
}

TEST_CASE("formats of logits that the law does not have are refused") {
    for (const int fraction_bits : {-1, -24, max_fraction_bits + 1}) {
        const auto made = Sampler::create({}, fraction_bits);
        REQUIRE_FALSE(made);
        CHECK(made.error().code == ErrorCode::bad_input);
        CHECK(made.error().place == "logits");
    }
    CHECK(Sampler::create({}, 0));
    CHECK(Sampler::create({}, max_fraction_bits));
}

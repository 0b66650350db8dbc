#include "neuro/lm/sampling.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "core/fixed.hpp"
#include "core/philox.hpp"
#include "neuro/lm/exp2_table.hpp"

namespace tephra {
namespace {

constexpr std::uint64_t log2_e = 1549082005;   ///< round(2^30 log2(e))
constexpr int weight_bits = 30;                ///< of the largest logit's weight
constexpr std::uint32_t sampling_stream = 64;  ///< keeps these random words apart from those of other purposes

/// High 64 bits of a x b, from products of their halves.
constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t a_low = a & 0xFFFFFFFF, a_high = a >> 32, b_low = b & 0xFFFFFFFF, b_high = b >> 32;
    const std::uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
    return a_high * b_high + (middle >> 32) + (((middle & 0xFFFFFFFF) + a_low * b_high) >> 32);
}

/// A real value >= 0 as a fraction of 2^16, rounded to nearest, halves up.
std::uint64_t sixteen_bits(double value) {
    return static_cast<std::uint64_t>(std::floor(value * 0x1p16 + 0.5));
}

/// The order in which candidates are kept: larger logits first, lower ids among equals.
auto before(std::span<const std::int32_t> logits) {
    return [logits](std::int32_t a, std::int32_t b) {
        const std::int32_t za = logits[static_cast<std::size_t>(a)], zb = logits[static_cast<std::size_t>(b)];
        return za != zb ? za > zb : a < b;
    };
}

tl::unexpected<Error> refuse(std::string message, std::string option, std::string hint) {
    return fail(ErrorCode::usage, std::move(message), std::move(option), std::move(hint));
}

}  // namespace

std::int32_t greedy_token(std::span<const std::int32_t> logits) {
    assert(!logits.empty());
    return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

Result<Sampler> Sampler::create(const SamplingOptions& options, int fraction_bits) {
    if (fraction_bits < 0 || fraction_bits > max_fraction_bits)
        return bad_input("logits with " + std::to_string(fraction_bits) + " fraction bits", "logits",
                         "a model has 0 to " + std::to_string(max_fraction_bits));
    if (!(options.temperature >= min_temperature && options.temperature <= max_temperature))
        return refuse("the temperature must lie between 2^-16 and 32768", "temperature",
                      "use greedy sampling for the most likely token");
    if (!(options.top_p >= min_top_p && options.top_p <= 1))
        return refuse("top-p must lie between 2^-16 and 1", "top-p", "use greedy sampling for the most likely token");
    if (options.top_k < 0) return refuse("top-k must not be negative", "top-k", "0 keeps every token");
    Sampler sampler;
    sampler.options_ = options;
    sampler.rate_ = (log2_e << 16) / sixteen_bits(options.temperature);
    sampler.shift_ = 14 + fraction_bits;
    sampler.share_ = sixteen_bits(options.top_p);
    return sampler;
}

std::uint32_t Sampler::weight(std::int32_t distance) const {
    const auto d = static_cast<std::uint64_t>(distance);
    if (rate_ != 0 && d > (std::uint64_t{1} << 62) / rate_) return 0;  // more than 31 octaves away
    const std::uint64_t octaves = d * rate_ >> shift_;                 // 16 fraction bits
    if (octaves >> 16 > weight_bits) return 0;
    const std::size_t index = octaves >> 8 & 255;
    const std::uint32_t step = exp2_table[index] - exp2_table[index + 1];
    const std::uint32_t mantissa = exp2_table[index] - ((step * static_cast<std::uint32_t>(octaves & 255) + 128) >> 8);
    return mantissa >> (octaves >> 16);
}

void Sampler::keep_largest(std::span<const std::int32_t> logits) {
    const auto k = static_cast<std::size_t>(options_.top_k);
    if (k == 0 || k >= ids_.size()) return;
    std::nth_element(ids_.begin(), ids_.begin() + options_.top_k, ids_.end(), before(logits));
    ids_.resize(k);
}

/// The shortest start of the ordered candidates with at least share_ of the weight of all.
void Sampler::keep_share(std::span<const std::int32_t> logits, std::int32_t peak) {
    if (share_ == 1 << 16) return;
    const auto weight_of = [&](std::int32_t id) {
        return std::uint64_t{weight(peak - logits[static_cast<std::size_t>(id)])};
    };
    std::uint64_t total = 0, held = 0;
    for (const std::int32_t id : ids_) total += weight_of(id);
    const auto after = [order = before(logits)](std::int32_t a, std::int32_t b) { return order(b, a); };
    std::make_heap(ids_.begin(), ids_.end(), after);
    auto end = ids_.end();
    while (held << 16 < total * share_) {
        std::pop_heap(ids_.begin(), end, after);
        held += weight_of(*--end);
    }
    ids_.erase(ids_.begin(), end);
}

std::int32_t Sampler::next(std::span<const std::int32_t> logits, std::uint32_t stream, std::uint64_t position) {
    const std::int32_t largest = greedy_token(logits);
    if (options_.greedy) return largest;
    const std::int32_t peak = logits[static_cast<std::size_t>(largest)];
    ids_.resize(logits.size());
    std::iota(ids_.begin(), ids_.end(), 0);
    keep_largest(logits);
    keep_share(logits, peak);
    if (ids_.size() < logits.size()) std::sort(ids_.begin(), ids_.end());
    std::uint64_t total = 0;
    for (const std::int32_t id : ids_) total += weight(peak - logits[static_cast<std::size_t>(id)]);
    const auto words = random_words(options_.seed, sampling_stream, position, stream);
    std::uint64_t left = multiply_high(std::uint64_t{words[0]} << 32 | words[1], total);  // in [0, total)
    for (const std::int32_t id : ids_) {
        const std::uint64_t w = weight(peak - logits[static_cast<std::size_t>(id)]);
        if (left < w) return id;
        left -= w;
    }
    assert(false);
    return largest;
}

}  // namespace tephra

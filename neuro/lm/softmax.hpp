#pragma once
// The softmax of a row of logits, in double precision: one rule for perplexity and likelihoods, of integer engines and
// of the float reference.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

namespace tephra {

/// Logits that one thread holds at a time, so that memory does not grow with the length of a text.
inline constexpr std::size_t max_logits = std::size_t{1} << 24;

/// What the log-likelihood of every token of a row of logits [V] shares. A real logit is `unit` times its value.
template <typename T>
class SoftmaxRow {
public:
    SoftmaxRow(std::span<const T> logits, double unit) : logits_(logits), unit_(unit) {
        const auto largest = std::max_element(logits.begin(), logits.end());
        greedy_ = static_cast<std::int32_t>(largest - logits.begin());
        peak_ = static_cast<double>(*largest);
        double sum = 0;
        for (const T z : logits) sum += std::exp((static_cast<double>(z) - peak_) * unit);
        log_sum_ = std::log(sum);
    }
    /// In nats.
    [[nodiscard]] double log_likelihood(std::int32_t token) const {
        return (static_cast<double>(logits_[static_cast<std::size_t>(token)]) - peak_) * unit_ - log_sum_;
    }
    /// The token of the largest logit, the lowest among equals.
    [[nodiscard]] std::int32_t greedy() const { return greedy_; }

private:
    std::span<const T> logits_;
    double unit_, peak_ = 0, log_sum_ = 0;
    std::int32_t greedy_ = 0;
};

}  // namespace tephra

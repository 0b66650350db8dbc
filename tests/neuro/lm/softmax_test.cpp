#include "neuro/lm/softmax.hpp"

#include <vector>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("a row of logits gives each token its log-likelihood, and the most likely one") {
    const std::vector<std::int32_t> logits = {0, 1 << 10, -(3 << 9), 1 << 10};
    const double sum = 1 + 2 * std::exp(1.0) + std::exp(-1.5);
    const SoftmaxRow row(std::span<const std::int32_t>(logits), 0x1p-10);
    CHECK(row.log_likelihood(1) == Approx(1 - std::log(sum)));
    CHECK(row.log_likelihood(2) == Approx(-1.5 - std::log(sum)));
    CHECK(row.greedy() == 1);  // the lowest among equals
    const std::vector<double> real = {0, 1, -1.5, 1};
    CHECK(SoftmaxRow(std::span<const double>(real), 1).log_likelihood(2) == row.log_likelihood(2));
}

TEST_CASE("large logits neither overflow nor vanish") {
    const std::vector<std::int32_t> logits = {-(1 << 23), (1 << 23) - 1};
    const SoftmaxRow row(std::span<const std::int32_t>(logits), 1);
    CHECK(row.log_likelihood(1) == 0);
    CHECK(row.log_likelihood(0) == 1 - 0x1p24);
}

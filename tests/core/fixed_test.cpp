#include "core/fixed.hpp"

#include <cmath>

#include "core/json.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// Cases of one operation in tests/cases/numerics/fixed.json: arguments, then results.
std::vector<std::vector<std::int64_t>> vectors(const std::string& operation) {
    const Json file = read_json_file(TEPHRA_TEST_DATA "/numerics/fixed.json").value();
    std::vector<std::vector<std::int64_t>> out;
    for (const Json& row : *file.find(operation)->array()) {
        std::vector<std::int64_t>& values = out.emplace_back();
        for (const Json& value : *row.array()) values.push_back(*value.integer());
    }
    REQUIRE(out.size() > 10);
    return out;
}

Scale scale(std::int64_t mantissa, std::int64_t exponent) {
    return {static_cast<std::uint16_t>(mantissa), static_cast<std::int16_t>(exponent)};
}

int as_int(std::int64_t v) {
    return static_cast<int>(v);
}

/// Calls check(case) on each case of an operation, naming the case when it fails.
template <typename Check>
void replay(const std::string& operation, const Check& check) {
    for (const auto& v : vectors(operation)) {
        std::string text = operation;
        for (const std::int64_t value : v) text.append(1, ' ').append(std::to_string(value));
        INFO(text);
        CHECK(check(v));
    }
}

}  // namespace

TEST_CASE("operations replay the vectors made from docs/numerics.md") {
    replay("round_shift", [](const auto& v) { return round_shift(v[0], as_int(v[1])) == v[2]; });
    replay("saturate24", [](const auto& v) { return saturate24(v[0]) == v[1]; });
    replay("shift_state", [](const auto& v) { return shift_state(as_int(v[0]), as_int(v[1])) == v[2]; });
    replay("to_scale", [](const auto& v) { return to_scale(static_cast<std::uint64_t>(v[0])) == scale(v[1], v[2]); });
    replay("multiply",
           [](const auto& v) { return multiply(scale(v[0], v[1]), scale(v[2], v[3])) == scale(v[4], v[5]); });
    replay("reciprocal", [](const auto& v) { return reciprocal(scale(v[0], v[1])) == scale(v[2], v[3]); });
    replay("inverse_sqrt", [](const auto& v) { return inverse_sqrt(scale(v[0], v[1])) == scale(v[2], v[3]); });
    replay("apply_scale", [](const auto& v) { return apply_scale(as_int(v[0]), scale(v[1], v[2])) == v[3]; });
    replay("quantize_activation",
           [](const auto& v) { return quantize_activation(as_int(v[0]), scale(v[1], v[2])) == v[3]; });
    replay("sigmoid", [](const auto& v) { return sigmoid(as_int(v[0]), as_int(v[1])) == v[2]; });
    replay("silu", [](const auto& v) { return silu(as_int(v[0]), as_int(v[1])) == v[2]; });
}

TEST_CASE("to_scale takes the full 64 bits") {
    CHECK(to_scale(~std::uint64_t{0}) == Scale{32768, 49});
    CHECK(to_scale(std::uint64_t{1} << 63) == Scale{32768, 48});
}

TEST_CASE("the sigmoid table is round(2^23 sigmoid(-k / 16))") {
    for (std::size_t k = 0; k < sigmoid_table.size(); ++k)
        CHECK(sigmoid_table[k] == std::lround(0x1p23 / (1 + std::exp(static_cast<double>(k) / 16))));
}

TEST_CASE("reciprocal and inverse_sqrt keep their stated error on every mantissa") {
    double reciprocal_error = 0, root_error = 0;
    for (int m = 32768; m < 65536; ++m) {
        for (const int e : {-16, -15}) {
            const Scale a = scale(m, e);
            const double value = std::ldexp(m, e);
            const Scale r = reciprocal(a), s = inverse_sqrt(a);
            REQUIRE((r.mantissa >= 32768 && s.mantissa >= 32768));
            reciprocal_error = std::max(reciprocal_error, std::abs(std::ldexp(r.mantissa, r.exponent) * value - 1));
            root_error = std::max(root_error, std::abs(std::ldexp(s.mantissa, s.exponent) * std::sqrt(value) - 1));
        }
    }
    CHECK(std::log2(reciprocal_error) < -15.9);
    CHECK(std::log2(root_error) < -15.9);
}

TEST_CASE("sigmoid keeps its stated error, is symmetric and monotone") {
    double absolute = 0, relative4 = 0, relative8 = 0;
    std::int32_t before = 0;
    for (std::int32_t z = -(1 << 20); z <= 0; ++z) {
        const double exact = 1 / (1 + std::exp(-std::ldexp(z, -16)));
        const std::int32_t s = sigmoid(z, 16);
        const double error = std::abs(std::ldexp(s, -23) - exact);
        absolute = std::max(absolute, error);
        if (z > -(8 << 16)) relative8 = std::max(relative8, error / exact);
        if (z > -(4 << 16)) relative4 = std::max(relative4, error / exact);
        if (s < before || (z != 0 && s + sigmoid(-z, 16) != probability_one)) FAIL("at " << z);
        before = s;
    }
    CHECK(absolute < 4.7e-5);
    CHECK(relative4 < 4.7e-4);
    CHECK(relative8 < 7.1e-4);
}

TEST_CASE("the peak of a vector is quantized to 127 whatever its size") {
    for (std::int32_t peak = 1; peak > 0 && peak <= (1 << 30); peak += 1 + peak / 500) {
        const Scale s = multiply(Scale{127 << 9, -9}, reciprocal(to_scale(static_cast<std::uint64_t>(peak))));
        if (quantize_activation(peak, s) != 127 || quantize_activation(-peak, s) != -127) FAIL("at " << peak);
    }
}

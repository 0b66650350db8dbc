#pragma once
// What the tests of the FPGA core's units share: the Verilated units, values for them, an input a cycle.
#include <verilated_units.h>

#include <memory>

#include "core/fixed.hpp"
#include "core/json.hpp"
#include "core/philox.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

using Units = verilated_units;

inline std::int32_t signed_bits(std::uint32_t value, int bits) {
    const std::uint32_t sign = 1U << (bits - 1);
    return static_cast<std::int32_t>((value ^ sign) - sign);
}

inline std::uint32_t bits_of(std::int64_t value, int bits) {
    return static_cast<std::uint32_t>(value) & ((bits == 32 ? 0U : 1U << bits) - 1U);
}

inline std::uint32_t scale_bits(Scale scale) {
    return std::uint32_t{scale.mantissa} | std::uint32_t{static_cast<std::uint16_t>(scale.exponent)} << 16;
}

inline void clock(Units& units) {
    units.clk_i = 0;
    units.eval();
    units.clk_i = 1;
    units.eval();
}

inline std::unique_ptr<Units> make_units() {
    auto units = std::make_unique<Units>();
    units->rst_ni = 0;
    clock(*units);
    clock(*units);
    units->rst_ni = 1;
    return units;
}

/// Drives item n in cycle n and checks it `latency` cycles later.
template <typename Drive, typename Verify>
void stream(Units& units, std::size_t count, int latency, const Drive& drive, const Verify& verify) {
    const auto late = static_cast<std::size_t>(latency);
    for (std::size_t n = 0; n < count + late - 1; ++n) {
        if (n < count) drive(n);
        clock(units);
        if (n + 1 >= late) verify(n + 1 - late);
    }
}

using Rows = std::vector<std::vector<std::int64_t>>;

/// Rows of numbers of one operation of fixed.json.
inline Rows rows_of(const char* operation) {
    const Json file = read_json_file(TEPHRA_TEST_DATA "/numerics/fixed.json").value();
    Rows rows;
    for (const Json& row : *file.find(operation)->array()) {
        std::vector<std::int64_t> values;
        for (const Json& value : *row.array()) values.push_back(*value.integer());
        rows.push_back(values);
    }
    REQUIRE(rows.size() > 10);
    return rows;
}

inline const Json::Array& cases_of(const Json& file, const char* stage) {
    return *file.find(stage)->array();
}

template <typename T>
std::vector<T> list(const Json& value) {
    std::vector<T> out;
    for (const Json& element : *value.array()) out.push_back(static_cast<T>(*element.integer()));
    return out;
}

inline Scale scale_of(const Json& pair) {
    const auto values = list<int>(pair);
    return {static_cast<std::uint16_t>(values[0]), static_cast<std::int16_t>(values[1])};
}

/// Random numbers in order.
class Draw {
public:
    explicit Draw(std::uint64_t seed) : seed_(seed) {}
    std::uint32_t word() { return random_words(seed_, 21, next_++, 0)[0]; }
    int below(int limit) { return static_cast<int>(word() % static_cast<std::uint32_t>(limit)); }
    /// A state of any magnitude.
    std::int32_t state() { return signed_bits(word() & 0xFFFFFF, 24) >> below(24); }

private:
    std::uint64_t seed_, next_ = 0;
};

inline constexpr int random_count = 4000;

}  // namespace tephra::test

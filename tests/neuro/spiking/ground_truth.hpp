#pragma once
// Networks and arrays that others made: ../shared/spiking of a checkout that has it.
#include <string>

#include "core/npy.hpp"
#include "neuro/spiking/engine.hpp"
#include "tests/catch.hpp"

namespace tephra::spiking::test {

inline const std::string ground_truths = TEPHRA_SHARED "/spiking/";

/// Whether the ground truths are there; says so where they are not.
inline bool have_ground_truths() {
    return !tephra::test::shared_file("spiking").empty();
}

inline NumberArray load(const std::string& file) {
    auto array = read_npy(ground_truths + file);
    if (!array) FAIL(to_string(array.error()));
    return std::move(*array);
}

template <typename T>
T value_of(Result<T> result) {
    if (!result) FAIL(to_string(result.error()));
    return std::move(*result);
}

inline std::vector<std::int32_t> to_integers(const std::vector<double>& values) {
    return {values.begin(), values.end()};
}

/// Entries that differ from an array whose time axis is the last: `expect(neuron, k)` beside `values` of index k.
/// `map`: index in a frame of the array of each neuron of the layer; empty: the same.
inline std::int64_t differences(std::span<const std::int32_t> values, const NumberArray& expected, std::int64_t k) {
    const std::int64_t steps = expected.shape.back();
    REQUIRE(std::ssize(expected.values) == std::ssize(values) * steps);
    std::int64_t count = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] != expected.values[i * static_cast<std::size_t>(steps) + static_cast<std::size_t>(k)]) ++count;
    return count;
}

/// (1, channel, y, x, time) as (x, y, channel, time).
inline NumberArray from_slayer(const NumberArray& a) {
    const std::int64_t c = a.shape.at(1), y = a.shape.at(2), x = a.shape.at(3), t = a.shape.at(4);
    NumberArray out{{x, y, c, t}, {}};
    for (std::int64_t i = 0; i < x; ++i)
        for (std::int64_t j = 0; j < y; ++j)
            for (std::int64_t k = 0; k < c; ++k)
                for (std::int64_t l = 0; l < t; ++l)
                    out.values.push_back(a.values[static_cast<std::size_t>(((k * y + j) * x + i) * t + l)]);
    return out;
}

}  // namespace tephra::spiking::test

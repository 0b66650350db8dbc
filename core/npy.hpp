#pragma once
// Arrays of numbers in NumPy's format (.npy, versions 1 to 3), read strictly and written.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace tephra {

inline constexpr std::size_t most_array_axes = 32;

/// Every number of a file as an equal double, in C order.
struct NumberArray {
    std::vector<std::int64_t> shape;  ///< empty: a scalar
    std::vector<double> values;
};

/// Reads booleans, integers of 8 to 64 bits and floating-point numbers of 16 to 64 bits, little-endian, in C or Fortran
/// order. Errors: bad_input, with the byte or the value, for a damaged header, another type, a size that is not the
/// header's, and an integer beyond 2^53.
Result<NumberArray> parse_npy(std::string_view bytes, const std::string& place);
Result<NumberArray> read_npy(const std::string& path);

/// A .npy file of version 1. T: std::int8_t, std::int32_t, float or double; as many values as the shape says.
template <typename T>
std::string npy_bytes(std::span<const std::int64_t> shape, std::span<const T> values);

}  // namespace tephra

#pragma once
// Arguments from Python. Each is taken as it is, or refused with tephra.Error that names it: nothing is rounded, cut or
// clamped. NumPy is not loaded before an array is met.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "python/bindings/errors.hpp"

namespace tephra::python {

/// An integer (Python's or NumPy's, no bool) within [min, max].
std::int64_t integer(py::handle value, const std::string& place, std::int64_t min, std::int64_t max);
inline int small_integer(py::handle value, const std::string& place, int min, int max) {
    return static_cast<int>(integer(value, place, min, max));
}
/// An integer of 64 bits without a sign.
std::uint64_t seed(py::handle value, const std::string& place);
/// A finite number within [min, max].
double number(py::handle value, const std::string& place, double min, double max);
bool flag(py::handle value, const std::string& place);
std::string text(py::handle value, const std::string& place);
/// A str or an os.PathLike, not empty.
std::string path(py::handle value, const std::string& place);
/// One of some names; its index.
std::size_t choice(py::handle value, const std::string& place, const std::vector<std::string>& names);
/// The items of a list or tuple.
std::vector<py::object> items(py::handle value, const std::string& place);

/// Integers of 32 bits from an array or a sequence: without a copy where it is a contiguous array of int32.
class Integers {
public:
    /// Takes integers and booleans of any width, and floating-point numbers that are whole.
    Integers(py::handle value, const std::string& place);
    [[nodiscard]] const std::vector<std::int64_t>& shape() const { return shape_; }
    /// In C order; valid as long as this object, which must die with the GIL held.
    [[nodiscard]] std::span<const std::int32_t> values() const { return values_; }
    [[nodiscard]] std::vector<std::int32_t> copy() const { return {values_.begin(), values_.end()}; }

private:
    py::array kept_;
    std::vector<std::int32_t> converted_;
    std::vector<std::int64_t> shape_;
    std::span<const std::int32_t> values_;
};

/// "(3, 4)".
std::string shape_text(std::span<const std::int64_t> shape);

/// The keyword arguments of one call: each name is asked for once, finish() refuses the others.
class Keywords {
public:
    Keywords(py::dict given, std::string place) : given_(std::move(given)), place_(std::move(place)) {}
    /// Calls `read(value, place)` where the argument was given and is not None.
    void take(const char* name, const std::function<void(py::handle, const std::string&)>& read);
    void integer(const char* name, int& value, int min, int max);
    /// Index of one of some names.
    template <typename Enum>
    void choice(const char* name, Enum& value, const std::vector<std::string>& names) {
        take(name, [&](py::handle given, const std::string& place) {
            value = static_cast<Enum>(python::choice(given, place, names));
        });
    }
    /// Whether an argument was given and is not None.
    [[nodiscard]] bool has(const char* name) const;
    /// Refuses the arguments of a list that were given: they would be ignored `when`.
    void refuse_ignored(std::initializer_list<const char*> names, const std::string& when);
    /// Errors: bad_input that names the nearest, for an argument that nobody asked for.
    void finish() const;
    [[nodiscard]] const std::string& place() const { return place_; }

private:
    py::dict given_;
    std::string place_;
    std::vector<std::string> known_;
};

/// A copy as an array of int32 with this shape.
py::array_t<std::int32_t> array_of(std::span<const std::int32_t> values, const std::vector<std::int64_t>& shape);
/// A read-only array that shows memory of `owner`, which it keeps alive.
py::array view_of(std::span<const std::int32_t> values, const std::vector<std::int64_t>& shape, py::handle owner);
/// An array that takes a vector over, without a copy.
py::array_t<std::int32_t> array_from(std::vector<std::int32_t>&& values, const std::vector<std::int64_t>& shape);

}  // namespace tephra::python

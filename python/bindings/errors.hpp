#pragma once
// Errors of the libraries as one Python exception, tephra.Error, with code, message, place and hint.
#include <pybind11/pybind11.h>

#include <exception>
#include <string>
#include <type_traits>

#include "core/error.hpp"

namespace tephra::python {

namespace py = pybind11;

/// On its way to Python, where it becomes tephra.Error.
class Failure : public std::exception {
public:
    explicit Failure(Error error) : error_(std::move(error)), text_(to_string(error_)) {}
    [[nodiscard]] const Error& error() const { return error_; }
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

private:
    Error error_;
    std::string text_;
};

/// The value, or Failure.
template <typename T>
T require(Result<T> result) {
    if (!result) throw Failure(std::move(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Refuses an argument; `place` is its name.
[[noreturn]] inline void refuse(std::string message, std::string place, std::string hint) {
    throw Failure({ErrorCode::bad_input, std::move(message), std::move(place), std::move(hint)});
}

/// Makes tephra.Error, and turns Failure and what else the libraries throw into it.
void bind_errors(py::module_& m);

}  // namespace tephra::python

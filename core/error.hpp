#pragma once
// Errors as values: every failure that input can cause says what, where and how to mend it.
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace tephra {

/// Kind of failure; the command line maps it to its exit code.
enum class ErrorCode {
    comparison_failed = 1,  ///< two results that should agree do not
    usage = 2,              ///< a command or option is wrong
    bad_input = 3,          ///< a file or value is malformed, missing or inconsistent
    does_not_fit = 4,       ///< a program exceeds the limits of the machine
    device = 5,             ///< an accelerator is absent or failed
    internal = 6,           ///< a result broke one of our own invariants
};

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;  ///< what is wrong
    std::string place;    ///< where: file and JSON pointer, tensor name or byte offset
    std::string hint;     ///< how to mend it
};

/// "place: message (hint)" on one line.
std::string to_string(const Error& error);

template <typename T>
using Result = tl::expected<T, Error>;

/// Shorthand for returning a failure from a function that returns Result<T>.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string place = {}, std::string hint = {}) {
    return tl::unexpected<Error>(Error{code, std::move(message), std::move(place), std::move(hint)});
}

inline tl::unexpected<Error> bad_input(std::string message, std::string place = {}, std::string hint = {}) {
    return fail(ErrorCode::bad_input, std::move(message), std::move(place), std::move(hint));
}

}  // namespace tephra

#pragma once
// The one conversion between integer types that may lose a value.
#include <cassert>
#include <concepts>
#include <utility>

namespace tephra {

/// `value` as To; asserts that it fits. For values whose range was checked where they came in.
template <std::integral To, std::integral From>
constexpr To narrow(From value) {
    assert(std::in_range<To>(value));
    return static_cast<To>(value);
}

}  // namespace tephra

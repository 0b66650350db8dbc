#pragma once
// JSON values, a strict parser that names the place of every fault, and a writer with stable bytes.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.hpp"

namespace tephra {

class Json {
public:
    using Array = std::vector<Json>;
    using Object = std::vector<std::pair<std::string, Json>>;  ///< members in file order; keys are unique

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool value) : value_(value) {}
    Json(int value) : value_(std::int64_t{value}) {}
    Json(std::int64_t value) : value_(value) {}
    Json(std::uint64_t) = delete;  ///< a JSON integer is signed here: narrow<std::int64_t>() where the range is known
    Json(double value) : value_(value) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}

    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    [[nodiscard]] const bool* boolean() const& { return std::get_if<bool>(&value_); }
    [[nodiscard]] const std::int64_t* integer() const& { return std::get_if<std::int64_t>(&value_); }
    [[nodiscard]] const double* real() const& { return std::get_if<double>(&value_); }
    [[nodiscard]] const std::string* string() const& { return std::get_if<std::string>(&value_); }
    [[nodiscard]] const Array* array() const& { return std::get_if<Array>(&value_); }
    [[nodiscard]] const Object* object() const& { return std::get_if<Object>(&value_); }
    /// Member of an object, or nullptr.
    [[nodiscard]] const Json* find(std::string_view key) const&;
    // A pointer into a temporary would dangle.
    const bool* boolean() const&& = delete;
    const std::int64_t* integer() const&& = delete;
    const double* real() const&& = delete;
    const std::string* string() const&& = delete;
    const Array* array() const&& = delete;
    const Object* object() const&& = delete;
    const Json* find(std::string_view key) const&& = delete;
    /// "null", "boolean", "integer", "number", "string", "array" or "object".
    [[nodiscard]] std::string_view type_name() const;
    /// Text with two-space indentation, or on one line for indent < 0. Doubles read back equal; NaN and Inf become
    /// null.
    [[nodiscard]] std::string dump(int indent = 2) const;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

/// `key` as one part of a JSON pointer (RFC 6901): "a/b~c" -> "a~1b~0c".
std::string pointer_part(std::string_view key);

/// Parses a JSON text. `place` names its source in errors. Refuses duplicate keys, depth over 64, integers that 64 bits
/// with a sign don't hold, numbers that a double doesn't hold, NUL bytes and any text after the value.
Result<Json> parse_json(std::string_view text, const std::string& place);
Result<Json> read_json_file(const std::string& path);

}  // namespace tephra

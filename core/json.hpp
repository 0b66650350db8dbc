#pragma once
// JSON values, a strict reader that names the place of every fault, and a writer with stable bytes.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "core/hash.hpp"

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
    [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&value_); }
    [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
    [[nodiscard]] const double* real() const { return std::get_if<double>(&value_); }
    [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&value_); }
    [[nodiscard]] const Array* array() const { return std::get_if<Array>(&value_); }
    [[nodiscard]] const Object* object() const { return std::get_if<Object>(&value_); }
    /// Member of an object, or nullptr.
    [[nodiscard]] const Json* find(std::string_view key) const;
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

/// Reads one object strictly: every key must be asked for, every value must have its type and range. The first fault
/// is kept, later calls return their fallback, and finish() reports it. Places are "file#/pointer"; a `key` of fault()
/// and place() may itself be a pointer: "slices/3".
class ObjectReader {
public:
    ObjectReader(const Json& value, std::string place);

    [[nodiscard]] bool has(std::string_view key);
    std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max);
    std::int64_t integer_or(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max);
    double number(std::string_view key, double min, double max);
    double number_or(std::string_view key, double fallback, double min, double max);
    bool boolean(std::string_view key);
    bool boolean_or(std::string_view key, bool fallback);
    std::string string(std::string_view key);
    std::string string_or(std::string_view key, std::string fallback);
    /// A content hash as to_string() writes it.
    Hash128 hash(std::string_view key);
    /// One of the names; returns its index.
    std::size_t choice(std::string_view key, const std::vector<std::string>& names);
    const Json::Array& array(std::string_view key);
    const Json& value(std::string_view key);  ///< any type
    void ignore(std::string_view key);        ///< accepts the key, whatever it holds
    /// Records a fault of the caller's own at /key.
    void fault(std::string_view key, std::string message, std::string hint = {});
    [[nodiscard]] std::string place(std::string_view key) const;  ///< "file#/pointer/key"
    [[nodiscard]] bool failed() const { return failed_; }         ///< a fault was recorded
    /// The first fault, or an unknown-key error that names the nearest known key.
    Result<void> finish();

private:
    const Json* member(std::string_view key, bool required);
    const Json* value_;
    std::string place_;
    [[nodiscard]] std::vector<std::string> unknown_keys() const;  ///< present, not asked for so far
    std::vector<std::string> known_;
    std::string missing_;  ///< the key whose absence was the first fault
    bool failed_ = false;
    Error error_;
};

}  // namespace tephra

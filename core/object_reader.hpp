#pragma once
// A strict reader of one JSON object, which names the place of every fault.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "core/json.hpp"

namespace tephra {

/// Reads one object strictly: every key must be asked for, every value must have its type and range. The first fault
/// is kept, later calls return their fallback, and finish() reports it. Places are "file#/pointer"; a `key` of fault()
/// and place() may itself be a pointer: "slices/3".
class ObjectReader {
public:
    /// Keeps a pointer to `value`.
    ObjectReader(const Json& value, std::string place);
    ObjectReader(const Json&& value, std::string place) = delete;

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

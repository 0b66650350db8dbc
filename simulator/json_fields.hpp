#pragma once
// FieldWriter and FieldReader: one list of a record's fields serves for writing and for reading it.
//
// The list is a function template fields(io, record) that calls io.integer("key", record.member, min, max) and the like
// for each member in order. The writer takes a const record, the reader fills one and checks every range.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/hash.hpp"
#include "core/narrow.hpp"
#include "core/object_reader.hpp"
#include "core/units.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// Appends numbers to a JSON array.
class RowWriter {
public:
    void integer(std::int64_t value, std::int64_t, std::int64_t) { array.emplace_back(value); }
    void time(Picoseconds value) { array.emplace_back(value.value()); }
    void flag(bool value) { integer(value ? 1 : 0, 0, 1); }
    Json::Array array;
};

/// Adds members to a JSON object. The ranges are checked when the result is read.
class FieldWriter {
public:
    void constant(const char* key, std::int64_t value, const char*) { add(key, value); }
    void text(const char* key, const std::string& value) { add(key, value); }
    void texts(const char* key, const std::vector<std::string>& values) {
        add(key, Json::Array(values.begin(), values.end()));
    }
    void integers(const char* key, const std::vector<std::int64_t>& values, std::int64_t, std::int64_t) {
        add(key, Json::Array(values.begin(), values.end()));
    }
    void hash(const char* key, const Hash128& value) { add(key, to_string(value)); }
    void integer(const char* key, std::int64_t value, std::int64_t, std::int64_t) { add(key, value); }
    void time(const char* key, Picoseconds value) { add(key, value.value()); }
    void flag(const char* key, bool value) { add(key, value); }
    void seed(const char* key, std::uint64_t value) { add(key, std::to_string(value)); }
    void name(const char* key, const std::string& value, const std::vector<std::string>&) { add(key, value); }
    template <typename Enum>
    void choice(const char* key, Enum value, const std::vector<std::string>& of) {
        add(key, of[static_cast<std::size_t>(value)]);
    }
    void constant(const char* key, std::span<const std::string_view> names, const char*) {
        Json::Array array;
        for (const auto name : names) array.emplace_back(std::string(name));
        add(key, std::move(array));
    }
    template <typename Record, typename Fields>
    void row(const char* key, const Record& record, const Fields& fields) {
        add(key, to_row(record, fields));
    }
    template <typename Record, typename Fields>
    void rows(const char* key, const std::vector<Record>& records, const Fields& fields) {
        Json::Array array;
        for (const Record& record : records) array.push_back(to_row(record, fields));
        add(key, std::move(array));
    }
    template <typename Record, typename Fields>
    void objects(const char* key, const std::vector<Record>& records, const Fields& fields) {
        Json::Array array;
        for (const Record& record : records) {
            FieldWriter member;
            fields(member, record);
            array.emplace_back(std::move(member.object));
        }
        add(key, std::move(array));
    }
    /// A member that is there when `record` is.
    template <typename Record, typename Fields>
    void optional(const char* key, const std::optional<Record>& record, const Fields& fields) {
        if (!record) return;
        FieldWriter member;
        fields(member, *record);
        add(key, std::move(member.object));
    }
    Json::Object object;

private:
    void add(const char* key, Json value) { object.emplace_back(key, std::move(value)); }
    template <typename Record, typename Fields>
    static Json to_row(const Record& record, const Fields& fields) {
        RowWriter row;
        fields(row, record);
        return {std::move(row.array)};
    }
};

/// Reads the numbers of a JSON array in turn; faults are the object's.
class RowReader {
public:
    /// Keeps a reference to `object` and a pointer into `row`.
    RowReader(ObjectReader& object, std::string key, const Json& row)
        : object_(object), key_(std::move(key)), array_(row.array()) {}
    RowReader(ObjectReader& object, std::string key, const Json&& row) = delete;

    template <typename Integer>
    void integer(Integer& value, std::int64_t min, std::int64_t max) {
        value = narrow<Integer>(next(min, max));
    }
    void time(Picoseconds& value) { value = Picoseconds(next(0, longest_time.value() - 1)); }
    void flag(bool& value) { value = next(0, 1) != 0; }
    void finish() {
        if (array_ == nullptr || array_->size() != at_)
            object_.fault(key_, "expected an array of " + std::to_string(at_) + " integers");
    }

private:
    std::int64_t next(std::int64_t min, std::int64_t max) {
        const std::size_t at = at_++;
        if (array_ == nullptr || at >= array_->size()) return min;  // finish() reports it
        const auto* number = (*array_)[at].integer();
        if (number != nullptr && *number >= min && *number <= max) return *number;
        object_.fault(key_ + "/" + std::to_string(at),
                      number == nullptr ? "expected an integer" : std::to_string(*number) + " is out of range",
                      "allowed: " + std::to_string(min) + " to " + std::to_string(max));
        return min;
    }
    ObjectReader& object_;
    std::string key_;
    const Json::Array* array_;
    std::size_t at_ = 0;
};

/// Reads members of a JSON object.
class FieldReader {
public:
    /// Keeps a pointer to `value`.
    FieldReader(const Json& value, std::string place) : in_(value, std::move(place)) {}
    FieldReader(const Json&& value, std::string place) = delete;

    void constant(const char* key, std::int64_t value, const char* hint) {
        const std::int64_t found = in_.integer(key, INT64_MIN, INT64_MAX);
        if (found != value) in_.fault(key, std::to_string(found) + " is not read, only " + std::to_string(value), hint);
    }
    void text(const char* key, std::string& value) { value = in_.string(key); }
    void texts(const char* key, std::vector<std::string>& values) {
        const Json::Array& array = in_.array(key);
        for (std::size_t k = 0; k < array.size(); ++k) {
            if (array[k].string() == nullptr) in_.fault(key + ("/" + std::to_string(k)), "expected a string");
            values.push_back(array[k].string() == nullptr ? "" : *array[k].string());
        }
    }
    void integers(const char* key, std::vector<std::int64_t>& values, std::int64_t min, std::int64_t max) {
        const Json::Array* array = in_.value(key).array();
        values.resize(array == nullptr ? 0 : array->size());
        RowReader row(in_, key, in_.value(key));
        for (std::int64_t& value : values) row.integer(value, min, max);
        row.finish();
    }
    void hash(const char* key, Hash128& value) { value = in_.hash(key); }
    template <typename Integer>
    void integer(const char* key, Integer& value, std::int64_t min, std::int64_t max) {
        value = narrow<Integer>(in_.integer(key, min, max));
    }
    void time(const char* key, Picoseconds& value) {
        value = Picoseconds(in_.integer(key, 0, longest_time.value() - 1));
    }
    void flag(const char* key, bool& value) { value = in_.boolean(key); }
    void seed(const char* key, std::uint64_t& value) {
        const std::string text = in_.string(key);
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size())
            in_.fault(key, "expected a number from 0 to 18446744073709551615 in a string");
    }
    void name(const char* key, std::string& value, const std::vector<std::string>& of) {
        value = of[in_.choice(key, of)];
    }
    template <typename Enum>
    void choice(const char* key, Enum& value, const std::vector<std::string>& of) {
        value = static_cast<Enum>(in_.choice(key, of));
    }
    void constant(const char* key, std::span<const std::string_view> names, const char* fault) {
        const auto same = [](const Json& a, std::string_view b) { return a.string() != nullptr && *a.string() == b; };
        if (!std::ranges::equal(in_.array(key), names, same)) in_.fault(key, fault);
    }
    template <typename Record, typename Fields>
    void row(const char* key, Record& record, const Fields& fields) {
        read_row(key, in_.value(key), record, fields);
    }
    template <typename Record, typename Fields>
    void rows(const char* key, std::vector<Record>& records, const Fields& fields) {
        const Json::Array& array = in_.array(key);
        for (std::size_t k = 0; k < array.size() && !in_.failed(); ++k)
            read_row(key + ("/" + std::to_string(k)), array[k], records.emplace_back(), fields);
    }
    template <typename Record, typename Fields>
    void objects(const char* key, std::vector<Record>& records, const Fields& fields) {
        const Json::Array& array = in_.array(key);
        for (std::size_t k = 0; k < array.size() && !in_.failed() && !member_error_; ++k) {
            FieldReader member(array[k], in_.place(key) + "/" + std::to_string(k));
            fields(member, records.emplace_back());
            if (auto done = member.finish(); !done) member_error_ = done.error();
        }
    }
    template <typename Record, typename Fields>
    void optional(const char* key, std::optional<Record>& record, const Fields& fields) {
        if (!in_.has(key) || member_error_) return;
        FieldReader member(in_.value(key), in_.place(key));
        fields(member, record.emplace());
        if (auto done = member.finish(); !done) member_error_ = done.error();
    }
    /// The first fault.
    Result<void> finish() {
        if (member_error_) return tl::unexpected(*member_error_);
        return in_.finish();
    }

private:
    template <typename Record, typename Fields>
    void read_row(std::string key, const Json& value, Record& record, const Fields& fields) {
        RowReader row(in_, std::move(key), value);
        fields(row, record);
        row.finish();
    }
    ObjectReader in_;
    std::optional<Error> member_error_;
};

}  // namespace tephra

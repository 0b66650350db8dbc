#pragma once
// StateFields: one list of fields that both saves and loads, so that the two cannot differ.
//
// What has state describes it once, in `void state(StateFields& fields)`: fields(a, b, c). Saving appends the values
// to bytes; loading sets them from bytes. Integers are little-endian and as wide as their types.
//
// Loading trusts no size: an array whose length the inputs of the run decide must have that length, and any other must
// fit the bytes that are left. A value that cannot be right makes a fault; from then on every value reads as zero.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "simulator/ring.hpp"

namespace tephra {

class StateFields {
public:
    /// Saves.
    StateFields() : reader_({}), loading_(false) {}
    /// Loads. `saved` must outlive it.
    explicit StateFields(std::span<const std::byte> saved) : reader_(saved), loading_(true), size_(saved.size()) {}

    [[nodiscard]] bool loading() const { return loading_; }
    /// The bytes saved so far.
    [[nodiscard]] std::span<const std::byte> saved() const { return std::as_bytes(std::span(writer_.bytes())); }
    /// Whether no fault was met so far.
    [[nodiscard]] bool sound() const { return fault_.empty(); }
    /// At the end: what is wrong with the bytes that were loaded; "" when nothing is. Bytes that are left over are
    /// wrong, too.
    [[nodiscard]] std::string fault() const {
        if (!fault_.empty() || !loading_) return fault_;
        return reader_.position() == size_ ? "" : std::to_string(left()) + " bytes are left over";
    }

    /// Numbers, arrays of them, and structs with a fields_of() of their own.
    template <typename... T>
    void operator()(T&... values) {
        (field(values), ...);
    }

    /// An array whose length the inputs of the run decide.
    template <typename T>
    void fixed(std::vector<T>& values) {
        if (same_length(values.size())) part(std::span(values));
    }
    /// The same; `each` names the fields of an element.
    template <typename T, typename Each>
    void fixed(std::vector<T>& values, const Each& each) {
        if (!same_length(values.size())) return;
        for (T& value : values) each(value);
    }
    /// A part of an array, whose length both sides know.
    template <typename T>
    void part(std::span<T> values) {
        if constexpr (plain<T>)
            numbers(values);
        else
            for (T& value : values) field(value);
    }
    /// An array of any length up to `most`.
    template <typename T>
    void list(std::vector<T>& values, std::size_t most) {
        if constexpr (plain<T>) {
            const std::size_t size = count(values.size(), most, sizeof(T));
            if (loading_) values.assign(size, T{});
            numbers(std::span(values));
        } else {
            list(values, most, [this](T& value) { field(value); });
        }
    }
    template <typename T, typename Each>
    void list(std::vector<T>& values, std::size_t most, const Each& each) {
        const std::size_t size = count(values.size(), most);
        if (loading_) values.clear();
        for (std::size_t k = 0; k < size && fault_.empty(); ++k) {
            if (loading_) values.emplace_back();  // grows by what was read, not by what a size says
            each(values[k]);
        }
    }
    template <typename T>
    void queue(Ring<T>& values) {
        queue(values, [this](T& value) { field(value); });
    }
    template <typename T, typename Each>
    void queue(Ring<T>& values, const Each& each) {
        const std::size_t size = count(values.size(), SIZE_MAX);
        for (std::size_t k = 0; k < size && fault_.empty(); ++k) {
            T value = loading_ ? T{} : values[k];
            each(value);
            if (loading_) values.push(value);
        }
    }
    /// How many elements follow: `now` when it saves; when it loads what was saved, at most `most` and no more than the
    /// bytes that are left have room for, at so many `bytes` each or more.
    std::size_t count(std::size_t now, std::size_t most, std::size_t bytes = 1) {
        const std::size_t size = size_of(now);
        return expect(!loading_ || (size <= most && size <= left() / bytes), "an array is too long") ? size : 0;
    }
    /// An index below `count`, or UINT32_MAX (no_index) where `none` lets it be.
    void index(std::uint32_t& value, std::size_t count, bool none = false) {
        field(value);
        if (!expect(value < count || (none && value == UINT32_MAX), "an index is out of range")) value = 0;
    }
    /// While it loads: a fault unless `right`. Returns whether there is none so far.
    bool expect(bool right, const char* what) {
        if (!loading_) return true;
        if (!right && fault_.empty()) fault_ = std::string(what) + ", at byte " + std::to_string(reader_.position());
        return fault_.empty();
    }

private:
    template <typename T>
    static constexpr bool plain = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
    [[nodiscard]] std::size_t left() const { return size_ - reader_.position(); }
    bool same_length(std::size_t size) { return expect(size_of(size) == size, "an array has another length"); }
    std::size_t size_of(std::size_t now) {
        auto size = static_cast<std::uint64_t>(now);
        field(size);
        return size;
    }
    template <typename T>
    void field(T& value) {
        if constexpr (plain<T>) {
            numbers(std::span(&value, 1));
        } else if constexpr (std::is_same_v<T, bool>) {
            auto byte = static_cast<std::uint8_t>(value);
            field(byte);
            expect(byte <= 1, "a flag is neither 0 nor 1");
            value = byte == 1;
        } else {
            fields_of(*this, value);
        }
    }
    template <typename T, std::size_t n>
    void field(std::array<T, n>& values) {
        part(std::span<T>(values));
    }
    template <typename T>
    void numbers(std::span<T> values) {
        if (!loading_) return writer_.put_all(std::span<const T>(values));
        if (!expect(values.size_bytes() <= left(), "it ends early")) {
            std::ranges::fill(values, T{});
            return;
        }
        reader_.get_all(values);
    }

    ByteWriter writer_;
    ByteReader reader_;
    bool loading_;
    std::size_t size_ = 0;
    std::string fault_;
};

}  // namespace tephra

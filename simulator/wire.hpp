#pragma once
// What ranks send each other, as bytes. All ranks run one version of the program on one kind of processor
// (RankedRun::agree), so values travel as they lie in memory.
#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tephra {

class WireWriter {
public:
    /// Appends to `bytes`.
    explicit WireWriter(std::string& bytes) : bytes_(bytes) {}

    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put(const T& value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
    /// The values alone; the reader knows how many.
    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put_all(std::span<const T> values) {
        bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }
    /// Their number, then the values.
    template <typename T>
    void put_list(std::span<const T> values) {
        put(std::uint64_t{values.size()});
        put_all(values);
    }
    void put_text(std::string_view text) { put_list(std::span(text.data(), text.size())); }

private:
    std::string& bytes_;
};

/// Reads in the order of writing.
class WireReader {
public:
    explicit WireReader(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] bool at_end() const { return bytes_.empty(); }

    template <typename T>
    requires std::is_trivially_copyable_v<T> T get() {
        T value;
        take(&value, sizeof value);
        return value;
    }
    template <typename T>
    void get_list(std::vector<T>& values) {
        values.resize(get<std::uint64_t>());
        take(values.data(), values.size() * sizeof(T));
    }
    /// Appends a list.
    template <typename T>
    void append_list(std::vector<T>& values) {
        const std::size_t before = values.size();
        const auto count = get<std::uint64_t>();
        values.resize(before + count);
        take(values.data() + before, count * sizeof(T));
    }
    std::string get_text() {
        std::string text(get<std::uint64_t>(), '\0');
        take(text.data(), text.size());
        return text;
    }

private:
    void take(void* to, std::size_t size) {
        assert(size <= bytes_.size());
        if (size > 0) std::memcpy(to, bytes_.data(), size);
        bytes_.remove_prefix(size);
    }
    std::string_view bytes_;
};

}  // namespace tephra

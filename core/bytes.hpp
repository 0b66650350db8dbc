#pragma once
// Little-endian scalars in and out of byte strings, without alignment.
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

namespace tephra {

static_assert(std::endian::native == std::endian::little, "binary files are little-endian and read in place");

/// Appends scalars and arrays to a byte string.
class ByteWriter {
public:
    template <typename T>
    requires std::is_arithmetic_v<T>
    void put(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
    template <typename T>
    requires std::is_arithmetic_v<T>
    void put_all(std::span<const T> values) {
        bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    }
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

/// Reads scalars and arrays from bytes. Past the end ok() is false from then on, get() returns zero, and get_all()
/// leaves its output as it is.
class ByteReader {
public:
    explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
    template <typename T>
    requires std::is_arithmetic_v<T> T get() {
        T value{};
        get_all(std::span<T>(&value, 1));
        return value;
    }
    template <typename T>
    requires std::is_arithmetic_v<T>
    void get_all(std::span<T> out) {
        if (out.empty()) return;
        ok_ = ok_ && out.size_bytes() <= bytes_.size() - position_;
        if (!ok_) return;
        std::memcpy(out.data(), bytes_.data() + position_, out.size_bytes());
        position_ += out.size_bytes();
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t position() const { return position_; }

private:
    std::span<const std::byte> bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

}  // namespace tephra

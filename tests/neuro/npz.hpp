#pragma once
// Reads NumPy's archives (.npz, compressed or not) of float32 and int32 arrays, for tests against reference data.
#include <zlib.h>

#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/narrow.hpp"

namespace tephra::test {

/// Decompresses a raw DEFLATE stream that holds `size` bytes.
inline std::string inflate_raw(std::string_view packed, std::size_t size) {
    std::string out(size, '\0');
    z_stream stream{};
    std::string input(packed);  // zlib wants it writable
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = narrow<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = narrow<uInt>(out.size());
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::runtime_error("npz: zlib does not start");
    const int status = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (status != Z_STREAM_END || stream.total_out != size) throw std::runtime_error("npz: damaged data");
    return out;
}

struct NpyArray {
    std::vector<std::size_t> shape;
    std::string bytes;  ///< little-endian elements of four bytes

    template <typename T>
    [[nodiscard]] std::vector<T> values() const {
        static_assert(sizeof(T) == 4);
        std::vector<T> out(bytes.size() / 4);
        std::memcpy(out.data(), bytes.data(), out.size() * 4);
        return out;
    }
};

/// Arrays of an .npz file by name, read through its central directory.
inline std::map<std::string, NpyArray> parse_npz(std::string_view file) {
    const auto word = [&](std::size_t at, std::size_t n) {
        std::size_t value = 0;
        for (std::size_t i = 0; i < n; ++i)
            value |= static_cast<std::size_t>(static_cast<unsigned char>(file.at(at + i))) << (8 * i);
        return value;
    };
    const std::size_t end = file.rfind("PK\x05\x06");
    if (end == std::string_view::npos) throw std::runtime_error("npz: no central directory");
    std::map<std::string, NpyArray> arrays;
    std::size_t at = word(end + 16, 4);
    for (std::size_t entries = word(end + 10, 2); entries > 0; --entries) {
        const std::size_t method = word(at + 10, 2), packed = word(at + 20, 4), size = word(at + 24, 4);
        const std::size_t name_size = word(at + 28, 2), local = word(at + 42, 4);
        const std::size_t data = local + 30 + word(local + 26, 2) + word(local + 28, 2);
        const std::string name(file.substr(at + 46, name_size - 4));  // without ".npy"
        const std::string_view body = file.substr(data, packed);
        const std::string npy = method == 0 ? std::string(body) : inflate_raw(body, size);
        const std::size_t header_size = static_cast<unsigned char>(npy.at(8)) +
                                        (static_cast<std::size_t>(static_cast<unsigned char>(npy.at(9))) << 8);
        const std::string header = npy.substr(10, header_size);
        NpyArray& array = arrays[name];
        for (std::size_t digit = header.find('(') + 1; header.at(digit) >= '0' && header[digit] <= '9';) {
            std::size_t used = 0;
            array.shape.push_back(std::stoul(header.substr(digit), &used));
            digit = header.find_first_not_of(", ", digit + used);
        }
        array.bytes = npy.substr(10 + header_size);
        at += 46 + name_size + word(at + 30, 2) + word(at + 32, 2);
    }
    return arrays;
}

}  // namespace tephra::test

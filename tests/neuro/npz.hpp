#pragma once
// Reads NumPy's compressed archives (.npz) of float32 and int32 arrays, for tests against reference data.
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace tephra::test {

/// Decompresses a raw DEFLATE stream (RFC 1951).
class Inflate {
public:
    explicit Inflate(std::string_view input) : input_(input) {}

    std::string run() {
        for (bool last = false; !last;) {
            last = bits(1) != 0;
            switch (bits(2)) {
                case 0:
                    stored();
                    break;
                case 1:
                    fixed();
                    break;
                case 2:
                    dynamic();
                    break;
                default:
                    throw std::runtime_error("inflate: bad block");
            }
        }
        return std::move(out_);
    }

private:
    /// Canonical Huffman code: symbols in order of (length, symbol), and how many there are of each length.
    struct Huffman {
        std::array<int, 16> count{};
        std::vector<int> symbols;

        explicit Huffman(const std::vector<int>& lengths) {
            for (int length = 1; length < 16; ++length)
                for (std::size_t s = 0; s < lengths.size(); ++s)
                    if (lengths[s] == length) {
                        ++count[static_cast<std::size_t>(length)];
                        symbols.push_back(static_cast<int>(s));
                    }
        }
    };

    unsigned bits(int n) {
        for (; have_ < n; have_ += 8) {
            if (next_ >= input_.size()) throw std::runtime_error("inflate: truncated");
            buffer_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(input_[next_++])) << have_;
        }
        const auto value = static_cast<unsigned>(buffer_ & ((1ULL << n) - 1));
        buffer_ >>= n;
        have_ -= n;
        return value;
    }

    int symbol(const Huffman& code) {
        int value = 0, first = 0, index = 0;
        for (std::size_t length = 1; length < 16; ++length) {
            value |= static_cast<int>(bits(1));
            const int count = code.count[length];
            if (value - count < first) return code.symbols[static_cast<std::size_t>(index + value - first)];
            index += count;
            first = (first + count) << 1;
            value <<= 1;
        }
        throw std::runtime_error("inflate: bad code");
    }

    void stored() {
        buffer_ = 0;
        have_ = 0;
        const unsigned length = bits(16);
        bits(16);
        out_.append(input_.substr(next_, length));
        next_ += length;
    }

    void fixed() {
        std::vector<int> lengths(288, 8);
        for (std::size_t s = 144; s < 256; ++s) lengths[s] = 9;
        for (std::size_t s = 256; s < 280; ++s) lengths[s] = 7;
        codes(Huffman(lengths), Huffman(std::vector<int>(30, 5)));
    }

    void dynamic() {
        static constexpr std::array<std::size_t, 19> order = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                              11, 4,  12, 3, 13, 2, 14, 1, 15};
        const std::size_t literals = bits(5) + 257, distances = bits(5) + 1, used = bits(4) + 4;
        std::vector<int> lengths(19);
        for (std::size_t i = 0; i < used; ++i) lengths[order[i]] = static_cast<int>(bits(3));
        const Huffman length_code(lengths);
        lengths.clear();
        while (lengths.size() < literals + distances) {
            const int s = symbol(length_code);
            if (s < 16)
                lengths.push_back(s);
            else if (s == 16)
                lengths.insert(lengths.end(), bits(2) + 3, int{lengths.back()});
            else
                lengths.insert(lengths.end(), s == 17 ? bits(3) + 3 : bits(7) + 11, 0);
        }
        const auto split = lengths.begin() + static_cast<std::ptrdiff_t>(literals);
        codes(Huffman({lengths.begin(), split}), Huffman({split, lengths.end()}));
    }

    void codes(const Huffman& literals, const Huffman& distances) {
        for (int s = symbol(literals); s != 256; s = symbol(literals)) {
            if (s < 256) {
                out_.push_back(static_cast<char>(s));
                continue;
            }
            std::size_t length = 258;  // symbol 285
            if (s < 265) {
                length = static_cast<std::size_t>(s) - 254;
            } else if (s < 285) {
                const int extra = (s - 261) / 4;
                length = ((4U + static_cast<unsigned>(s - 261) % 4) << extra) + 3 + bits(extra);
            }
            const int d = symbol(distances);
            std::size_t distance = static_cast<std::size_t>(d) + 1;
            if (d >= 4) {
                const int extra = d / 2 - 1;
                distance = ((2U + static_cast<unsigned>(d) % 2) << extra) + 1 + bits(extra);
            }
            if (distance > out_.size()) throw std::runtime_error("inflate: bad distance");
            for (; length > 0; --length) out_.push_back(out_[out_.size() - distance]);
        }
    }

    std::string_view input_;
    std::size_t next_ = 0;
    std::uint64_t buffer_ = 0;
    int have_ = 0;
    std::string out_;
};

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
    const auto word = [&](std::size_t at, int n) {
        std::size_t value = 0;
        for (int i = 0; i < n; ++i)
            value |= static_cast<std::size_t>(static_cast<unsigned char>(file.at(at + static_cast<std::size_t>(i))))
                     << (8 * i);
        return value;
    };
    const std::size_t end = file.rfind("PK\x05\x06");
    if (end == std::string_view::npos) throw std::runtime_error("npz: no central directory");
    std::map<std::string, NpyArray> arrays;
    std::size_t at = word(end + 16, 4);
    for (std::size_t entries = word(end + 10, 2); entries > 0; --entries) {
        const std::size_t method = word(at + 10, 2), packed = word(at + 20, 4), name_size = word(at + 28, 2);
        const std::size_t local = word(at + 42, 4), data = local + 30 + word(local + 26, 2) + word(local + 28, 2);
        const std::string name(file.substr(at + 46, name_size - 4));  // without ".npy"
        const std::string_view body = file.substr(data, packed);
        const std::string npy = method == 0 ? std::string(body) : Inflate(body).run();
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

#include "core/npy.hpp"

#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <optional>
#include <type_traits>

#include "core/bytes.hpp"
#include "core/files.hpp"

namespace tephra {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t longest_header = 65536;
constexpr std::int64_t largest_exact = std::int64_t{1} << 53;

struct Header {
    std::string type;
    bool fortran = false;
    std::vector<std::int64_t> shape;
};

/// Reads the Python dictionary of a header: the three keys, each once, in any order, and nothing else.
class HeaderReader {
public:
    explicit HeaderReader(std::string_view text) : rest_(text) {}

    std::optional<Header> read() {
        Header header;
        bool type = false, order = false, shape = false;
        if (!take('{')) return std::nullopt;
        while (!take('}')) {
            const auto key = string();
            if (!key || !take(':')) return std::nullopt;
            bool* seen = *key == "descr"           ? &type
                         : *key == "fortran_order" ? &order
                         : *key == "shape"         ? &shape
                                                   : nullptr;
            if (seen == nullptr || *seen || !value(*key, header)) return std::nullopt;
            *seen = true;
            if (!take(',') && !next_is('}')) return std::nullopt;
        }
        skip();
        if (!rest_.empty() || !type || !order || !shape) return std::nullopt;
        return header;
    }

private:
    void skip() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) rest_.remove_prefix(1);
    }
    bool next_is(char c) {
        skip();
        return rest_.starts_with(c);
    }
    bool take(char c) {
        if (!next_is(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool word(std::string_view text) {
        skip();
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    std::optional<std::string> string() {
        skip();
        if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return std::nullopt;
        const std::size_t end = rest_.find(rest_.front(), 1);
        if (end == std::string_view::npos) return std::nullopt;
        std::string text(rest_.substr(1, end - 1));
        rest_.remove_prefix(end + 1);
        return text;
    }
    /// A decimal number below 2^62.
    std::optional<std::int64_t> number() {
        skip();
        std::int64_t value = 0;
        std::size_t digits = 0;
        for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
            if (value > std::int64_t{1} << 57) return std::nullopt;
            value = value * 10 + (rest_[digits] - '0');
        }
        if (digits == 0) return std::nullopt;
        rest_.remove_prefix(digits);
        return value;
    }
    bool tuple(std::vector<std::int64_t>& out) {
        if (!take('(')) return false;
        while (!take(')')) {
            const auto extent = number();
            if (!extent || out.size() == most_array_axes) return false;
            out.push_back(*extent);
            if (!take(',') && !next_is(')')) return false;
        }
        return true;
    }
    bool value(const std::string& key, Header& header) {
        if (key == "descr") {
            const auto type = string();
            if (type) header.type = *type;
            return type.has_value();
        }
        if (key == "shape") return tuple(header.shape);
        header.fortran = word("True");
        return header.fortran || word("False");
    }
    std::string_view rest_;
};

/// IEEE 754 binary16.
double half(std::uint16_t bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits >> 15 != 0 ? -1 : 1;
    if (exponent == 31) return fraction == 0 ? sign * HUGE_VAL : NAN;
    return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

/// Elements of one type as doubles; the index of the first that a double does not hold.
template <typename T>
std::optional<std::size_t> convert(std::string_view bytes, std::vector<double>& out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        T value;
        std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
        if constexpr (sizeof(T) == 8 && std::is_integral_v<T>)
            if (std::cmp_greater(value, largest_exact) || std::cmp_less(value, -largest_exact)) return i;
        out[i] = static_cast<double>(value);
    }
    return std::nullopt;
}

std::optional<std::size_t> convert_halves(std::string_view bytes, std::vector<double>& out) {
    std::vector<double> raw(out.size());
    convert<std::uint16_t>(bytes, raw);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = half(static_cast<std::uint16_t>(raw[i]));
    return std::nullopt;
}

struct ElementType {
    std::string_view name;
    std::size_t size;
    std::optional<std::size_t> (*convert)(std::string_view, std::vector<double>&);
};
constexpr std::array<ElementType, 12> element_types{{
    {"|b1", 1, convert<std::uint8_t>},
    {"|i1", 1, convert<std::int8_t>},
    {"|u1", 1, convert<std::uint8_t>},
    {"<i2", 2, convert<std::int16_t>},
    {"<u2", 2, convert<std::uint16_t>},
    {"<i4", 4, convert<std::int32_t>},
    {"<u4", 4, convert<std::uint32_t>},
    {"<i8", 8, convert<std::int64_t>},
    {"<u8", 8, convert<std::uint64_t>},
    {"<f2", 2, convert_halves},
    {"<f4", 4, convert<float>},
    {"<f8", 8, convert<double>},
}};

/// Values whose first axis varies fastest, in C order.
std::vector<double> to_c_order(const std::vector<double>& values, const std::vector<std::int64_t>& shape) {
    std::vector<std::size_t> strides;  // in Fortran order
    std::size_t stride = 1;
    for (const std::int64_t extent : shape) {
        strides.push_back(stride);
        stride *= static_cast<std::size_t>(extent);
    }
    std::vector<double> out;
    out.reserve(values.size());
    std::vector<std::int64_t> index(shape.size());
    std::size_t from = 0;
    while (out.size() < values.size()) {
        out.push_back(values[from]);
        for (std::size_t axis = shape.size(); axis-- > 0;) {
            from += strides[axis];
            if (++index[axis] < shape[axis]) break;
            from -= strides[axis] * static_cast<std::size_t>(shape[axis]);
            index[axis] = 0;
        }
    }
    return out;
}

/// The header's length field and where its text starts.
struct Preamble {
    std::size_t text = 0, length = 0;
};

std::optional<Preamble> read_preamble(std::string_view bytes) {
    if (!bytes.starts_with(magic) || bytes.size() < 12) return std::nullopt;
    ByteReader reader(std::as_bytes(std::span(bytes.substr(6))));
    const auto major = reader.get<std::uint8_t>(), minor = reader.get<std::uint8_t>();
    if (major < 1 || major > 3 || minor != 0) return std::nullopt;
    const std::size_t length = major == 1 ? reader.get<std::uint16_t>() : reader.get<std::uint32_t>();
    const std::size_t text = 6 + reader.position();
    if (length > longest_header || length > bytes.size() - text) return std::nullopt;
    return Preamble{text, length};
}

/// Number of elements; none: more than could stand in `bytes` bytes.
std::optional<std::size_t> element_count(const std::vector<std::int64_t>& shape, std::size_t bytes) {
    std::size_t count = 1;
    for (const std::int64_t extent : shape)
        if (extent == 0) return 0;
    for (const std::int64_t extent : shape) {
        if (count > bytes / static_cast<std::size_t>(extent)) return std::nullopt;
        count *= static_cast<std::size_t>(extent);
    }
    return count;
}

}  // namespace

Result<NumberArray> parse_npy(std::string_view bytes, const std::string& place) {
    const auto preamble = read_preamble(bytes);
    if (!preamble)
        return bad_input("this is no .npy file, or its start is damaged", place, "numpy.save writes such a file");
    const auto header = HeaderReader(bytes.substr(preamble->text, preamble->length)).read();
    if (!header)
        return bad_input("the header of the .npy file can't be read",
                         place + ", byte " + std::to_string(preamble->text),
                         "numpy.save of a plain array is read: no structured types, no negative or huge extents");
    const ElementType* type = nullptr;
    for (const ElementType& known : element_types)
        if (known.name == header->type) type = &known;
    if (type == nullptr)
        return bad_input("elements of type \"" + header->type + "\" are not read", place,
                         "convert them: array.astype('<i4') or array.astype('<f4')");
    const std::string_view data = bytes.substr(preamble->text + preamble->length);
    const auto count = element_count(header->shape, data.size() / type->size);
    if (!count || *count * type->size != data.size())
        return bad_input("the shape in the header does not fit the " + std::to_string(data.size()) + " bytes after it",
                         place, "the file is cut, or longer than it says");
    NumberArray array{header->shape, std::vector<double>(*count)};
    if (const auto bad = type->convert(data, array.values))
        return bad_input("value " + std::to_string(*bad) + " is an integer beyond 2^53", place, "use smaller integers");
    if (header->fortran) array.values = to_c_order(array.values, array.shape);
    return array;
}

Result<NumberArray> read_npy(const std::string& path) {
    const Result<std::string> bytes = read_file(path);
    if (!bytes) return tl::unexpected(bytes.error());
    return parse_npy(*bytes, path);
}

template <typename T>
std::string npy_bytes(std::span<const std::int64_t> shape, std::span<const T> values) {
    constexpr std::string_view type = std::is_same_v<T, std::int8_t>    ? "|i1"
                                      : std::is_same_v<T, std::int32_t> ? "<i4"
                                      : std::is_same_v<T, float>        ? "<f4"
                                                                        : "<f8";
    std::string header = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (";
    for (const std::int64_t extent : shape) header += std::to_string(extent) + ",";
    header += "), }";
    constexpr std::size_t preamble = 10, alignment = 64;
    header.resize((preamble + header.size() + alignment) / alignment * alignment - preamble - 1, ' ');
    header += '\n';
    ByteWriter writer;
    for (const char c : magic) writer.put(c);
    writer.put(std::uint8_t{1});
    writer.put(std::uint8_t{0});
    writer.put(static_cast<std::uint16_t>(header.size()));
    writer.put_all(std::span<const char>(header));
    writer.put_all(values);
    return writer.bytes();
}

template std::string npy_bytes(std::span<const std::int64_t>, std::span<const std::int8_t>);
template std::string npy_bytes(std::span<const std::int64_t>, std::span<const std::int32_t>);
template std::string npy_bytes(std::span<const std::int64_t>, std::span<const float>);
template std::string npy_bytes(std::span<const std::int64_t>, std::span<const double>);

}  // namespace tephra

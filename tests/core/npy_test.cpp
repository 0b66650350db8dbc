#include "core/npy.hpp"

#include <limits>

#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// A .npy file of version 1 with this header text and data.
std::string file(const std::string& header, const std::string& data, char major = 1) {
    std::string out = "\x93NUMPY";
    out += major;
    out += '\0';
    const std::size_t size = header.size() + 1;
    out += static_cast<char>(size & 255);
    out += static_cast<char>(size >> 8);
    if (major > 1) out += std::string(2, '\0');
    return out + header + "\n" + data;
}

template <typename T>
std::string raw(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string described(const std::string& type, const std::string& shape, bool fortran = false) {
    return "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
}

std::vector<double> values(const std::string& bytes) {
    const auto array = parse_npy(bytes, "x");
    if (!array) FAIL(to_string(array.error()));
    return array->values;
}

std::string error(const std::string& bytes) {
    const auto array = parse_npy(bytes, "x.npy");
    return array ? "" : to_string(array.error());
}

}  // namespace

TEST_CASE("numbers of every type become equal doubles") {
    using Doubles = std::vector<double>;
    CHECK(values(file(described("|b1", "(2,)"), std::string("\1\0", 2))) == Doubles{1, 0});
    CHECK(values(file(described("|i1", "(2,)"), raw<std::int8_t>({-128, 127}))) == Doubles{-128, 127});
    CHECK(values(file(described("|u1", "(1,)"), raw<std::uint8_t>({255}))) == Doubles{255});
    CHECK(values(file(described("<i2", "(1,)"), raw<std::int16_t>({-32768}))) == Doubles{-32768});
    CHECK(values(file(described("<u2", "(1,)"), raw<std::uint16_t>({65535}))) == Doubles{65535});
    CHECK(values(file(described("<i4", "(1,)"), raw<std::int32_t>({-2147483647}))) == Doubles{-2147483647});
    CHECK(values(file(described("<u4", "(1,)"), raw<std::uint32_t>({4294967295U}))) == Doubles{4294967295.0});
    CHECK(values(file(described("<i8", "(1,)"), raw<std::int64_t>({-(1LL << 53)}))) == Doubles{-9007199254740992.0});
    CHECK(values(file(described("<u8", "(1,)"), raw<std::uint64_t>({1ULL << 53}))) == Doubles{9007199254740992.0});
    CHECK(values(file(described("<f2", "(4,)"), raw<std::uint16_t>({0x3C00, 0xC000, 0x0001, 0x7BFF}))) ==
          Doubles{1, -2, 0x1p-24, 65504});
    CHECK(values(file(described("<f4", "(1,)"), raw<float>({0.1F}))) == Doubles{static_cast<double>(0.1F)});
    CHECK(values(file(described("<f8", "(1,)"), raw<double>({0.1}))) == Doubles{0.1});
}

TEST_CASE("integers that a double does not hold are refused") {
    CHECK(error(file(described("<i8", "(2,)"), raw<std::int64_t>({0, (1LL << 53) + 1})))
              .starts_with("x.npy: value 1 is an integer beyond 2^53"));
    CHECK_FALSE(
        error(file(described("<u8", "(1,)"), raw<std::uint64_t>({std::numeric_limits<std::uint64_t>::max()}))).empty());
}

TEST_CASE("Fortran order becomes C order") {
    // [[0, 1, 2], [3, 4, 5]]
    const auto array =
        parse_npy(file(described("|i1", "(2, 3)", true), raw<std::int8_t>({0, 3, 1, 4, 2, 5})), "x").value();
    CHECK(array.shape == std::vector<std::int64_t>{2, 3});
    CHECK(array.values == std::vector<double>{0, 1, 2, 3, 4, 5});
    CHECK(values(file(described("|i1", "(2, 1, 2)", true), raw<std::int8_t>({0, 2, 1, 3}))) ==
          std::vector<double>{0, 1, 2, 3});
}

TEST_CASE("scalars, empty arrays and versions 2 and 3 are read") {
    CHECK(values(file(described("|i1", "()"), "\5")) == std::vector<double>{5});
    CHECK(parse_npy(file(described("<f8", "(0, 7)"), ""), "x").value().shape == std::vector<std::int64_t>{0, 7});
    CHECK(values(file(described("|i1", "(1,)"), "\5", 2)) == std::vector<double>{5});
    CHECK(values(file(described("|i1", "(1,)"), "\5", 3)) == std::vector<double>{5});
}

TEST_CASE("damaged .npy files are refused") {
    CHECK(error("").starts_with("x.npy: this is no .npy file"));
    CHECK(error("PK\3\4 and so on, an archive").starts_with("x.npy: this is no .npy file"));
    CHECK(error(file(described("|i1", "(1,)"), "\5", 4)).starts_with("x.npy: this is no .npy file"));
    const std::string good = file(described("|i1", "(2,)"), "\5\6");
    CHECK(error(good).empty());
    for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(error(good.substr(0, size)).empty());
    CHECK(error(good + "x").find("does not fit the 3 bytes") != std::string::npos);
    CHECK(error(file(described(">i4", "(1,)"), "\0\0\0\1")).find("elements of type \">i4\"") != std::string::npos);
    CHECK(error(file(described("|O", "(1,)"), "x")).find("elements of type \"|O\"") != std::string::npos);
    CHECK_FALSE(error(file(described("|i1", "(4611686018427387904, 4611686018427387904)"), "x")).empty());
    CHECK_FALSE(error(file(described("|i1", "(99999999999999999999,)"), "x")).empty());
    CHECK_FALSE(error(file(described("|i1", "(-1,)"), "x")).empty());
    for (const char* header : {"{}", "{'descr': '|i1', 'fortran_order': False}", "{'descr': '|i1', 'descr': '|i1'}",
                               "{'descr': [('a', '|i1')], 'fortran_order': False, 'shape': (1,), }", "['descr']",
                               "{'descr': '|i1', 'fortran_order': 0, 'shape': (1,), }",
                               "{'descr': '|i1', 'fortran_order': False, 'shape': (1,), } x",
                               "{'descr': '|i1', 'fortran_order': False, 'shape': (1,), 'more': 1}"})
        CHECK(error(file(header, "x")).find("the header") != std::string::npos);
}

TEST_CASE("what is written is read") {
    const std::vector<std::int64_t> shape{2, 3};
    const auto back = [&](const std::string& bytes) {
        const auto array = parse_npy(bytes, "x").value();
        CHECK(array.shape == shape);
        return array.values;
    };
    const std::vector<std::int8_t> bytes{1, -2, 3, 4, 5, -128};
    const std::vector<std::int32_t> words{1, -2, 3, 4, 5, -2147483647};
    const std::vector<float> floats{1, -2, 3, 4, 5, 0.1F};
    const std::vector<double> doubles{1, -2, 3, 4, 5, 0.1};
    CHECK(back(npy_bytes<std::int8_t>(shape, bytes)) == std::vector<double>(bytes.begin(), bytes.end()));
    CHECK(back(npy_bytes<std::int32_t>(shape, words)) == std::vector<double>(words.begin(), words.end()));
    CHECK(back(npy_bytes<float>(shape, floats)) == std::vector<double>(floats.begin(), floats.end()));
    CHECK(back(npy_bytes<double>(shape, doubles)) == doubles);
    CHECK(parse_npy(npy_bytes<double>({}, std::vector<double>{7}), "x").value().values == std::vector<double>{7});
}

#include "core/npz.hpp"

#include <filesystem>

#include "tests/catch.hpp"

using namespace tephra;

namespace {

const std::vector<std::int64_t> shape{3};

/// An archive of two arrays, through a file.
std::string archive() {
    const std::string path = (std::filesystem::temp_directory_path() / "tephra_npz_test.npz").string();
    auto file = OutputFile::create(path).value();
    NpzWriter writer(file);
    REQUIRE(writer.add("spikes", npy_bytes<std::int8_t>(shape, std::vector<std::int8_t>{1, 0, -1})));
    REQUIRE(writer.add("u", npy_bytes<std::int32_t>(shape, std::vector<std::int32_t>{7, 8, 9})));
    REQUIRE(writer.finish());
    REQUIRE(file.commit());
    std::string bytes = read_file(path).value();
    std::filesystem::remove(path);
    return bytes;
}

/// numpy.savez_compressed(file, a=numpy.arange(4, dtype="<i4")), version 1.24.
constexpr std::string_view compressed_hex =
    "504b030414000000080000002100fe741ed44e0000009000000005001400612e6e70790100100090000000000000004e00000000"
    "0000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369a2aea3a09e965f54529498179f5f94920a12774bcc294e058a"
    "17672416a402f91a263a9a3a0ab50a14002e0620600462262066066200504b0102140314000000080000002100fe741ed44e0000"
    "0090000000050000000000000000000000800100000000612e6e7079504b0506000000000100010033000000850000000000";

std::string from_hex(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    return out;
}

}  // namespace

TEST_CASE("an archive that is written is read") {
    const auto arrays = parse_npz(archive(), "x").value();
    REQUIRE(arrays.size() == 2);
    CHECK(arrays.at("spikes").values == std::vector<double>{1, 0, -1});
    CHECK(arrays.at("u").shape == shape);
    CHECK(arrays.at("u").values == std::vector<double>{7, 8, 9});
}

TEST_CASE("equal arrays give equal files") {
    CHECK(archive() == archive());
}

TEST_CASE("a compressed archive of NumPy's is read") {
    const auto arrays = parse_npz(from_hex(compressed_hex), "x").value();
    CHECK(arrays.at("a").values == std::vector<double>{0, 1, 2, 3});
}

TEST_CASE("a cut archive, and any changed byte that matters, is refused") {
    for (const std::string& good : {archive(), from_hex(compressed_hex)}) {
        const auto arrays = parse_npz(good, "x").value();
        for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(parse_npz(good.substr(0, size), "x"));
        CHECK_FALSE(parse_npz(good + "x", "x"));
        for (std::size_t i = 0; i < good.size(); ++i) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ 0x55);
            const auto read = parse_npz(bad, "x");
            if (!read) CHECK_FALSE(read.error().hint.empty());
            // Names, times and versions may change; numbers may not.
            if (read && read->size() == arrays.size())
                for (const auto& [name, array] : arrays)
                    if (read->contains(name)) CHECK(read->at(name).values == array.values);
        }
    }
}

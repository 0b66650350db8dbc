#include "core/bytes.hpp"

#include <array>
#include <cstdint>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("scalars come back in order, and past the end as zeros") {
    ByteWriter out;
    out.put<std::uint8_t>(7);
    out.put<std::int32_t>(-2);
    out.put<double>(0.1);
    constexpr std::array<std::int16_t, 3> gains = {1, -1, 300};
    out.put_all(std::span<const std::int16_t>(gains));
    CHECK(out.bytes().size() == 1 + 4 + 8 + 6);
    CHECK(out.bytes().substr(1, 4) == "\xfe\xff\xff\xff");
    ByteReader in(std::as_bytes(std::span(out.bytes())));
    CHECK(in.get<std::uint8_t>() == 7);
    CHECK(in.get<std::int32_t>() == -2);
    CHECK(in.get<double>() == 0.1);
    std::array<std::int16_t, 3> read{};
    in.get_all(std::span<std::int16_t>(read));
    CHECK(read == gains);
    CHECK(in.ok());
    CHECK(in.position() == out.bytes().size());
    CHECK(in.get<std::uint8_t>() == 0);
    CHECK(!in.ok());
}

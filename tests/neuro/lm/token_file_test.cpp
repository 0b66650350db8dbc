#include "neuro/lm/token_file.hpp"

#include "core/files.hpp"
#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("token files are 16-bit little-endian ids of the vocabulary") {
    const test::TemporaryPath path("ids.u16");
    REQUIRE(write_file(path.str(), std::string("\x01\x00\x02\x01\xff\x0f", 6)));
    CHECK(read_token_file(path.str(), 4096).value() == std::vector<std::int32_t>{1, 258, 4095});
    const auto outside = read_token_file(path.str(), 4095);
    CHECK(outside.error().code == ErrorCode::bad_input);
    CHECK(outside.error().place == path.str() + ", byte 4");
    REQUIRE(write_file(path.str(), "odd"));
    CHECK(read_token_file(path.str(), 4096).error().message == "odd number of bytes");
    REQUIRE(write_file(path.str(), ""));
    CHECK(read_token_file(path.str(), 4096).error().message == "no ids");
    CHECK(read_token_file(path.str() + ".absent", 4096).error().code == ErrorCode::bad_input);
}

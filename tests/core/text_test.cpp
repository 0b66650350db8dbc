#include "core/text.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("the nearest name is near") {
    const std::vector<std::string> names = {"hop_energy_pj", "synop_energy_pj", "static_mw"};
    CHECK(nearest_name("hop_enrgy_pj", names) == "hop_energy_pj");
    CHECK(nearest_name("static_mW", names) == "static_mw");
    CHECK(nearest_name("zzz", names).empty());
    CHECK(nearest_name("host", std::vector<std::string>{"mesh", "core"}).empty());
    CHECK(nearest_name("sta", names) == "static_mw");
    CHECK(nearest_name("st", names).empty());
    CHECK(nearest_name("x", {}).empty());
}

TEST_CASE("number texts read back equal") {
    for (const double value : {0.0, 0.1, -2.5, 1e300, 5e-324, 1.0 / 3})
        CHECK(std::strtod(number_text(value).c_str(), nullptr) == value);
    CHECK(fixed_text(3.14159, 2) == "3.14");
    CHECK(fixed_text(-0.5, 0) == "-0");
    CHECK(fixed_text(1e20, 1) == "100000000000000000000.0");
    CHECK(fixed_text(std::numeric_limits<double>::infinity(), 2) == "inf");
}

TEST_CASE("byte counts have binary units") {
    CHECK(bytes_text(0) == "0 B");
    CHECK(bytes_text(1023) == "1023 B");
    CHECK(bytes_text(1536) == "1.5 KiB");
    CHECK(bytes_text(std::uint64_t{5} << 30) == "5.0 GiB");
}

TEST_CASE("texts are joined by commas") {
    CHECK(joined({}).empty());
    CHECK(joined(std::vector<std::string>{"a"}) == "a");
    CHECK(joined(std::vector<std::string>{"a", "", "c"}) == "a, , c");
}

TEST_CASE("integers are grouped by three digits") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(-1234567) == "-1 234 567");
    CHECK(grouped(-123) == "-123");
    CHECK(grouped(INT64_MIN) == "-9 223 372 036 854 775 808");
}

TEST_CASE("printable text keeps characters and lines, and shows what would steer a terminal") {
    CHECK(printable("plain \xc3\xa9 \xf0\x9f\x98\x80\n") == "plain \xc3\xa9 \xf0\x9f\x98\x80\n");
    CHECK(printable("\x1b[2J\r\x7f\t") == "\\x1b[2J\\x0d\\x7f\\x09");
    CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");  // C1: a control sequence in one character
    CHECK(printable("\xff\xc3") == "\\xff\\xc3");  // no UTF-8; a cut character
    CHECK(printable("\xe2\x82\xac\xe2\x82") == "\xe2\x82\xac\\xe2\\x82");
}

TEST_CASE("characters are counted as Python counts them") {
    CHECK(character_count("") == 0);
    CHECK(character_count("plain") == 5);
    CHECK(character_count("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") == 5);
}

TEST_CASE("white space at the end is what Python's rstrip takes") {
    CHECK(without_trailing_space(" a b \t\r\n\v\f\x1c\x1f") == " a b");
    CHECK(without_trailing_space("a\xc2\x85\xc2\xa0\xe1\x9a\x80\xe2\x80\x80\xe2\x80\x8a \xe3\x80\x80") == "a");
    CHECK(without_trailing_space("a\xe2\x80\x8b") == "a\xe2\x80\x8b");  // U+200B, without a width, is no space
    CHECK(without_trailing_space("a\xc3\xa0") == "a\xc3\xa0");          // its last byte is that of U+00A0
    CHECK(without_trailing_space(" \n ").empty());
}

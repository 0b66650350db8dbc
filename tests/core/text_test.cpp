#include "core/text.hpp"

#include <cstdlib>
#include <limits>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("the nearest name is near") {
    const std::vector<std::string> names = {"hop_energy_pj", "synop_energy_pj", "static_mw"};
    CHECK(nearest_name("hop_enrgy_pj", names) == "hop_energy_pj");
    CHECK(nearest_name("static_mW", names) == "static_mw");
    CHECK(nearest_name("zzz", names).empty());
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

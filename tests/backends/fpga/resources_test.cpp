#include "backends/fpga/resources.hpp"

#include <cmath>

#include "core/files.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::fpga;

namespace {

CoreShape shape_of(const MeasuredCore& core) {
    CoreShape shape;  // address bits: the defaults, as measured
    shape.lanes = core.lanes;
    shape.packing = core.packing;
    shape.streams = core.streams;
    return shape;
}

}  // namespace

TEST_CASE("blocks of 18 kbit are counted by the widths that a block has") {
    CHECK(block_rams_of(24, 256) == 1);
    CHECK(block_rams_of(31, 1024) == 2);      // two of 18 bits, 1024 deep
    CHECK(block_rams_of(24, 2048) == 3);      // three of 9 bits, 2048 deep
    CHECK(block_rams_of(128, 64) == 4);       // by their width
    CHECK(block_rams_of(24, 131072) == 192);  // 24 of 1 bit, eight deep
}

TEST_CASE("cores that the plane goes through come out as measured, the others nearly so") {
    for (const char* name : {"ecp5", "xc7", "xcup"}) {
        const auto family = find_family(name);
        INFO(name << (family ? "" : to_string(family.error())));
        REQUIRE(family);
        int checks = 0;
        for (const MeasuredCore& core : family->cores) {
            const Resources needs = resources_of(*family, shape_of(core));
            INFO(core.lanes << " lanes, " << core.streams << " streams");
            const bool on_plane = core.packing == Packing::two_bits && (core.lanes == base_lanes || core.streams == 1);
            const double tolerance = on_plane ? 1e-9 : 0.1;
            CHECK(std::abs(needs.luts / core.needs.luts - 1) <= tolerance);
            CHECK(std::abs(needs.registers / core.needs.registers - 1) <= tolerance);
            CHECK(std::abs(needs.dsps - core.needs.dsps) <= 1);  // ECP5 multiplies an address with several streams
            CHECK(needs.block_rams == core.needs.block_rams);
            checks += !on_plane;
        }
        CHECK(checks > 0);  // a core that the plane was not made of
    }
}

TEST_CASE("a core with more lanes, streams or larger memories takes more") {
    const auto family = find_family("ecp5").value();
    const CoreShape base;
    const Resources needs = resources_of(family, base);
    for (int k = 0; k < 4; ++k) {
        CoreShape larger = base;
        if (k == 0) larger.lanes *= 4;
        if (k == 1) larger.streams = 8;
        if (k == 2) larger.packing = Packing::five_trits;
        if (k == 3) larger.h_bits += 4;
        const Resources more = resources_of(family, larger);
        INFO(k);
        CHECK(more.luts + more.block_rams > needs.luts + needs.block_rams);
        CHECK(more.registers >= needs.registers);
    }
}

TEST_CASE("a family with a fault is refused with its place") {
    const std::string text = *read_file(std::string(TEPHRA_MACHINES) + "/fpgas/families/ecp5.json");
    const auto fault_of = [&](const std::string& from, const std::string& to) {
        std::string broken = text;
        const auto at = broken.find(from);
        REQUIRE(at != std::string::npos);
        broken.replace(at, from.size(), to);
        const auto family = parse_family(broken, "f.json");
        return family ? "" : to_string(family.error());
    };
    CHECK(fault_of("ecp5", "ecp5").empty());
    CHECK_THAT(fault_of("\"lanes\": 64", "\"lanes\": 65"), test::contains("f.json#/cores: cores of two bits with 16"));
    CHECK_THAT(fault_of("\"two-bits\"", "\"two\""), test::contains("f.json#/cores/0/packing"));
    CHECK_THAT(fault_of("\"placed\"", "\"place\""), test::contains("placed"));
    CHECK_THAT(fault_of("\"value\": 1.0519", "\"value\": 0"), test::contains("f.json#/placed/value"));
}

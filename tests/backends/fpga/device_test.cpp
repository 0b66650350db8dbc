#include "backends/fpga/device.hpp"

#include "core/files.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::fpga;

namespace {

std::string ulx3s() {
    return *read_file(std::string(TEPHRA_MACHINES) + "/fpgas/ulx3s-85f.json");
}

/// The error of that file with `from` replaced.
std::string fault_of(const std::string& from, const std::string& to) {
    std::string text = ulx3s();
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    const auto device = parse_fpga(text, "f.json");
    return device ? "" : to_string(device.error());
}

}  // namespace

TEST_CASE("the FPGAs that ship are read, and every number has a source") {
    const auto devices = shipped_fpgas();
    INFO((devices ? "" : to_string(devices.error())));
    REQUIRE(devices);
    CHECK(devices->size() == 6);
    for (const FpgaDevice& device : *devices) {
        INFO(device.device);
        for (const Price* price : {&device.luts, &device.registers, &device.dsps, &device.block_rams, &device.usable,
                                   &device.clock_mhz, &device.watts}) {
            CHECK(!price->source.empty());
            CHECK(price->low <= price->value);
            CHECK(price->value <= price->high);
        }
        CHECK(!device.memories.empty());
        CHECK(find_memory(device, "")->name == device.memories.front().name);
    }
}

TEST_CASE("an FPGA that is not there, or lacks the memory asked for, is refused with the names") {
    CHECK_THAT(to_string(find_fpga("ulx3s").error()), test::contains("known: arty-a7-100t, d5005, kv260"));
    const auto device = find_fpga("u280").value();
    CHECK(find_memory(device, "on chip")->mb_per_s.value == 1296000);
    CHECK_THAT(to_string(find_memory(device, "DDR4").error()), test::contains("it has: HBM2, on chip"));
}

TEST_CASE("an FPGA description with a fault is refused with its place") {
    CHECK(fault_of("ecp5", "ecp5").empty());
    CHECK_THAT(fault_of("\"luts\"", "\"lutz\""), test::contains("luts"));
    CHECK_THAT(fault_of("\"low\": 0.5, ", ""), test::contains("f.json#/watts/low: a range needs both ends"));
    CHECK_THAT(fault_of("\"low\": 0.5", "\"low\": 2.6"), test::contains("value lies outside of its range"));
    CHECK_THAT(fault_of("\"value\": 0.7", "\"value\": 1.7"), test::contains("f.json#/usable/value"));
    CHECK_THAT(fault_of("\"kind\": \"assumed\"", "\"kind\": \"guessed\""), test::contains("f.json#/usable/kind"));
    CHECK_THAT(fault_of("\"name\": \"SDRAM\"", "\"name\": \"\""), test::contains("f.json#/memories/0/name"));
    CHECK_THAT(fault_of("\"bytes\"", "\"byte\""), test::contains("f.json#/memories/0"));
    CHECK_THAT(to_string(parse_fpga(R"({"rows": []})", "f.json").error()),
               test::contains("this is a file of baselines, an FPGA description is needed"));
}

// Fuzz target: any bytes as a mapping give a mapping whose JSON reads back, or one error.
#include <cstdlib>
#include <string_view>

#include "mapper/mapping.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto mapping = tephra::parse_mapping({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!mapping) {
        if (mapping.error().message.empty() || mapping.error().place.empty()) std::abort();
        return 0;
    }
    const auto again = tephra::parse_mapping(tephra::mapping_json(*mapping), "again");
    if (!again || !(tephra::mapping_hash(*again) == tephra::mapping_hash(*mapping))) std::abort();
    return 0;
}

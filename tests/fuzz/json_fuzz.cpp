// Fuzz target: any bytes as JSON give a value that prints and reads back the same, or one error.
#include <cstdlib>
#include <string_view>

#include "core/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto json = tephra::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!json) {
        if (json.error().message.empty() || json.error().place.empty()) std::abort();
        return 0;
    }
    const std::string text = json->dump();
    const auto again = tephra::parse_json(text, "again");
    if (!again || again->dump() != text) std::abort();
    return 0;
}

// Fuzz target: any bytes as config.json give a configuration within its limits, or one error.
#include <cstdlib>
#include <string_view>

#include "neuro/lm/checkpoint/config.hpp"
#include "neuro/lm/tensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto json = tephra::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!json) return 0;
    const auto config = tephra::parse_config(*json, "fuzz");
    if (!config) {
        if (config.error().message.empty() || config.error().place.empty()) std::abort();
        return 0;
    }
    if (!tephra::check_config(*config, "fuzz")) std::abort();
    if (parameter_count(*config) <= 0) std::abort();
    return 0;
}

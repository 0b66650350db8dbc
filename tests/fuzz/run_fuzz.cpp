// Fuzz target: any bytes as a run give a run that can be priced or is refused, or one error.
#include <cstdlib>
#include <string_view>

#include "simulator/price.hpp"
#include "simulator/run.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto run = tephra::parse_run({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!run) {
        if (run.error().message.empty() || run.error().place.empty()) std::abort();
        return 0;
    }
    static const tephra::CostTable free;
    const auto report = tephra::price(*run, free);
    if (!report && report.error().message.empty()) std::abort();
    return 0;
}

// Fuzz target: any bytes as a cost table, a GPU or baseline rows give one of them, or one error each.
#include <cstdlib>
#include <string_view>

#include "simulator/baseline.hpp"
#include "simulator/cost_table.hpp"
#include "simulator/gpu_roofline.hpp"

namespace {

template <typename T>
void check(const tephra::Result<T>& result) {
    if (!result && (result.error().message.empty() || result.error().place.empty())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(tephra::parse_cost_table(text, "fuzz"));
    check(tephra::parse_gpu(text, "fuzz"));
    check(tephra::parse_baselines(text, "fuzz"));
    return 0;
}

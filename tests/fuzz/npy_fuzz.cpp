// Fuzz target: any bytes as a NumPy array or an archive of them give arrays as large as their shapes that can be
// written and read again, or one error.
#include "core/npy.hpp"

#include <algorithm>
#include <bit>

#include "core/npz.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tephra;
using namespace tephra::test;

namespace {

void check(const NumberArray& array) {
    std::int64_t size = std::ranges::find(array.shape, 0) == array.shape.end() ? 1 : 0;
    for (const std::int64_t extent : array.shape) size = size == 0 ? 0 : size * extent;
    require(size == std::ssize(array.values));
    const auto again = parse_npy(npy_bytes<double>(array.shape, array.values), "again");
    require(accepted_text(again) && again->shape == array.shape);
    // Equal bits: a NaN is a NaN again.
    require(std::ranges::equal(
        again->values, array.values, {}, [](double v) { return std::bit_cast<std::uint64_t>(v); },
        [](double v) { return std::bit_cast<std::uint64_t>(v); }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes = text_of(data, size);
    if (const auto array = parse_npy(bytes, "fuzz"); accepted_text(array)) check(*array);
    if (const auto arrays = parse_npz(bytes, "fuzz"); accepted_text(arrays))
        for (const auto& [name, array] : *arrays) check(array);
    return 0;
}

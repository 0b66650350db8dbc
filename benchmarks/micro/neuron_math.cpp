// The neuron models on each instruction set in nanoseconds an element, one thread, and what they cost a token of a
// model with 32 blocks of 2560 and 6912. The answers of all targets are compared.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "core/hash.hpp"
#include "core/philox.hpp"
#include "neuro/lm/neuron_math.hpp"
#include "neuro/simd.hpp"

using namespace tephra;

namespace {

constexpr std::size_t width = 2560, wide = 6912;
constexpr int blocks = 32;

std::vector<std::int32_t> random_states(std::uint32_t stream, std::size_t size, std::int32_t limit) {
    std::vector<std::int32_t> values(size);
    for (std::size_t j = 0; j < size; ++j)
        values[j] =
            static_cast<std::int32_t>(random_words(3, stream, j, 0)[0] % (2U * static_cast<unsigned>(limit))) - limit;
    return values;
}

/// Median nanoseconds an element of `work` on `size` elements.
template <typename Work>
double nanoseconds(std::size_t size, Work work) {
    std::vector<double> times;
    for (int i = 0; i < 101; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        times.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
    }
    std::nth_element(times.begin(), times.begin() + 50, times.end());
    return times[50] / static_cast<double>(size);
}

/// Prints one line of costs; returns the hash of all that was computed.
Hash128 measure(SimdTarget target) {
    NormParameters norm;
    norm.size = static_cast<int>(wide);
    norm.outputs = 1;
    norm.epsilon = 1000;
    norm.factor[0] = {40000, -30};
    for (const std::int32_t gain : random_states(1, wide, 1 << 14)) {
        norm.rms_gain.push_back(static_cast<std::int16_t>(gain));
        norm.gain[0].push_back(static_cast<std::int16_t>(gain / 2));
    }
    BlockFormats formats{14, 14, 14, 15, 15, 15, 14, 16, 15, 16};
    const auto x = random_states(2, wide, 1 << 22);
    const auto acc1 = random_states(3, wide, 1 << 15), acc2 = random_states(4, wide, 1 << 15),
               acc3 = random_states(5, wide, 1 << 15);
    std::vector<std::int32_t> lower(wide, 1 << 22), h(wide), t(wide), y(wide), out(wide);
    std::vector<std::int8_t> q(wide);
    const Scale scale{50000, -12};
    NormRecord record;
    const double statistics = nanoseconds(wide, [&] { record = norm_statistics(norm, x, 0); });
    const NormScales scales = norm_scales(norm, record);
    const double quantized = nanoseconds(wide, [&] { quantize_states(x, norm.gain[0], scales.quantize[0], q); });
    const RecurrenceSlice slice{acc1, acc2, acc3, lower, h, t};
    const double recurrence = nanoseconds(wide, [&] {
        record.second = gated_recurrence(formats, {scale, scale, scale}, slice);
    });
    const double unit = nanoseconds(wide, [&] { gated_unit(formats, scale, acc1, acc2, y); });
    const double residual = nanoseconds(wide, [&] { add_residual(x, 1, acc3, scale, out); });
    // A block: norms of x (3 outputs, then 1), t and y; their activations; the recurrence; the gate; two residuals.
    const double token = blocks * (width * (5 * statistics + 5 * quantized + recurrence + 2 * residual) +
                                   wide * (statistics + quantized + unit));
    std::printf(
        "%-12s ns/element: statistics %.2f quantize %.2f recurrence %.2f gated unit %.2f residual %.2f; "
        "a token of 32 x (2560, 6912) %.2f ms\n",
        std::string(to_string(target)).c_str(), statistics, quantized, recurrence, unit, residual, token * 1e-6);
    Hash128 hash = hash128(std::as_bytes(std::span(q)));
    for (const auto* values : {&h, &t, &y, &out}) hash = hash128(std::as_bytes(std::span(*values)), hash.low);
    return hash128(std::as_bytes(std::span(&record.sum, 2)), hash.low);
}

}  // namespace

int main() {
    Hash128 expected;
    for (const SimdTarget target : supported_simd_targets()) {
        force_simd_target(target);
        const Hash128 hash = measure(target);
        if (target == SimdTarget::portable) expected = hash;
        if (hash != expected) {
            std::fprintf(stderr, "%s gives other results\n", std::string(to_string(target)).c_str());
            return 1;
        }
    }
    return 0;
}

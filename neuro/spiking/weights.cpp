#include "neuro/spiking/weights.hpp"

#include <algorithm>

#include "core/narrow.hpp"
#include "neuro/spiking/constants.hpp"

namespace tephra::spiking {
namespace {

std::int32_t stored(std::int32_t weight, SignMode sign, int dropped_bits) {
    const auto drop = [&](std::int32_t value) { return value >> dropped_bits << dropped_bits; };
    if (sign == SignMode::mixed) return drop(std::clamp(weight, -256, 255));
    if (sign == SignMode::excitatory) return drop(std::clamp(weight, 0, 255));
    return -drop(-std::clamp(weight, -255, 0));
}

}  // namespace

std::string_view to_string(SignMode mode) {
    if (mode == SignMode::excitatory) return "excitatory";
    return mode == SignMode::inhibitory ? "inhibitory" : "mixed";
}

SignMode sign_mode_of(std::span<const std::int32_t> weights) {
    if (std::ranges::all_of(weights, [](std::int32_t w) { return w >= 0; })) return SignMode::excitatory;
    if (std::ranges::all_of(weights, [](std::int32_t w) { return w <= 0; })) return SignMode::inhibitory;
    return SignMode::mixed;
}

Result<StoredWeights> store_weights(std::span<const std::int32_t> weights, WeightPrecision precision) {
    for (const auto& checked :
         {check_constant(precision.bits, "the number of weight bits", 1, most_weight_bits),
          check_constant(precision.exponent, "the weight exponent", least_weight_exponent, most_weight_exponent)})
        if (!checked) return tl::unexpected(checked.error());
    StoredWeights out;
    out.bits = precision.bits;
    out.exponent = precision.exponent;
    const SignMode sign = precision.sign.value_or(sign_mode_of(weights));
    const int dropped = most_weight_bits - precision.bits + (sign == SignMode::mixed ? 1 : 0);
    out.values.reserve(weights.size());
    for (const std::int32_t weight : weights) {
        const std::int32_t value = stored(weight, sign, dropped);
        out.values.push_back(narrow<std::int16_t>(value));
        if (value != weight) ++out.changed;
    }
    return out;
}

Result<StoredWeights> store_plain(std::span<const std::int32_t> weights) {
    StoredWeights out;
    out.values.reserve(weights.size());
    for (const std::int32_t weight : weights) {
        if (weight < least_weight || weight > largest_weight)
            return bad_input(
                "weight " + std::to_string(out.values.size()) + " is " + std::to_string(weight), "",
                "a weight can be " + std::to_string(least_weight) + " to " + std::to_string(largest_weight));
        if (weight < -256 || weight > 255) out.bits = 16;
        out.values.push_back(narrow<std::int16_t>(weight));
    }
    return out;
}

void store_weights(StoredParameters& out, std::vector<std::int32_t> values, int bits) {
    out.push_back({"bits", {bits}});
    out.push_back({"weights", std::move(values)});
}

Result<StoredWeights> read_weights(ParameterReader& in, int exponent) {
    const int bits = in.integer("bits", 1, most_stored_bits);
    auto stored = store_plain(in.values("weights"));
    if (!stored) return stored;
    if (auto checked = check_constant(exponent, "the weight exponent", least_weight_exponent, most_weight_exponent);
        !checked)
        return tl::unexpected(checked.error());
    const int dropped = std::max(most_weight_bits - bits, 0);
    for (std::size_t i = 0; i < stored->values.size(); ++i)
        if (const int weight = stored->values[i];
            stored->bits > std::max(bits, most_weight_bits) || weight >> dropped << dropped != weight)
            return bad_input("weight " + std::to_string(i) + " is " + std::to_string(weight), "",
                             "no core stores it in " + std::to_string(bits) + " bits");
    stored->bits = bits;
    stored->exponent = exponent;
    return stored;
}

std::int64_t StoredWeights::largest_magnitude() const {
    std::int64_t largest = 0;
    for (const std::int64_t value : values) largest = std::max(largest, value < 0 ? -value : value);
    return largest;
}

std::int64_t StoredWeights::largest_product() const {
    return largest_magnitude() << std::max(exponent, 0);
}

void scale_sums(std::span<std::int32_t> sums, int exponent) {
    if (exponent > 0)
        for (std::int32_t& sum : sums) sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) << exponent);
    if (exponent < 0)
        for (std::int32_t& sum : sums) sum >>= -exponent;
}

}  // namespace tephra::spiking

#include "neuro/spiking/network_input.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/narrow.hpp"
#include "core/text.hpp"
#include "neuro/spiking/relay.hpp"

namespace tephra::spiking {
namespace {

bool is_integer(double value) {
    return value == std::floor(value) && std::abs(value) <= 2147483647.0;
}

std::string shape_text(std::span<const std::int64_t> shape) {
    std::string text = "(";
    for (const std::int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + ")";
}

/// A relay without message bits sends spikes: whatever is not 0 would count as 1.
bool takes(const Layer& layer, double value) {
    return layer.message_bits > 0 || !is_relay(*layer.neurons) || value == 0 || value == 1;
}

tl::unexpected<Error> no_spike(const std::string& what, const std::string& place) {
    return bad_input(what + ", but the layer sends spikes", place,
                     "offer 0 and 1, or read the network with message bits for its input");
}

}  // namespace

Result<NetworkInput> NetworkInput::frames(const NumberArray& array, const Layer& layer, const std::string& place) {
    const std::vector<std::int64_t> one(layer.shape.begin(), layer.shape.end());
    std::vector<std::int64_t> with_time = one;  // Lava puts time last: one frame of such an array is a frame
    with_time.push_back(1);
    const bool fixed = array.shape == one || array.shape == with_time;
    const bool steps = !array.shape.empty() && std::vector(array.shape.begin() + 1, array.shape.end()) == one;
    if (!fixed && !steps)
        return bad_input("an array of shape " + shape_text(array.shape) + " for a layer of shape " + shape_text(one),
                         place,
                         "its axes are those of the layer (x, y, channel), with the steps first where frames differ "
                         "(numpy.moveaxis(array, -1, 0) brings them there)");
    NetworkInput input;
    input.neurons_ = static_cast<std::size_t>(layer.size());
    if (steps) {
        if (array.shape.front() < 1 || array.shape.front() > most_steps)
            return bad_input("an array of " + std::to_string(array.shape.front()) + " steps", place,
                             "1 to " + std::to_string(most_steps) + " can be run");
        input.steps_ = narrow<int>(array.shape.front());
    }
    input.values_.reserve(array.values.size());
    for (const double value : array.values) {
        if (!is_integer(value))
            return bad_input("value " + std::to_string(input.values_.size()) + " is " + number_text(value), place,
                             "a network takes integers of 32 bits: scale and round what you offer");
        if (!takes(layer, value))
            return no_spike("value " + std::to_string(input.values_.size()) + " is " + number_text(value), place);
        input.values_.push_back(static_cast<std::int32_t>(value));
    }
    return input;
}

Result<NetworkInput> NetworkInput::events(const NumberArray& array, const Layer& layer, const std::string& place) {
    const int neurons = layer.size();
    if (array.shape.size() != 2 || array.shape[1] != 3)
        return bad_input("an array of shape " + shape_text(array.shape), place,
                         "events are rows of three integers: time, neuron, value");
    NetworkInput input;
    input.from_events_ = true;
    input.neurons_ = static_cast<std::size_t>(neurons);
    input.values_.resize(input.neurons_);
    for (std::size_t i = 0; i < array.values.size(); i += 3) {
        const double time = array.values[i], neuron = array.values[i + 1], value = array.values[i + 2];
        if (!is_integer(time) || !is_integer(neuron) || !is_integer(value) || time < 0 || time >= most_steps ||
            neuron < 0 || neuron >= neurons)
            return bad_input("event " + std::to_string(i / 3) + " is (" + number_text(time) + ", " +
                                 number_text(neuron) + ", " + number_text(value) + ")",
                             place,
                             "integers: a time from 0 to " + std::to_string(most_steps - 1) + ", a neuron below " +
                                 std::to_string(neurons) + ", a value of 32 bits");
        if (!takes(layer, value))
            return no_spike("event " + std::to_string(i / 3) + " has the value " + number_text(value), place);
        input.events_.push_back(
            {static_cast<std::int32_t>(time), static_cast<std::int32_t>(neuron), static_cast<std::int32_t>(value)});
    }
    const auto key = [](const Event& event) { return std::tuple(event.time, event.neuron); };
    std::ranges::sort(input.events_, {}, key);
    const auto twice = std::ranges::adjacent_find(input.events_, {}, key);
    if (twice != input.events_.end())
        return bad_input(
            "two events of neuron " + std::to_string(twice->neuron) + " at time " + std::to_string(twice->time), place,
            "a neuron takes one value a step: add them up");
    return input;
}

Result<int> NetworkInput::steps_to_run(int asked, const std::string& place) const {
    if (asked == 0 && steps_ == 0)
        return fail(ErrorCode::usage, "how many steps?", place, "give a number: the input has none of its own");
    if (asked != 0 && steps_ != 0 && asked != steps_)
        return bad_input("the input has " + std::to_string(steps_) + " steps, not " + std::to_string(asked), place,
                         "leave it out, or cut the array");
    if (asked != 0 && asked < least_steps())
        return bad_input("there are events of step " + std::to_string(least_steps()), place,
                         "run that many steps, or leave later events out");
    return std::max(asked, steps_);
}

Hash128 NetworkInput::hash() const {
    if (!from_events_) return hash128(std::as_bytes(std::span(values_)), static_cast<std::uint64_t>(steps_));
    static_assert(sizeof(Event) == 3 * sizeof(std::int32_t));
    return hash128(std::as_bytes(std::span(events_)), neurons_);
}

std::span<const std::int32_t> NetworkInput::frame(int step) {
    if (neurons_ == 0) return {};
    if (!from_events_)
        return std::span(values_).subspan(steps_ == 0 ? 0 : static_cast<std::size_t>(step) * neurons_, neurons_);
    std::ranges::fill(values_, 0);
    for (; next_ < events_.size() && events_[next_].time <= step; ++next_)
        if (events_[next_].time == step)
            values_[static_cast<std::size_t>(events_[next_].neuron)] = events_[next_].value;
    return values_;
}

}  // namespace tephra::spiking

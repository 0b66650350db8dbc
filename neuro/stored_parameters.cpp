#include "neuro/stored_parameters.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/text.hpp"

namespace tephra {

ParameterReader::ParameterReader(StoredParameters parameters, std::string place)
    : parameters_(std::move(parameters)), place_(std::move(place)) {}

std::vector<std::int32_t> ParameterReader::values(std::string_view name) {
    known_.emplace_back(name);
    const auto found = std::ranges::find(parameters_, name, &StoredParameter::name);
    if (found == parameters_.end()) {
        fault(name, "it is missing", "write the file again");
        return {};
    }
    return std::move(found->values);
}

std::vector<std::int32_t> ParameterReader::exactly(std::string_view name, std::size_t count) {
    std::vector<std::int32_t> given = values(name);
    if (given.size() != count) fault(name, std::to_string(given.size()) + " values", "give " + std::to_string(count));
    given.resize(count);
    return given;
}

std::int32_t ParameterReader::integer(std::string_view name, std::int32_t min, std::int32_t max) {
    const std::int32_t value = exactly(name, 1).front();
    if (value >= min && value <= max) return value;
    fault(name, "it is " + std::to_string(value), "it can be " + std::to_string(min) + " to " + std::to_string(max));
    return min;
}

std::int32_t ParameterReader::integer(std::string_view name) {
    return integer(name, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max());
}

std::vector<std::int32_t> ParameterReader::some(std::string_view name) {
    std::vector<std::int32_t> given = values(name);
    if (given.empty()) {
        fault(name, "no values", "give one, or one for each neuron");
        given.push_back(0);
    }
    return given;
}

void ParameterReader::fault(std::string_view name, std::string message, std::string hint) {
    if (std::exchange(failed_, true)) return;
    error_ = {ErrorCode::bad_input, "parameter \"" + std::string(name) + "\": " + std::move(message), place_,
              std::move(hint)};
}

Result<void> ParameterReader::finish() const {
    if (failed_) return tl::unexpected(error_);
    for (const StoredParameter& parameter : parameters_) {
        if (std::ranges::find(known_, parameter.name) != known_.end()) continue;
        const std::string nearest = nearest_name(parameter.name, known_);
        return bad_input("parameter \"" + parameter.name + "\" is not known", place_,
                         nearest.empty() ? "leave it out" : "did you mean \"" + nearest + "\"?");
    }
    return {};
}

}  // namespace tephra

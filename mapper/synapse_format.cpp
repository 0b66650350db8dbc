#include "mapper/synapse_format.hpp"

#include <algorithm>

namespace tephra {

const std::vector<std::string>& synapse_format_names() {
    static const std::vector<std::string> names = {"ternary2", "int8"};
    return names;
}

const std::string& synapse_format_name(SynapseFormat format) {
    return synapse_format_names()[static_cast<std::size_t>(format)];
}

std::optional<SynapseFormat> synapse_format_of(std::string_view name) {
    const auto& names = synapse_format_names();
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return {};
    return static_cast<SynapseFormat>(found - names.begin());
}

}  // namespace tephra

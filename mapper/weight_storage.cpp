#include "mapper/weight_storage.hpp"

#include <algorithm>

namespace tephra {

const std::vector<std::string>& weight_storage_names() {
    static const std::vector<std::string> names = {"ternary2", "int8"};
    return names;
}

const std::string& weight_storage_name(WeightStorage format) {
    return weight_storage_names()[static_cast<std::size_t>(format)];
}

std::optional<WeightStorage> weight_storage_of(std::string_view name) {
    const auto& names = weight_storage_names();
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return {};
    return static_cast<WeightStorage>(found - names.begin());
}

}  // namespace tephra

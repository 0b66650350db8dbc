#pragma once
// How a model is put on a machine, for the verbs that map.
#include <string>

#include "mapper/mapping.hpp"
#include "mapper/weight_storage.hpp"
#include "tools/options.hpp"

namespace tephra::tools {

struct MappingChoice {
    std::string synapses;  ///< empty: the machine's first format
    std::string head = "chip";
};

/// --synapses and --head; both are excluded by `mapping`, an option that names a mapping file.
inline void add_mapping_options(CLI::App& command, MappingChoice& choice, CLI::Option* mapping) {
    command
        .add_option("--synapses", choice.synapses,
                    "weights on the cores: ternary2 (2 bits) or int8; default: the machine's first")
        ->check(CLI::IsMember(weight_storage_names()))
        ->excludes(mapping);
    add_choice(command, "--head", choice.head, {"chip", "host"}, "where the output head runs")->excludes(mapping);
}

inline MapOptions map_options(const MappingChoice& choice) {
    MapOptions options;
    options.format = weight_storage_of(choice.synapses);
    options.head_on_host = choice.head == "host";
    return options;
}

}  // namespace tephra::tools

#pragma once
// map --spares: what dead parts would cost the mapped program in time and energy.
#include <cstdint>
#include <string>

#include "mapper/mapping.hpp"
#include "tools/network_options.hpp"
#include "tools/options.hpp"

namespace tephra::tools {

struct SparesChoice {
    std::string numbers;  ///< "1,2,4"; empty: not asked for
    std::string part = "cores", costs, html;
    int draws = 20, tokens = 1, threads = default_threads();
    std::uint64_t seed = 0;
};

/// --spares and what goes with it. `network`: gets --input, --events and --steps, the work of a network.
void add_spares_options(CLI::App& command, SparesChoice& choice, NetworkOptions& network);

/// Draws, runs, and prints the distribution; `format`: of the table, json is all draws.
void map_spares(const SparesChoice& choice, const NetworkOptions& model, const std::string& machine_name,
                const MapOptions& map, const std::string& format, const CLI::App& command);

}  // namespace tephra::tools

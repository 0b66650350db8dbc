#pragma once
// Spares: what dead parts of a machine cost. The same work runs on copies of a machine in each of which some parts,
// drawn at random, are dead; the mapper places and routes around them, and time and energy are those of the runs.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/json.hpp"
#include "mapper/machine.hpp"
#include "mapper/mapping.hpp"
#include "neuro/program.hpp"
#include "simulator/cost_table.hpp"
#include "simulator/price.hpp"
#include "simulator/run.hpp"
#include "simulator/spare_parts.hpp"

namespace tephra {

inline constexpr int most_draws = 10'000;

struct SparesOptions {
    SparePart part = SparePart::cores;
    std::vector<int> dead;   ///< numbers of parts that die together, each 1 or more and no more than there are
    int draws = 20;          ///< of each number, 1 to most_draws
    std::uint64_t seed = 0;  ///< of the draws
    int threads = 1;         ///< runs at the same time; results do not depend on it
    MapOptions map;
};

/// Runs the work on a machine by a mapping of it. Called by several threads at once.
using SparesWork = std::function<Result<Run>(const Machine&, const Mapping&)>;

/// One draw.
struct SparesTrial {
    int dead = 0, draw = 0;
    std::vector<int> parts;  ///< cores, routers, or links by their place in chip_wires() or mesh_wires(); sorted
    std::string
        refused;        ///< why the program cannot run so (too few cores that the host reaches are left); empty: it ran
    Picoseconds round;  ///< mean time of a token or a time step
    EnergyRange energy;  ///< mean of a token or a time step, of the widest scope that the table prices
};

/// Figures of one number of dead parts over its draws; of those that ran.
struct SparesSummary {
    int dead = 0, draws = 0, ran = 0;
    struct Spread {
        double least = 0, median = 0, most = 0;  ///< median: of an even number the lower middle one
    };
    Spread microseconds, microjoules;  ///< of a token or a time step; where any ran
};

struct Spares {
    std::string model, machine, costs;
    Hash128 machine_hash, costs_hash;
    SparePart part = SparePart::cores;
    int parts = 0;  ///< that may die
    PowerScope scope = PowerScope::neurocores;
    RoundKind round = RoundKind::token;
    std::int64_t rounds = 0;  ///< of the work
    std::uint64_t seed = 0;
    SparesTrial whole;                ///< the machine as it is
    std::vector<SparesTrial> trials;  ///< by number, then draw
};

/// Draws and runs. Errors: bad_input (numbers out of their range, places are those of SparesOptions' fields); of the
/// machine as it is those of map_program(), `work` and price(); of a draw those that are not for lack of cores or ways.
Result<Spares> measure_spares(const Program& program, const Machine& machine, const CostTable& costs,
                              const SparesOptions& options, const SparesWork& work);

/// A row for the machine as it is and for each number, in order.
std::vector<SparesSummary> summaries(const Spares& spares);

/// By how many per cent the median of a row lies above that of the whole machine; nothing where none ran.
std::optional<double> percent_more(const SparesSummary& whole, const SparesSummary& row,
                                   SparesSummary::Spread SparesSummary::*figure);

/// All draws (docs/formats.md, "spares").
Json spares_json(const Spares& spares);

}  // namespace tephra

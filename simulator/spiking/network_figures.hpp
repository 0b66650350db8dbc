#pragma once
// Figures of the ledger from a run of a spiking or graded network.
#include <optional>
#include <span>
#include <vector>

#include "core/object_reader.hpp"
#include "simulator/price.hpp"
#include "simulator/repeat.hpp"

namespace tephra {

/// What a figure asks of a run, by its `at`.
struct NetworkFigure {
    enum Part : std::uint8_t { all, dynamic, static_power };
    Part part = all;                ///< of an energy or a power
    bool of_cores = false;          ///< static power: the share of the cores with work, not that of the powered chips
    std::vector<int> populations;   ///< dynamic energy of these alone; empty: of all
    std::optional<double> step_us;  ///< a power is energy over this time of a step, not over the simulated one
    std::string needs;              ///< why it cannot be predicted; else empty
};

/// Reads `part` (all, dynamic, static), `static_of` (chips, cores), `populations`, `step_us` and `needs`.
/// `populations`: how many the network has; 0: the key is not known.
NetworkFigure read_network_figure(ObjectReader& at, int populations);

/// A run of so many time steps with its price. Population p of the recipe is p + 1 of the run.
struct NetworkRun {
    Run run;
    Report report;
    int steps = 0;
    int inference_steps = 0;  ///< 0: figures of an inference are not predicted
};

/// us/step, us/inference, us of management/step, steps (the period of the times of steps), synops/step,
/// synops/step/core (the busiest), and energies and powers of each scope: J, mJ or uJ a step or inference, W, mW.
Predicted predict(const LedgerFigure& figure, const NetworkFigure& query, const NetworkRun& priced);

/// The least lag, up to half of a series, after which it repeats: values differ by at most a tenth of their mean
/// deviation from their mean, on average. None: there is no such lag, or all values are equal.
std::optional<int> period_of(std::span<const double> series);

}  // namespace tephra

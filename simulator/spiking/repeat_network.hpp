#pragma once
// Repeating a measurement of a spiking or graded network: reads or makes the network, runs it on the machine and prices
// the run.
#include "core/error.hpp"
#include "simulator/repeat.hpp"

namespace tephra {

/// Recipe {"kind": "network-file"}: `file` (NetX, by its path from the data that ships), `input` (.npy, one frame),
/// `reset_interval`, `machine`, `costs`, `noc`, `steps`, optional `cores` (at most so many of a chip)
/// or `layer_cores` (cores of each layer, one after the other from core 0 on: the mapping that was measured).
///
/// Recipe {"kind": "network"}, of a network of which only shape and activity are known: `populations`, an array of
/// {"neurons", "program" (fixed_function, microcode or special), "share" (of the neurons that send in a step), "cores"
/// (equal parts)}; `connections`, an array of {"from", "to", "synapses" (dense, one_to_one), optional "weight_bits"};
/// `machine`, `costs`, `noc`, `steps`. A figure's `at` may give other "neurons" and "cores", one for each population.
///
/// Gives us/step, synops/step, synops/step/core (the busiest), W and uJ/step (dynamic) of each scope. Errors: bad_input
/// (recipe), and those of the verbs.
Result<RowResult> repeat_network(const LedgerRow& row, int threads);
Result<RowResult> repeat_network_file(const LedgerRow& row, int threads);

}  // namespace tephra

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
/// Recipe {"kind": "network"}, of a network of which only shape and activity are known: the network
/// (simulator/spiking/network_recipe.hpp), `machine`, `costs`, `noc`, `steps`; optional `inference_steps`, and
/// `activity`, {"low", "high"}: factors on all shares. Where the activity was not published, the network is run with
/// each of them too, and ranges hold all that comes out. A figure's `at` may give other "neurons" and "cores", one for
/// each population.
///
/// Gives the figures of simulator/spiking/network_figures.hpp. Errors: bad_input (recipe), and those of the verbs.
Result<RowResult> repeat_network(const LedgerRow& row, int threads);
Result<RowResult> repeat_network_file(const LedgerRow& row, int threads);

}  // namespace tephra

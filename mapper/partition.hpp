#pragma once
// Partition: how many cores each population gets, and on which chips. Which core of its chip a slice lies on is left to
// mapper/place.hpp.
//
// A cluster is a co-location group, or a population without one; its rows (neuron j of every member) stay together. The
// clusters of one block form a unit; Normalizers (one neuron that merges records) go with the unit of their block.
// 1. Each cluster gets the fewest cores that its rows fit on: neurons, synaptic and state bytes (mapper/memory.hpp),
//    axons in (every neuron it listens to) and axons out (rows x cores of the clusters it feeds).
// 2. Units go to chips in snake order, in which consecutive chips are neighbours. A unit that fits on one chip is never
//    split; several share a chip only if there are too few chips, then so that the fullest chip has the least work. If
//    even that does not fit, units may straddle chips. A unit larger than a chip takes several.
// 3. The free cores of a chip go, one step at a time, to the cluster whose cores are busy longest per token. A unit
//    that spans chips stays on its fewest cores: unicast packets over the slow chip links grow with the cores they go
//    to. On slow cores (Machine::slow_cores) a cluster gets fewer rows, in proportion to their speed, where the others
//    have room for the rest.
// 4. A machine with fewer cores than the clusters need one by one gets them packed (mapper/pack.hpp): clusters then
//    share cores, blocks straddle chips, and slow cores get as much as others.
// The order of the cores within a chip is only a first guess here: place.cpp changes it, except in MapOptions::improve
// == false and on chips that are too large for it.
#include "mapper/mapping.hpp"
#include "mapper/route.hpp"

namespace tephra {

/// Slices of every population that is not on the host.
/// `options.format` must be set. Errors: does_not_fit (the number of chips needed, or the neuron that no core can
/// hold).
Result<Mapping> partition(const Program& program, const Machine& machine, const Topology& topology,
                          const MapOptions& options);

}  // namespace tephra

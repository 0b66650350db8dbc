#pragma once
// Place: which core of its chip each slice lies on.
//
// Slices that share a core move together; chips are not changed. Per chip, what the cores send each other and to the
// borders makes a matrix of flits. The cores with most traffic start in the middle, then pairs of cores swap places as
// long as that lowers flits x hops. So the order in which the partition filled the cores of a chip is lost. Only a chip
// with more than 256 cores in use keeps it: the matrix would be too large. Hops are those of the ways that packets
// take; on a mesh with dead links or routers they may differ by direction, and the mean is taken. Deterministic: a
// fixed order of pairs, integers only.
#include "mapper/mapping.hpp"
#include "mapper/route.hpp"

namespace tephra {

/// Moves the slices of every chip among its usable cores; never makes these flits x hops larger.
void improve_placement(const Program& program, const Machine& machine, const Topology& topology, Mapping& mapping);

}  // namespace tephra

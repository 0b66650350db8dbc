#pragma once
// Place: which core of its chip each slice lies on.
//
// Slices that share a core move together; chips are not changed. Per chip, what the cores send each other and to the
// borders makes a matrix of flits; the cores with most traffic start in the middle, then pairs of cores swap places as
// long as that lowers flits x hops. Deterministic: a fixed order of pairs, integers only.
#include "mapper/mapping.hpp"
#include "mapper/route.hpp"

namespace tephra {

/// Permutes the usable cores of every chip of a mapping; never makes flits x hops larger.
void improve_placement(const Program& program, const Machine& machine, const Topology& topology, Mapping& mapping);

}  // namespace tephra

#pragma once
// What each layer of a network sent over time: a heat map, and the same as a table for those who can't see it.
#include <string>

#include "simulator/run.hpp"

namespace tephra {

/// Layers that are drawn and listed: of more, the first in the order of data flow, and a note says so.
inline constexpr std::size_t most_drawn_layers = 48;

/// A row a population and a cell a time bin; colour is the share of its neurons that send in a time step. Empty for a
/// run of tokens.
std::string over_time_chart(const Run& run);

}  // namespace tephra

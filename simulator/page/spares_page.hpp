#pragma once
// The page of `map --spares`: what dead cores or links cost in time and energy, over many draws.
#include <string>

#include "simulator/spares.hpp"

namespace tephra {

/// One self-contained HTML document.
std::string spares_page(const Spares& spares);

}  // namespace tephra

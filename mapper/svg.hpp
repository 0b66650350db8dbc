#pragma once
// A picture of a mapping: chips, cores coloured by layer or load, link traffic. One self-contained SVG.
#include <string>

#include "mapper/mapping.hpp"
#include "mapper/route.hpp"

namespace tephra {

enum class SvgColor : std::uint8_t {
    layer,  ///< hue: block of the model; shade: kind of the neuron model with most synapses
    load,   ///< share of the synaptic memory in use
};

/// Chips that hold nothing are drawn only between chips that do. The mapping must pass check_mapping.
std::string mapping_svg(const Program& program, const Machine& machine, const Topology& topology,
                        const Mapping& mapping, SvgColor color);

}  // namespace tephra

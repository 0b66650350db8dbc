#pragma once
// Colours of a mapping's picture, and the legend that explains them.
#include <cstdint>
#include <string>

#include "core/markup.hpp"
#include "mapper/mapping.hpp"
#include "mapper/picture_layout.hpp"
#include "mapper/svg.hpp"

namespace tephra {

/// Fill of a core that mostly holds this population. Hue: its layer; lightness: its co-location group. Neurons that
/// merge records have a colour of their own.
std::string layer_color(const Program& program, PopulationId id);
/// Fill of a core by the share of its synaptic memory in use, 0 to 1.
std::string load_color(double share);
/// Stroke of a link by its share of the flits of the busiest link of its kind, 0 to 1: grey to red.
std::string traffic_color(double share);
/// Stroke width of a mesh link with that share.
double traffic_width(double share);

/// A line of text of the picture.
void draw_text(Markup& svg, PicturePoint at, const std::string& text, double size,
               const Markup::Attributes& attributes);

struct LegendContent {
    SvgColor color = SvgColor::layer;
    bool head_on_host = false;
    std::int64_t busiest_mesh = 0, busiest_chip = 0;  ///< flits a token over the busiest link of the kind; 0: none
};

/// Two lines: what colours of cores mean, and what colours of links mean.
void draw_legend(Markup& svg, const Program& program, const LegendContent& content, PicturePoint at);

}  // namespace tephra

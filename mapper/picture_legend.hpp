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

/// A cross over something dead that is drawn at `at`; it hides nothing from the pointer.
void draw_cross(Markup& svg, PicturePoint at, PicturePoint size);
/// Stroke of a dead link: dashes, in no colour of traffic.
Markup::Attributes dead_link_stroke();
/// Outline of a slow core.
Markup::Attributes slow_core_outline();

struct LegendContent {
    SvgColor color = SvgColor::layer;
    bool head_on_host = false;
    bool damaged = false;                             ///< parts are dead or slow
    std::int64_t busiest_mesh = 0, busiest_chip = 0;  ///< flits a token over the busiest link of the kind; 0: none
};

/// Lines of text: what colours of cores mean, what colours of links mean, and how parts that are dead or slow look.
void draw_legend(Markup& svg, const Program& program, const LegendContent& content, PicturePoint at);

}  // namespace tephra

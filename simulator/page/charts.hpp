#pragma once
// Charts of a report as inline SVG. Colours are CSS classes of simulator/page/style.cpp, so pages follow light and
// dark.
//
// A chart is drawn twice: for wide screens, and for narrow ones with a viewBox of its own, so that text keeps its size.
// The style sheet shows one of the two.
#include <optional>
#include <string>
#include <vector>

#include "core/markup.hpp"
#include "simulator/price.hpp"

namespace tephra {

/// What a chart is drawn into. Units are those of the SVG; style.cpp shows one as about one pixel.
struct ChartFrame {
    double width = 0;
    const char* css_class = "";  ///< "wide" or "narrow"
    int ticks = 0;               ///< of a linear axis, about
    [[nodiscard]] bool narrow() const { return width < 600; }
};
inline constexpr ChartFrame wide_frame{1000, "wide", 5};
inline constexpr ChartFrame narrow_frame{360, "narrow", 3};

/// Font size of charts in SVG units, as in style.cpp.
inline constexpr double chart_font = 14;
/// Width of a text in a chart, from above: fonts differ.
double text_width(const std::string& text);
/// `text` in lines that are no wider than `width` where its words allow it.
std::vector<std::string> wrapped_text(const std::string& text, double width);

Markup start_chart(const ChartFrame& frame, double height, const std::string& title);
void put_text(Markup& svg, double x, double y, const std::string& text, const std::string& css_class);
void put_line(Markup& svg, double x1, double y1, double x2, double y2, const std::string& css_class);
/// Text of a tick in the middle below `x`, or as near as the frame allows.
void put_tick(Markup& svg, const ChartFrame& frame, double x, double y, const std::string& text);

/// One part of a whole: its CSS class gives the colour.
struct ChartPart {
    std::string name, css_class;
    double value = 0;
    std::string label;  ///< value with its unit, for the legend
};

/// A bar split in proportion, with a legend of name, label and share below it.
std::string stacked_bar(const std::vector<ChartPart>& parts, const std::string& title);

struct BarRow {
    std::string name, css_class;
    double value = 0;
    std::optional<double> low, high;  ///< drawn as a whisker
    std::string label;
    std::string hover;  ///< shown when pointed at
};

/// Horizontal bars from zero on one linear scale.
std::string bar_chart(const std::vector<BarRow>& rows, const std::string& title);

/// Each round as a bar from entry to exit; prompt and generated tokens differ in colour. At most 96 rows: of more,
/// every n-th is drawn, and the legend says so.
std::string token_timeline(const Run& run, const std::string& title);

/// At most `count` + 1 round numbers from 0 to `end`: 0, 2, 4 ...
std::vector<double> round_ticks(double end, int count);
/// The same, fewer where their texts would not fit an axis of this width.
std::vector<double> fitting_ticks(double end, int count, double width);

}  // namespace tephra

#pragma once
// Charts of a report as inline SVG. Colours are CSS classes of simulator/page/style.cpp, so pages follow light and
// dark.
#include <optional>
#include <string>
#include <vector>

#include "simulator/price.hpp"

namespace tephra {

/// Width that every chart is drawn in; pages scale it.
inline constexpr double chart_width = 1000;

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

/// Each token as a bar from entry to exit; prompt and generated tokens differ in colour. At most 96 rows: more are
/// thinned.
std::string token_timeline(const Run& run, const std::string& title);

/// About `count` round numbers from 0 to `end`: 0, 2, 4 ...
std::vector<double> round_ticks(double end, int count);

}  // namespace tephra

#include "simulator/page/charts.hpp"

#include <algorithm>
#include <cmath>

#include "core/text.hpp"
#include "core/markup.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr double name_width = 210;   // left of bars
constexpr double label_width = 190;  // right of bars
constexpr double row_height = 24;

Markup start_chart(double height, const std::string& title) {
    Markup svg;
    svg.open("svg", {{"viewBox", "0 0 " + coordinate(chart_width) + " " + coordinate(height)},
                     {"role", "img"},
                     {"class", "chart"}});
    svg.element("title", title);
    return svg;
}

Markup::Attributes box(double x, double y, double width, double height, const std::string& css_class) {
    return {{"x", coordinate(x)},
            {"y", coordinate(y)},
            {"width", coordinate(std::max(width, 0.0))},
            {"height", coordinate(height)},
            {"class", css_class}};
}

void put_text(Markup& svg, double x, double y, const std::string& text, const std::string& css_class) {
    svg.element("text", text, {{"x", coordinate(x)}, {"y", coordinate(y)}, {"class", css_class}});
}

void put_line(Markup& svg, double x1, double y1, double x2, double y2, const std::string& css_class) {
    svg.leaf("line", {{"x1", coordinate(x1)},
                      {"y1", coordinate(y1)},
                      {"x2", coordinate(x2)},
                      {"y2", coordinate(y2)},
                      {"class", css_class}});
}

}  // namespace

std::vector<double> round_ticks(double end, int count) {
    if (!(end > 0)) return {0};
    const double rough = end / count;
    const double unit = std::pow(10.0, std::floor(std::log10(rough)));
    double step = 10 * unit;
    for (const double factor : {5.0, 2.0, 1.0})
        if (factor * unit >= rough) step = factor * unit;
    std::vector<double> ticks;
    for (int k = 0; k * step <= end * 1.0001; ++k) ticks.push_back(k * step);
    return ticks;
}

std::string stacked_bar(const std::vector<ChartPart>& parts, const std::string& title) {
    double sum = 0;
    for (const ChartPart& part : parts) sum += part.value;
    Markup svg = start_chart(34, title);
    double x = 0;
    for (const ChartPart& part : parts) {
        const double width = sum > 0 ? part.value / sum * chart_width : 0;
        if (width < 0.05) continue;
        svg.open("rect", box(x, 0, width - (width > 3 ? 1.5 : 0), 34, part.css_class));
        svg.element("title", part.name + ": " + part.label).close();
        if (width > 90) put_text(svg, x + 10, 22, part.name, "inside");
        x += width;
    }
    Markup out;
    out.raw(svg.take()).open("ul", {{"class", "legend"}});
    for (const ChartPart& part : parts) {
        out.open("li").element("i", "", {{"class", "swatch " + part.css_class}}).element("b", part.name);
        out.element("span", part.label).element("em", fixed_text(sum > 0 ? 100 * part.value / sum : 0, 1) + " %");
        out.close();
    }
    return out.take();
}

std::string bar_chart(const std::vector<BarRow>& rows, const std::string& title) {
    double end = 0;
    for (const BarRow& row : rows) end = std::max({end, row.value, row.high.value_or(0)});
    const double width = chart_width - name_width - label_width;
    const double height = row_height * static_cast<double>(rows.size()) + 22;
    const auto at = [&](double value) { return name_width + (end > 0 ? value / end * width : 0); };
    Markup svg = start_chart(height, title);
    for (const double tick : round_ticks(end, 5)) {
        put_line(svg, at(tick), 0, at(tick), height - 20, "grid");
        put_text(svg, at(tick), height - 5, figure_text(tick, 3), "tick middle");
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const BarRow& row = rows[k];
        const double y = row_height * static_cast<double>(k);
        svg.open("g").element("title", row.hover.empty() ? row.name + ": " + row.label : row.hover);
        put_text(svg, name_width - 12, y + 16, row.name, "name end");
        svg.leaf("rect",
                 box(name_width, y + 4, std::max(1.0, at(row.value) - name_width), row_height - 8, row.css_class));
        if (row.low && row.high && *row.high > *row.low) {
            const double middle = y + row_height / 2;
            put_line(svg, at(*row.low), middle, at(*row.high), middle, "whisker");
            put_line(svg, at(*row.low), middle - 4, at(*row.low), middle + 4, "whisker");
            put_line(svg, at(*row.high), middle - 4, at(*row.high), middle + 4, "whisker");
        }
        put_text(svg, chart_width - label_width + 14, y + 16, row.label, "value");
        svg.close();
    }
    return svg.take();
}

std::string token_timeline(const Run& run, const std::string& title) {
    constexpr std::size_t most = 96;
    const std::size_t stride = (run.tokens.size() + most - 1) / most;
    const std::size_t rows = (run.tokens.size() + stride - 1) / stride;
    const double pitch = std::clamp(340.0 / static_cast<double>(rows), 3.4, 20.0);
    const double left = 64, plot = pitch * static_cast<double>(rows), height = plot + 40;
    const double end = seconds(run.elapsed) * 1e3;
    const auto at = [&](Picoseconds time) { return left + seconds(time) * 1e3 / end * (chart_width - left - 24); };
    Markup svg = start_chart(height, title);
    std::int64_t start = run.tokens.front().entered.value();
    for (const auto& token : run.tokens) start = std::min(start, token.entered.value());
    for (const double tick : round_ticks(end, 8)) {
        const double x = left + tick / end * (chart_width - left - 24);
        put_line(svg, x, 0, x, plot + 4, "grid");
        put_text(svg, x, plot + 18, figure_text(tick, 3), "tick middle");
    }
    put_text(svg, chart_width - 24, plot + 35, "simulated time, ms", "tick end");
    std::size_t row = 0;
    for (std::size_t k = 0; k < run.tokens.size(); k += stride, ++row) {
        const TokenRecord& token = run.tokens[k];
        const double y = pitch * static_cast<double>(row);
        const double x = at(Picoseconds(token.entered.value() - start));
        const bool made = token.output >= 0;
        svg.open("rect", box(x, y + 0.5, std::max(1.2, at(Picoseconds(token.left.value() - start)) - x), pitch - 1.2,
                             made ? "c-made" : "c-prompt"));
        svg.element("title", "stream " + std::to_string(token.stream) + ", position " + std::to_string(token.position) +
                                 ": " + figure_text(seconds(Picoseconds(token.entered.value() - start)) * 1e3) +
                                 " to " + figure_text(seconds(Picoseconds(token.left.value() - start)) * 1e3) + " ms");
        svg.close();
        if (row % std::max<std::size_t>(1, static_cast<std::size_t>(40 / pitch)) == 0)
            put_text(svg, left - 10, y + std::min(pitch, 12.0), std::to_string(k), "tick end");
    }
    Markup out;
    out.raw(svg.take()).open("ul", {{"class", "legend"}});
    out.open("li").element("i", "", {{"class", "swatch c-prompt"}}).element("b", "prompt").close();
    out.open("li").element("i", "", {{"class", "swatch c-made"}}).element("b", "followed by a sampled token").close();
    if (stride > 1) out.open("li").text("every " + std::to_string(stride) + "th token is drawn").close();
    return out.take();
}

}  // namespace tephra

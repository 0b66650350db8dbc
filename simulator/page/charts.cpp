#include "simulator/page/charts.hpp"

#include <algorithm>
#include <cmath>

#include "core/ratio.hpp"
#include "core/text.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr double letter_width = 0.56 * chart_font;  // of sans-serif text, on average and from above
constexpr double thinnest_bar = 1.2;                // of a value above zero, so that it can be seen

Markup::Attributes box(double x, double y, double width, double height, const std::string& css_class) {
    return {{"x", coordinate(x)},
            {"y", coordinate(y)},
            {"width", coordinate(std::max(width, 0.0))},
            {"height", coordinate(height)},
            {"class", css_class}};
}

std::string stacked_bar(const std::vector<ChartPart>& parts, const std::string& title, const ChartFrame& frame) {
    constexpr double height = 34, gap = 1.5, text_margin = 10;
    double sum = 0;
    for (const ChartPart& part : parts) sum += part.value;
    Markup svg = start_chart(frame, height, title);
    if (sum <= 0) {
        svg.leaf("rect", box(0, 0, frame.width, height, "unused"));
        put_text(svg, text_margin, 22, "all parts are zero", "tick");
    }
    double x = 0;
    for (const ChartPart& part : parts) {
        const double width = ratio(part.value, sum).value_or(0) * frame.width;
        if (width < 0.05) continue;
        svg.open("rect", box(x, 0, std::max(thinnest_bar, width - gap), height, part.css_class));
        svg.element("title", part.name + ": " + part.label).close();
        if (width > text_width(part.name) + 2 * text_margin) put_text(svg, x + text_margin, 22, part.name, "inside");
        x += width;
    }
    return svg.take();
}

/// Where the parts of a row of bars are drawn: side by side, or name and label above the bar.
struct BarLayout {
    double left, right;        // of the bars
    double row_height, bar_y;  // bar_y: of a bar within its row
    double bar_height = 14;
};

BarLayout bar_layout(const std::vector<BarRow>& rows, const ChartFrame& frame) {
    double name = 140, label = 100, both = 0;
    for (const BarRow& row : rows) {
        name = std::max(name, text_width(row.name));
        label = std::max(label, text_width(row.label));
        both = std::max(both, text_width(row.name) + text_width(row.label));
    }
    if (!frame.narrow()) return {name + 16, frame.width - label - 18, 24, 5};
    return both + chart_font < frame.width ? BarLayout{0, frame.width, 46, 22} : BarLayout{0, frame.width, 64, 40};
}

void draw_bar_texts(Markup& svg, const BarRow& row, const BarLayout& layout, const ChartFrame& frame, double y) {
    if (!frame.narrow()) {
        put_text(svg, layout.left - 12, y + 17, row.name, "name end");
        put_text(svg, layout.right + 14, y + 17, row.label, "value");
    } else {
        put_text(svg, 0, y + 16, row.name, "name");
        put_text(svg, frame.width, y + layout.bar_y - 6, row.label, "value end");
    }
}

std::string bar_chart(const std::vector<BarRow>& rows, const std::string& title, const ChartFrame& frame) {
    constexpr double axis_height = 24;
    const BarLayout layout = bar_layout(rows, frame);
    double end = 0;
    for (const BarRow& row : rows) end = std::max({end, row.value, row.high.value_or(0)});
    const double height = layout.row_height * static_cast<double>(rows.size()) + axis_height;
    const auto at = [&](double value) {
        return layout.left + ratio(value, end).value_or(0) * (layout.right - layout.left);
    };
    Markup svg = start_chart(frame, height, title);
    for (const double tick : fitting_ticks(end, frame.ticks, layout.right - layout.left)) {
        put_line(svg, at(tick), 0, at(tick), height - axis_height + 2, "grid");
        put_tick(svg, frame, at(tick), height - 5, figure_text(tick, 3));
    }
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const BarRow& row = rows[k];
        const double y = layout.row_height * static_cast<double>(k);
        svg.open("g").element("title", row.hover.empty() ? row.name + ": " + row.label : row.hover);
        draw_bar_texts(svg, row, layout, frame, y);
        if (row.value > 0)
            svg.leaf("rect", box(layout.left, y + layout.bar_y, std::max(thinnest_bar, at(row.value) - layout.left),
                                 layout.bar_height, row.css_class));
        if (row.low && row.high && *row.high > *row.low) {
            const double middle = y + layout.bar_y + layout.bar_height / 2;
            put_line(svg, at(*row.low), middle, at(*row.high), middle, "whisker");
            for (const double x : {at(*row.low), at(*row.high)}) put_line(svg, x, middle - 4, x, middle + 4, "whisker");
        }
        svg.close();
    }
    return svg.take();
}

/// The tokens that are drawn: all, or every n-th.
struct DrawnTokens {
    static constexpr std::size_t most = 96;
    std::size_t stride, rows;
    explicit DrawnTokens(std::size_t tokens)
        : stride(std::max<std::size_t>(1, (tokens + most - 1) / most)), rows((tokens + stride - 1) / stride) {}
};

/// "stream 0, position 3", "time step 4".
std::string place_of(const Run& run, std::size_t round) {
    const TokenRecord& token = run.tokens[round];
    if (run.round == RoundKind::time_step) return round_words(run.round).one + " " + std::to_string(token.position + 1);
    return "stream " + std::to_string(token.stream) + ", position " + std::to_string(token.position);
}

std::string token_timeline(const Run& run, const std::string& title, const ChartFrame& frame) {
    constexpr double axis_height = 42, right_margin = 24;
    const DrawnTokens drawn(run.tokens.size());
    const double pitch = std::clamp(340.0 / static_cast<double>(drawn.rows), 3.4, 20.0);
    const double left = std::max(44.0, text_width(std::to_string(run.tokens.size())) + 14);
    const double plot = pitch * static_cast<double>(drawn.rows);
    const double end = seconds(run.elapsed) * 1e3;
    const auto at = [&](double ms) { return left + ratio(ms, end).value_or(0) * (frame.width - left - right_margin); };
    Picoseconds start = run.tokens.front().entered;
    for (const auto& token : run.tokens) start = std::min(start, token.entered);
    const auto ms_of = [&](Picoseconds time) { return seconds(time - start) * 1e3; };
    Markup svg = start_chart(frame, plot + axis_height, title);
    for (const double tick : fitting_ticks(end, frame.narrow() ? 4 : 8, frame.width - left - right_margin)) {
        put_line(svg, at(tick), 0, at(tick), plot + 4, "grid");
        put_tick(svg, frame, at(tick), plot + 18, figure_text(tick, 3));
    }
    put_text(svg, frame.width - right_margin, plot + 37, "simulated time, ms", "tick end");
    const auto numbered = static_cast<std::size_t>(std::max(1.0, 40 / pitch));
    for (std::size_t row = 0; row < drawn.rows; ++row) {
        const std::size_t k = row * drawn.stride;
        const TokenRecord& token = run.tokens[k];
        const double y = pitch * static_cast<double>(row), x = at(ms_of(token.entered));
        svg.open("rect", box(x, y + 0.5, std::max(thinnest_bar, at(ms_of(token.left)) - x), pitch - 1.2,
                             token.output >= 0 ? "c-made" : "c-prompt"));
        svg.element("title", place_of(run, k) + ": " + figure_text(ms_of(token.entered)) + " to " +
                                 figure_text(ms_of(token.left)) + " ms");
        svg.close();
        if (row % numbered == 0)
            put_text(svg, left - 10, y + std::clamp(pitch, 11.0, 14.0), std::to_string(k), "tick end");
    }
    return svg.take();
}

}  // namespace

double text_width(const std::string& text) {
    const auto letters =
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    return letter_width * static_cast<double>(letters);
}

std::vector<std::string> wrapped_text(const std::string& text, double width) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        const std::string word = text.substr(at, end - at);
        if (lines.empty() || text_width(lines.back() + " " + word) > width)
            lines.push_back(word);
        else
            lines.back() += " " + word;
        at = end + 1;
    }
    return lines;
}

Markup start_chart(const ChartFrame& frame, double height, const std::string& title) {
    Markup svg;
    svg.open("svg", {{"viewBox", "0 0 " + coordinate(frame.width) + " " + coordinate(height)},
                     {"role", "img"},
                     {"class", std::string("chart ") + frame.css_class}});
    svg.element("title", title);
    return svg;
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

void put_tick(Markup& svg, const ChartFrame& frame, double x, double y, const std::string& text) {
    const double half = text_width(text) / 2;
    if (x < half)
        put_text(svg, 0, y, text, "tick");
    else if (x + half > frame.width)
        put_text(svg, frame.width, y, text, "tick end");
    else
        put_text(svg, x, y, text, "tick middle");
}

std::vector<double> round_ticks(double end, int count) {
    if (!(end > 0)) return {0};
    const double rough = end / count;
    const double unit = std::pow(10.0, std::floor(std::log10(rough)));
    double step = 10 * unit;
    for (const double factor : {5.0, 2.0, 1.0})
        if (factor * unit >= rough) step = factor * unit;
    std::vector<double> ticks;
    for (int k = 0; k * step <= end * 1.0001 && k <= count; ++k) ticks.push_back(k * step);
    return ticks;
}

std::vector<double> fitting_ticks(double end, int count, double width) {
    for (; count > 1; --count) {
        auto ticks = round_ticks(end, count);
        double widest = 0;
        for (const double tick : ticks) widest = std::max(widest, text_width(figure_text(tick, 3)));
        if (ticks.size() < 2 || ratio(ticks[1], end).value_or(0) * width > widest + chart_font) return ticks;
    }
    return round_ticks(end, 1);
}

std::string stacked_bar(const std::vector<ChartPart>& parts, const std::string& title) {
    double sum = 0;
    for (const ChartPart& part : parts) sum += part.value;
    Markup out;
    out.raw(stacked_bar(parts, title, wide_frame)).raw(stacked_bar(parts, title, narrow_frame));
    out.open("ul", {{"class", "legend"}});
    for (const ChartPart& part : parts) {
        const auto share = ratio(100 * part.value, sum);
        out.open("li").element("i", "", {{"class", "swatch " + part.css_class}}).element("b", part.name);
        out.element("span", part.label).element("em", share ? fixed_text(*share, 1) + " %" : "-").close();
    }
    return out.take();
}

std::string bar_chart(const std::vector<BarRow>& rows, const std::string& title) {
    return bar_chart(rows, title, wide_frame) + bar_chart(rows, title, narrow_frame);
}

std::string token_timeline(const Run& run, const std::string& title) {
    if (run.tokens.empty()) return "";
    Markup out;
    out.raw(token_timeline(run, title, wide_frame)).raw(token_timeline(run, title, narrow_frame));
    out.open("ul", {{"class", "legend"}});
    const RoundWords& words = round_words(run.round);
    const auto key = [&](const char* css_class, const std::string& text) {
        out.open("li").element("i", "", {{"class", css_class}}).element("b", text).close();
    };
    key("swatch c-prompt", run.round == RoundKind::token ? "prompt" : words.one);
    if (run.round == RoundKind::token) key("swatch c-made", "followed by a sampled token");
    const DrawnTokens drawn(run.tokens.size());
    if (drawn.stride > 1)
        out.open("li").text("every " + std::to_string(drawn.stride) + "th " + words.one + " is drawn").close();
    return out.take();
}

}  // namespace tephra

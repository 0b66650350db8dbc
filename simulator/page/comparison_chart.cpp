#include "simulator/page/comparison_chart.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/markup.hpp"
#include "core/text.hpp"
#include "simulator/lm/comparison_text.hpp"
#include "simulator/page/charts.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr double line_height = 18, dot_space = 30;  // of a row: its lines of name, then its dots
constexpr double head_height = 24, axis_height = 26;
constexpr double dot_radius = 6;
constexpr double label_gap = 12;   // from the middle of a dot to its label
constexpr double axis_margin = 8;  // so that a dot on the first tick is whole

/// A logarithmic axis over whole decades, drawn between two x. Values that are not above zero are not on it.
class LogAxis {
public:
    LogAxis(double left, double right) : left_(left), right_(right) {}
    void include(double value) {
        if (!(value > 0)) return;
        const int decade = static_cast<int>(std::floor(std::log10(value)));
        first_ = empty_ ? decade : std::min(first_, decade);
        last_ = empty_ ? decade + 1 : std::max(last_, decade + 1);
        empty_ = false;
    }
    [[nodiscard]] double left() const { return left_; }
    [[nodiscard]] double at(double value) const {
        return left_ + (std::log10(value) - first_) / (last_ - first_) * (right_ - left_);
    }
    void draw(Markup& svg, const ChartFrame& frame, double top, double bottom) const {
        if (empty_) return;
        const double widest = text_width("100000") + chart_font;
        const int most = std::max(1, static_cast<int>((right_ - left_) / widest));
        const int stride = (last_ - first_ + most - 1) / most;
        for (int decade = first_; decade <= last_; ++decade) {
            const double x = left_ + (right_ - left_) * (decade - first_) / (last_ - first_);
            put_line(svg, x, top, x, bottom - axis_height + 6, "grid");
            if ((decade - first_) % stride == 0) put_tick(svg, frame, x, bottom - 4, decade_text(decade));
        }
    }

private:
    static std::string decade_text(int decade) {
        if (decade >= -3 && decade < 6) return figure_text(std::pow(10.0, decade), 1);
        return std::string("1e").append(std::to_string(decade));
    }
    double left_, right_;
    bool empty_ = true;
    int first_ = 0, last_ = 1;  ///< decades
};

/// A figure with its range: of a run's energy it is wider than the figure.
struct Dot {
    double value = 0, low = 0, high = 0;
    std::string label;
};

struct ChartRow {
    std::string name, source, css_class;
    bool is_run = false;
    Dot speed, energy;
};

std::string row_class(const ComparisonRow& row) {
    if (row.run) return "c-run";
    if (row.data.kind == Evidence::derived) return "c-derived";
    return row.data.device_class == "neuromorphic" ? "c-published" : "c-gpu";
}

std::string row_name(const ComparisonRow& row, const RoundWords& words) {
    std::string name = row.data.device + " — " + row.data.software;
    if (row.data.length) name += ", " + std::to_string(*row.data.length) + " " + words.many;
    if (!row.unlike.empty()) {
        name += " [unlike:";
        for (const auto& difference : row.unlike) name += " " + difference;
        name += "]";
    }
    return name;
}

std::vector<ChartRow> chart_rows(const Comparison& comparison) {
    std::vector<ChartRow> rows;
    for (std::size_t k = 0; k < comparison.rows.size(); ++k) {
        const ComparisonRow& row = comparison.rows[k];
        if (!row.speed) continue;
        const double unit = energy_of_millijoule(comparison);
        const double speed = row.data.tokens_per_s, energy = row.data.mj_per_token * unit;
        const bool ranged = row.run && row.energy_range.high > row.energy_range.low;
        rows.push_back(
            {row_name(row, round_words(comparison.round)) + (k == comparison.reference ? " (reference)" : ""),
             row.data.source,
             row_class(row),
             row.run.has_value(),
             {speed, speed, speed, figure_text(speed, 3)},
             {energy, ranged ? millijoules(row.energy_range.low) * unit : energy,
              ranged ? millijoules(row.energy_range.high) * unit : energy,
              figure_text(energy, 3) + " · " + scope_name(row.data.scope)}});
    }
    return rows;
}

/// One quantity of all rows below each other, from `top` on.
class Panel {
public:
    Panel(Markup& svg, const ChartFrame& frame, const std::vector<ChartRow>& rows, double top)
        : svg_(svg), frame_(frame), rows_(rows), top_(top) {
        double y = top + head_height;
        for (const ChartRow& row : rows) {
            lines_.push_back(wrapped_text(row.name, frame.width));
            row_y_.push_back(y);
            y += line_height * static_cast<double>(lines_.back().size()) + dot_space;
        }
        bottom_ = y + axis_height;
    }
    [[nodiscard]] double bottom() const { return bottom_; }

    void draw(Dot ChartRow::*quantity, const std::string& heading, double left, double right) {
        double label = 0;
        for (const ChartRow& row : rows_) label = std::max(label, text_width((row.*quantity).label));
        LogAxis axis(left + axis_margin, right - label - label_gap);
        for (const ChartRow& row : rows_)
            for (const double value : {(row.*quantity).value, (row.*quantity).low, (row.*quantity).high})
                axis.include(value);
        put_text(svg_, left, top_ + 15, heading, "head");
        axis.draw(svg_, frame_, top_ + head_height, bottom_);
        for (std::size_t k = 0; k < rows_.size(); ++k) {
            const double names = line_height * static_cast<double>(lines_[k].size());
            svg_.open("g").element("title", rows_[k].source);
            draw_dot(axis, rows_[k].*quantity, row_y_[k] + names + 12, rows_[k].css_class);
            svg_.close();
        }
    }

    void draw_names() {
        for (std::size_t k = 0; k < rows_.size(); ++k)
            for (std::size_t line = 0; line < lines_[k].size(); ++line)
                put_text(svg_, 0, row_y_[k] + line_height * static_cast<double>(line + 1) - 2, lines_[k][line],
                         rows_[k].is_run ? "row strong" : "row");
    }

private:
    void draw_dot(const LogAxis& axis, const Dot& dot, double y, const std::string& css_class) {
        if (dot.high > 0) {
            const double low = dot.low > 0 ? axis.at(dot.low) : axis.left();
            if (dot.high > dot.low) put_line(svg_, low, y, axis.at(dot.high), y, "whisker");
        }
        double end = axis.left() - dot_radius;
        if (dot.value > 0) {
            const std::string x = coordinate(axis.at(dot.value));
            svg_.leaf("circle",
                      {{"cx", x}, {"cy", coordinate(y)}, {"r", coordinate(dot_radius)}, {"class", css_class}});
            end = axis.at(dot.value);
        }
        if (dot.high > 0) end = std::max(end, axis.at(dot.high));
        put_text(svg_, end + label_gap, y + 5, dot.label, "bar-label");
    }

    Markup& svg_;
    const ChartFrame& frame_;
    const std::vector<ChartRow>& rows_;
    std::vector<std::vector<std::string>> lines_;
    std::vector<double> row_y_;
    double top_, bottom_ = 0;
};

/// What stands above the panels, and the title of both.
struct Headings {
    explicit Headings(const RoundWords& words)
        : speed(words.rate + " (more is better)"),
          energy(words.energy + " (less is better)"),
          title(words.rate + " and " + words.energy + ", logarithmic") {}
    std::string speed, energy, title;
};

std::string wide_chart(const std::vector<ChartRow>& rows, const Headings& headings) {
    Markup content;
    Panel panel(content, wide_frame, rows, 0);
    panel.draw(&ChartRow::speed, headings.speed, 0, wide_frame.width / 2);
    panel.draw(&ChartRow::energy, headings.energy, wide_frame.width / 2 + 20, wide_frame.width);
    panel.draw_names();
    return start_chart(wide_frame, panel.bottom(), headings.title).raw(content.take()).take();
}

std::string narrow_chart(const std::vector<ChartRow>& rows, const Headings& headings) {
    Markup content;
    Panel speed(content, narrow_frame, rows, 0);
    speed.draw(&ChartRow::speed, headings.speed, 0, narrow_frame.width);
    speed.draw_names();
    Panel energy(content, narrow_frame, rows, speed.bottom() + 20);
    energy.draw(&ChartRow::energy, headings.energy, 0, narrow_frame.width);
    energy.draw_names();
    return start_chart(narrow_frame, energy.bottom(), headings.title).raw(content.take()).take();
}

}  // namespace

std::string comparison_chart(const Comparison& comparison) {
    const auto rows = chart_rows(comparison);
    Markup out;
    const Headings headings(round_words(comparison.round));
    out.raw(wide_chart(rows, headings)).raw(narrow_chart(rows, headings)).open("ul", {{"class", "legend"}});
    const std::pair<const char*, const char*> keys[] = {
        {"c-run", "simulated here"},
        {"c-published", "published, same hardware"},
        {"c-gpu", "measured or cited"},
        {"c-derived", "derived (roofline, a kernel for each operation)"}};
    for (const auto& [css_class, text] : keys)
        out.open("li").element("i", "", {{"class", std::string("swatch ") + css_class}}).element("b", text).close();
    out.close();
    const std::size_t hidden = comparison.rows.size() - rows.size();
    std::string note = "Power of neurocores, board or system is named beside each dot: they are not the same thing.";
    if (hidden > 0) note += " " + std::to_string(hidden) + " rows of another model, mode or batch are not drawn.";
    if (std::ranges::any_of(rows, [](const ChartRow& row) { return row.energy.value == 0; }))
        note += " An energy of zero is not on a logarithmic scale: its row has no dot.";
    out.element("p", note, {{"class", "note"}});
    return out.take();
}

std::string prediction_table(const Comparison& comparison) {
    if (comparison.predictions.empty()) return "";
    Markup out;
    out.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const char* head :
         {"published row", "mode", "quantity", "simulated", "published", "error", "role", "power of"})
        out.element("th", head);
    out.close().close().open("tbody");
    for (const Prediction& p : comparison.predictions) {
        out.open("tr").element("td", p.published);
        out.element("td", mode_name(p.mode)).element("td", p.quantity);
        out.element("td", figure_text(p.simulated), {{"class", "number"}});
        out.element("td", figure_text(p.value), {{"class", "number"}});
        out.element("td", (p.error_percent > 0 ? "+" : "") + fixed_text(p.error_percent, 1) + " %",
                    {{"class", "number"}});
        out.element("td", p.calibrates ? "check: used to derive prices or times" : "prediction");
        out.element("td", p.scope).close();
    }
    return out.take();
}

}  // namespace tephra

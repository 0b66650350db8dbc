#include "simulator/page/comparison_chart.hpp"

#include <algorithm>
#include <cmath>

#include "core/text.hpp"
#include "simulator/page/charts.hpp"
#include "core/markup.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr double row_height = 46, bar_height = 12, top = 26;
constexpr double pj_per_mj = 1e9;

/// A logarithmic axis over whole decades, drawn between two x.
class LogAxis {
public:
    LogAxis(double left, double right) : left_(left), right_(right) {}
    void include(double value) {
        first_ = std::min(first_, std::floor(std::log10(value)));
        last_ = std::max(last_, std::floor(std::log10(value)) + 1);
    }
    [[nodiscard]] double at(double value) const {
        return left_ + std::clamp((std::log10(value) - first_) / (last_ - first_), 0.0, 1.0) * (right_ - left_);
    }
    void draw(Markup& svg, double height, const std::string& name) const {
        svg.element("text", name, {{"x", coordinate(left_)}, {"y", "13"}, {"class", "head"}});
        const int stride = last_ - first_ > 5 ? 2 : 1;
        for (int decade = static_cast<int>(first_); decade <= static_cast<int>(last_); ++decade) {
            const std::string x = coordinate(at(std::pow(10.0, decade)));
            svg.leaf(
                "line",
                {{"x1", x}, {"x2", x}, {"y1", coordinate(top)}, {"y2", coordinate(height - 22)}, {"class", "grid"}});
            if ((decade - static_cast<int>(first_)) % stride == 0)
                svg.element("text", decade_text(decade),
                            {{"x", x}, {"y", coordinate(height - 6)}, {"class", "tick middle"}});
        }
    }
    [[nodiscard]] double left() const { return left_; }

private:
    static std::string decade_text(int decade) {
        if (decade >= -3 && decade < 6) return figure_text(std::pow(10.0, decade), 1);
        return std::string("1e").append(std::to_string(decade));
    }
    double left_, right_;
    double first_ = 1e9, last_ = -1e9;
};

std::string row_class(const ComparisonRow& row) {
    if (row.is_run) return "c-run";
    if (row.data.kind == Evidence::derived) return "c-derived";
    return row.data.device_class == "neuromorphic" ? "c-published" : "c-gpu";
}

std::string row_name(const ComparisonRow& row) {
    std::string name = row.data.device + " — " + row.data.software;
    if (row.data.length) name += ", " + std::to_string(*row.data.length) + " tokens";
    if (!row.unlike.empty()) {
        name += " [unlike:";
        for (const auto& difference : row.unlike) name += " " + difference;
        name += "]";
    }
    return name;
}

/// A bar to `value` with its label behind it, or behind `end` when a whisker reaches further.
void draw_bar(Markup& svg, const LogAxis& axis, double y, double value, double end, const std::string& css_class,
              const std::string& label) {
    svg.leaf("rect", {{"x", coordinate(axis.left())},
                      {"y", coordinate(y)},
                      {"width", coordinate(std::max(1.0, axis.at(value) - axis.left()))},
                      {"height", coordinate(bar_height)},
                      {"class", css_class}});
    svg.element(
        "text", label,
        {{"x", coordinate(axis.at(std::max(value, end)) + 6)}, {"y", coordinate(y + 10)}, {"class", "bar-label"}});
}

}  // namespace

std::string comparison_chart(const Comparison& comparison) {
    std::vector<std::size_t> shown;
    for (std::size_t k = 0; k < comparison.rows.size(); ++k)
        if (comparison.rows[k].speed) shown.push_back(k);
    LogAxis speed(0, chart_width / 2 - 110), energy(chart_width / 2 + 20, chart_width - 110);
    for (const std::size_t k : shown) {
        speed.include(comparison.rows[k].data.tokens_per_s);
        energy.include(comparison.rows[k].data.mj_per_token);
    }
    const double height = top + row_height * static_cast<double>(shown.size()) + 26;
    Markup svg;
    svg.open("svg", {{"viewBox", "0 0 " + coordinate(chart_width) + " " + coordinate(height)},
                     {"role", "img"},
                     {"class", "chart"}});
    svg.element("title", "Tokens per second and millijoules per token, logarithmic");
    speed.draw(svg, height, "tokens/s (more is better)");
    energy.draw(svg, height, "mJ/token (less is better)");
    for (std::size_t at = 0; at < shown.size(); ++at) {
        const ComparisonRow& row = comparison.rows[shown[at]];
        const double y = top + row_height * static_cast<double>(at);
        const std::string css_class = row_class(row);
        svg.open("g").element("title", row.data.source);
        svg.element("text", row_name(row) + (shown[at] == comparison.reference ? " (reference)" : ""),
                    {{"x", "0"}, {"y", coordinate(y + 16)}, {"class", row.is_run ? "row strong" : "row"}});
        draw_bar(svg, speed, y + 23, row.data.tokens_per_s, 0, css_class, figure_text(row.data.tokens_per_s, 3));
        draw_bar(svg, energy, y + 23, row.data.mj_per_token, row.energy_range.high.value() / pj_per_mj, css_class,
                 figure_text(row.data.mj_per_token, 3) + " · " + row.data.power_includes);
        if (row.is_run && row.energy_range.high > row.energy_range.low) {
            const std::string middle = coordinate(y + 23 + bar_height / 2);
            svg.leaf("line", {{"x1", coordinate(energy.at(row.energy_range.low.value() / pj_per_mj))},
                              {"x2", coordinate(energy.at(row.energy_range.high.value() / pj_per_mj))},
                              {"y1", middle},
                              {"y2", middle},
                              {"class", "whisker"}});
        }
        svg.close();
    }
    Markup out;
    out.raw(svg.take()).open("ul", {{"class", "legend"}});
    const std::pair<const char*, const char*> keys[] = {{"c-run", "simulated here"},
                                                        {"c-published", "published, same hardware"},
                                                        {"c-gpu", "measured or cited"},
                                                        {"c-derived", "derived (roofline, one kernel a stage)"}};
    for (const auto& [css_class, text] : keys)
        out.open("li").element("i", "", {{"class", std::string("swatch ") + css_class}}).element("b", text).close();
    out.close();
    const std::size_t hidden = comparison.rows.size() - shown.size();
    out.element("p",
                "Power of chips, board or system is named beside each bar: they are not the same thing." +
                    (hidden > 0 ? " " + std::to_string(hidden) + " rows of another model, mode or batch are not drawn."
                                : std::string()),
                {{"class", "note"}});
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
        out.element("td", p.mode == RunMode::generate ? "generate" : "prefill").element("td", p.quantity);
        out.element("td", figure_text(p.simulated), {{"class", "number"}});
        out.element("td", figure_text(p.value), {{"class", "number"}});
        out.element("td", (p.error_percent > 0 ? "+" : "") + fixed_text(p.error_percent, 1) + " %",
                    {{"class", "number"}});
        out.element("td", p.calibrates ? "check: used to derive prices or times" : "prediction");
        out.element("td", p.power_includes).close();
    }
    return out.take();
}

}  // namespace tephra

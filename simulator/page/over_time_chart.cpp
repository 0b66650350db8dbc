#include "simulator/page/over_time_chart.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/markup.hpp"
#include "core/text.hpp"
#include "simulator/page/charts.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr double cell_height = 20, row_gap = 4;
constexpr double line_height = 18;  // of a row's texts above it, and of the axis
constexpr double axis_lines = 3;
constexpr double faintest = 0.1;                            // opacity of a cell in which anything was sent
constexpr double legend_shades[] = {0.25, 0.5, 0.75, 1.0};  // roots of the shares that the legend names

/// One layer. A share is a part of its neurons.
struct LayerRow {
    const PopulationRecord* population = nullptr;
    std::vector<double> shares;  ///< [bins] that send in a time step of the bin, on average
    double mean = 0;
    std::size_t peak = 0;  ///< bin of the largest share
};

/// The time axis: bins, and when the first time step of each enters.
struct TimeAxis {
    explicit TimeAxis(const Run& of)
        : run(of), rounds(std::ssize(of.tokens)), width(time_bin_width(rounds)), bins(time_bins(rounds)) {}
    const Run& run;
    std::int64_t rounds, width, bins;

    [[nodiscard]] std::int64_t rounds_of(std::size_t bin) const {
        return std::min(width, rounds - static_cast<std::int64_t>(bin) * width);
    }
    /// Simulated time in ms when `round` time steps have entered and the next does; the end of the run after the last.
    [[nodiscard]] double entry_ms(std::int64_t round) const {
        const Picoseconds start = run.tokens.front().entered;
        const Picoseconds at =
            round < rounds ? run.tokens[static_cast<std::size_t>(round)].entered - start : run.elapsed;
        return seconds(at) * 1e3;
    }
};

std::string percent(double share) {
    return figure_text(100 * share, 3) + " %";
}

std::vector<LayerRow> layer_rows(const TimeAxis& axis) {
    std::vector<LayerRow> rows;
    for (const PopulationRecord& population : axis.run.populations) {
        if (population.messages.empty()) continue;
        LayerRow row;
        row.population = &population;
        const auto neurons = static_cast<double>(population.neurons);
        for (std::size_t k = 0; k < population.messages.size(); ++k) {
            row.shares.push_back(static_cast<double>(population.messages[k]) /
                                 (neurons * static_cast<double>(axis.rounds_of(k))));
            if (row.shares[k] > row.shares[row.peak]) row.peak = k;
        }
        row.mean = static_cast<double>(count_of(population.counts, EventKind::message)) /
                   (neurons * static_cast<double>(axis.rounds));
        rows.push_back(std::move(row));
    }
    return rows;
}

/// Time steps between two ticks: 1, 2, 5, 10 ..., the first that leaves room for the texts of the axis.
std::int64_t tick_distance(const TimeAxis& axis, double width) {
    double widest = 0;
    for (std::int64_t round = 0; round <= axis.rounds; round += axis.width)
        widest =
            std::max({widest, text_width(std::to_string(round)), text_width(figure_text(axis.entry_ms(round), 3))});
    for (std::int64_t unit = 1;; unit *= 10)
        for (const std::int64_t factor : {1, 2, 5}) {
            const std::int64_t distance = unit * factor;
            const double room = width * static_cast<double>(distance) / static_cast<double>(axis.rounds);
            if (distance >= axis.rounds || room > 1.5 * widest) return distance;  // half more: the ends are moved in
        }
}

class OverTimeChart {
public:
    OverTimeChart(const TimeAxis& axis, const std::vector<LayerRow>& rows, std::size_t drawn, double most,
                  const ChartFrame& frame)
        : axis_(axis), rows_(rows), drawn_(drawn), most_(most), frame_(frame), right_(frame.width) {
        if (frame.narrow()) return;
        double name = 0, mean = 0;
        for (std::size_t k = 0; k < drawn; ++k) {
            name = std::max(name, text_width(rows[k].population->name));
            mean = std::max(mean, text_width(percent(rows[k].mean)));
        }
        left_ = std::min(name + 14, frame.width / 3);
        right_ = frame.width - mean - 14;
    }

    std::string draw(const std::string& title) {
        const double head = frame_.narrow() ? line_height : 0;
        const double pitch = head + cell_height + row_gap, plot = pitch * static_cast<double>(drawn_);
        Markup svg = start_chart(frame_, plot + axis_lines * line_height + 6, title);
        draw_axis(svg, plot);
        for (std::size_t k = 0; k < drawn_; ++k) {
            const double y = pitch * static_cast<double>(k) + head;
            draw_texts(svg, rows_[k], y);
            draw_cells(svg, rows_[k], y);
        }
        return svg.take();
    }

private:
    [[nodiscard]] double at(std::int64_t round) const {
        return left_ + (right_ - left_) * static_cast<double>(round) / static_cast<double>(axis_.rounds);
    }

    void draw_axis(Markup& svg, double plot) const {
        const std::int64_t distance = tick_distance(axis_, right_ - left_);
        for (std::int64_t round = 0; round <= axis_.rounds; round += distance) {
            put_line(svg, at(round), 0, at(round), plot + 4, "grid");
            put_tick(svg, frame_, at(round), plot + line_height, std::to_string(round));
            put_tick(svg, frame_, at(round), plot + 2 * line_height, figure_text(axis_.entry_ms(round), 3));
        }
        put_text(svg, right_, plot + 3 * line_height, "time steps; simulated time, ms", "tick end");
    }

    void draw_texts(Markup& svg, const LayerRow& row, double y) const {
        // A name that does not fit is cut; the table below has all of it.
        const double room = (frame_.narrow() ? right_ - text_width(percent(row.mean)) : left_) - 14;
        std::string name = row.population->name;
        if (text_width(name) > room) name = first_letters(name, room) + "…";
        if (frame_.narrow()) {
            put_text(svg, 0, y - 4, name, "name");
            put_text(svg, right_, y - 4, percent(row.mean), "value end");
        } else {
            put_text(svg, left_ - 12, y + 15, name, "name end");
            put_text(svg, right_ + 12, y + 15, percent(row.mean), "value");
        }
    }

    [[nodiscard]] static std::string first_letters(const std::string& text, double width) {
        std::string cut;
        for (std::size_t at = 0; at < text.size();) {
            std::size_t end = at + 1;
            while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
            if (text_width(cut + text.substr(at, end - at) + "…") > width) break;
            cut += text.substr(at, end - at);
            at = end;
        }
        return cut;
    }

    void draw_cells(Markup& svg, const LayerRow& row, double y) const {
        const auto box = [&](double from, double to, const char* css_class) {
            return Markup::Attributes{{"x", coordinate(from)},
                                      {"y", coordinate(y)},
                                      {"width", coordinate(to - from)},
                                      {"height", coordinate(cell_height)},
                                      {"class", css_class}};
        };
        svg.leaf("rect", box(left_, right_, "unused"));
        for (std::size_t k = 0; k < row.shares.size(); ++k) {
            if (row.shares[k] == 0) continue;
            const std::int64_t first = static_cast<std::int64_t>(k) * axis_.width;
            auto attributes = box(at(first), at(first + axis_.rounds_of(k)), "spikes");
            attributes.emplace_back("fill-opacity", shade(std::sqrt(row.shares[k] / most_)));
            svg.open("rect", attributes);
            if (!frame_.narrow())  // narrow screens have no pointer
                svg.element("title", row.population->name + ", " + bin_name(axis_.run, k) + ": " +
                                         std::to_string(row.population->messages[k]) + " sent, " +
                                         percent(row.shares[k]) + " of its neurons a time step");
            svg.close();
        }
    }

public:
    static std::string shade(double t) { return fixed_text(faintest + (1 - faintest) * t, 2); }

private:
    const TimeAxis& axis_;
    const std::vector<LayerRow>& rows_;
    std::size_t drawn_;
    double most_;  ///< largest share of all
    const ChartFrame& frame_;
    double left_ = 0, right_;  ///< of the cells
};

std::string table(const TimeAxis& axis, const std::vector<LayerRow>& rows, std::size_t drawn) {
    Markup out;
    out.open("details").element("summary", "The same as a table");
    out.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const char* head : {"layer", "neurons", "sent", "of its neurons a time step, mean", "most", "most at"})
        out.element("th", head);
    out.close().close().open("tbody");
    for (std::size_t k = 0; k < drawn; ++k) {
        const LayerRow& row = rows[k];
        const std::int64_t sent = count_of(row.population->counts, EventKind::message);
        out.open("tr").element("td", row.population->name);
        for (const std::string& figure : {std::to_string(row.population->neurons), std::to_string(sent),
                                          percent(row.mean), percent(row.shares[row.peak])})
            out.element("td", figure, {{"class", "number"}});
        out.element("td", sent == 0 ? "-" : bin_name(axis.run, row.peak), {{"class", "number"}}).close();
    }
    return out.take();
}

}  // namespace

std::string over_time_chart(const Run& run) {
    if (run.round != RoundKind::time_step) return "";
    const TimeAxis axis(run);
    const auto rows = layer_rows(axis);
    if (rows.empty()) return "";
    const std::size_t drawn = std::min(rows.size(), most_drawn_layers);
    double most = 0;
    for (std::size_t k = 0; k < drawn; ++k) most = std::max(most, rows[k].shares[rows[k].peak]);
    Markup out;
    for (const ChartFrame& frame : {wide_frame, narrow_frame})
        out.raw(
            OverTimeChart(axis, rows, drawn, most, frame).draw("Share of each layer's neurons that send, over time"));
    out.open("ul", {{"class", "legend"}});
    out.open("li").element("i", "", {{"class", "swatch unused-swatch"}}).element("b", "none").close();
    if (most > 0)
        for (const double root : legend_shades)
            out.open("li")
                .element("i", "", {{"class", "swatch spikes"}, {"style", "opacity:" + OverTimeChart::shade(root)}})
                .element("b", percent(root * root * most))
                .close();
    out.close();
    std::string note = "Beside each row: the mean over the run. ";
    note += axis.width == 1 ? "A cell is a time step." : "A cell is " + std::to_string(axis.width) + " time steps.";
    note += " Shades go by the square root of the share, so that quiet layers show.";
    if (drawn < rows.size())
        note += " The first " + std::to_string(drawn) + " of " + std::to_string(rows.size()) +
                " layers are drawn; report --format json has all.";
    out.element("p", note, {{"class", "note"}});
    out.raw(table(axis, rows, drawn));
    return out.take();
}

}  // namespace tephra

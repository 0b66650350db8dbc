#include "simulator/page/chip_map.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "core/markup.hpp"
#include "core/ratio.hpp"
#include "core/text.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr std::size_t most_detailed_chips = 64;
constexpr std::int64_t most_empty_cells = 65536;  // cores without work are drawn up to so many cores of all chips

constexpr double nj_per_pj = 1e-3;

struct Cell {
    std::string hover;
    double load = 0, energy = 0;  // load: part of the time; energy: pJ per token
};

struct DrawnChip {
    std::map<int, Cell> cells;  // by core within the chip
    std::set<int> layers;
};

/// "block 0, block 1", or "block 0 to head" where there are more than three.
std::string layer_text(const std::vector<std::string>& names, const std::set<int>& layers) {
    std::string text;
    for (const int layer : layers) {
        if (layers.size() > 3 && layer != *layers.begin() && layer != *layers.rbegin()) continue;
        if (!text.empty()) text += layers.size() > 3 ? " to " : ", ";
        text += names[static_cast<std::size_t>(layer)];
    }
    return text;
}

std::map<int, DrawnChip> collect(const Run& run, const Report& report) {
    std::map<int, DrawnChip> chips;
    const int per_chip = run.geometry.cores_per_chip();
    for (const CoreAccount& core : report.cores) {
        const int inside = core.core % per_chip;
        DrawnChip& chip = chips[core.core / per_chip];
        const double energy = core.dynamic.value() / static_cast<double>(report.tokens);
        chip.layers.insert(core.layer);
        chip.cells[inside] = {"core " + std::to_string(inside) + " of chip " + std::to_string(core.core / per_chip) +
                                  ", " + run.layers[static_cast<std::size_t>(core.layer)] + ": busy " +
                                  fixed_text(100 * core.utilisation, 1) + " %, " + figure_text(energy * nj_per_pj, 3) +
                                  " nJ/" + round_words(run.round).one,
                              core.utilisation, energy};
    }
    return chips;
}

/// Opacity in steps of 1/100, so that a quiet core still shows.
std::string shade(double value, double most) {
    return fixed_text(0.06 + 0.94 * ratio(value, most).value_or(0), 2);
}

class MapPainter {
public:
    MapPainter(const Run& run, const std::map<int, DrawnChip>& chips)
        : geometry_(run.geometry), names_(run.layers), round_(round_words(run.round).one), chips_(chips) {
        for (const auto& [index, chip] : chips)
            for (const auto& [core, cell] : chip.cells)
                most_load_ = std::max(most_load_, cell.load), most_energy_ = std::max(most_energy_, cell.energy);
    }
    [[nodiscard]] double most_load() const { return most_load_; }
    [[nodiscard]] double most_energy() const { return most_energy_; }

    /// A small picture a chip, in a grid whose columns follow the width of the screen.
    std::string detailed(bool with_empty) {
        Markup out;
        out.open("div", {{"class", chips_.size() <= few_chips ? "map few" : "map many"}});
        for (const auto& [index, chip] : chips_) {
            out.open("figure").element("figcaption",
                                       "chip " + std::to_string(index) + ": " + layer_text(names_, chip.layers));
            draw_chip(out, chip, with_empty);
            out.close();
        }
        return out.take();
    }

    std::string coarse() {
        constexpr int per_row = 48;
        constexpr double width = 1000, cell = width / per_row;
        const auto lines = (static_cast<int>(chips_.size()) + per_row - 1) / per_row;
        std::vector<Cell> means;
        most_load_ = most_energy_ = 0;
        for (const auto& [index, chip] : chips_) {
            Cell mean;
            for (const auto& [core, each] : chip.cells) mean.load += each.load, mean.energy += each.energy;
            mean.load /= static_cast<double>(chip.cells.size());
            mean.energy /= static_cast<double>(chip.cells.size());
            mean.hover = "chip " + std::to_string(index) + ", " + layer_text(names_, chip.layers) + ": busy " +
                         fixed_text(100 * mean.load, 1) + " %, " + figure_text(mean.energy * nj_per_pj, 3) + " nJ/" +
                         round_ + " a core";
            most_load_ = std::max(most_load_, mean.load);
            most_energy_ = std::max(most_energy_, mean.energy);
            means.push_back(std::move(mean));
        }
        Markup svg;
        start(svg, width, cell * lines, width);
        for (std::size_t k = 0; k < means.size(); ++k) {
            const std::size_t row = k / per_row, column = k % per_row;
            paint(svg, static_cast<double>(column) * cell, static_cast<double>(row) * cell, cell - 2, means[k]);
        }
        return "<div class=\"map\">" + svg.take() + "</div>\n";
    }

private:
    static constexpr std::size_t few_chips = 12;

    /// Cores of a tile stand in a square, so that a tile is about square.
    void draw_chip(Markup& out, const DrawnChip& chip, bool with_empty) const {
        constexpr double cell = 10, margin = 4, most_pixels = 24;  // most_pixels: of a cell on a wide screen
        const int across = static_cast<int>(std::lround(std::sqrt(geometry_.cores_per_tile)));
        const int down = (geometry_.cores_per_tile + across - 1) / across;
        const int columns = geometry_.tiles_x * across, rows = geometry_.tiles_y * down;
        const double width = cell * columns + 2 * margin, height = cell * rows + 2 * margin;
        start(out, width, height, most_pixels * columns);
        rectangle(out, 1, 1, width - 2, height - 2, "chip").close();
        const auto place = [&](int core) {
            const int tile = core / geometry_.cores_per_tile, inside = core % geometry_.cores_per_tile;
            const int row = tile / geometry_.tiles_x * down + inside / across;
            const int column = tile % geometry_.tiles_x * across + inside % across;
            return std::pair(margin + column * cell + 0.5, margin + row * cell + 0.5);
        };
        for (int core = 0; with_empty && core < geometry_.cores_per_chip(); ++core)
            if (chip.cells.count(core) == 0)
                rectangle(out, place(core).first, place(core).second, cell - 1, cell - 1, "unused").close();
        for (const auto& [core, drawn] : chip.cells) paint(out, place(core).first, place(core).second, cell - 1, drawn);
        out.close();
    }

    static void start(Markup& svg, double width, double height, double most_pixels) {
        svg.open("svg", {{"viewBox", "0 0 " + coordinate(width) + " " + coordinate(height)},
                         {"role", "img"},
                         {"style", "max-width:" + coordinate(most_pixels) + "px"}});
        svg.element("title", "Cores by load or energy");
    }
    static Markup& rectangle(Markup& svg, double x, double y, double width, double height, const char* css_class,
                             const std::string& style = {}) {
        Markup::Attributes attributes = {{"x", coordinate(x)},
                                         {"y", coordinate(y)},
                                         {"width", coordinate(width)},
                                         {"height", coordinate(height)},
                                         {"class", css_class}};
        if (!style.empty()) attributes.emplace_back("style", style);
        return svg.open("rect", attributes);
    }
    void paint(Markup& svg, double x, double y, double size, const Cell& cell) const {
        rectangle(svg, x, y, size, size, "cell",
                  "--t:" + shade(cell.load, most_load_) + ";--e:" + shade(cell.energy, most_energy_));
        svg.element("title", cell.hover).close();
    }

    const Geometry& geometry_;
    const std::vector<std::string>& names_;  ///< of layers
    const std::string& round_;               ///< what a round is called
    const std::map<int, DrawnChip>& chips_;
    double most_load_ = 0, most_energy_ = 0;
};

void scale_legend(Markup& out, const char* css_class, const std::string& end) {
    out.open("p", {{"class", css_class}})
        .element("span", "0")
        .element("i", "", {{"class", "ramp"}})
        .element("span", end);
    out.close();
}

}  // namespace

std::string chip_map(const Run& run, const Report& report) {
    const auto chips = collect(run, report);
    if (chips.empty()) return "";
    MapPainter painter(run, chips);
    const bool detailed = chips.size() <= most_detailed_chips;
    const auto cells = static_cast<std::int64_t>(chips.size()) * run.geometry.cores_per_chip();
    const bool with_empty = cells <= most_empty_cells;
    const std::string map = detailed ? painter.detailed(with_empty) : painter.coarse();
    Markup out;
    out.open("div", {{"class", "heat"}});
    out.leaf("input", {{"type", "radio"}, {"name", "heat"}, {"id", "heat-time"}, {"checked", "checked"}});
    out.element("label", "busy time", {{"for", "heat-time"}});
    out.leaf("input", {{"type", "radio"}, {"name", "heat"}, {"id", "heat-energy"}});
    out.element("label", "dynamic energy", {{"for", "heat-energy"}});
    scale_legend(out, "scale by-time", fixed_text(100 * painter.most_load(), 1) + " % of the time");
    scale_legend(out, "scale by-energy",
                 figure_text(painter.most_energy() * nj_per_pj, 3) + " nJ/" + round_words(run.round).one);
    out.raw(map);
    if (!detailed)
        out.element("p", "Each cell is a chip; colour is the mean of its mapped cores.", {{"class", "note"}});
    else
        out.element("p", with_empty ? "Grey cells hold nothing." : "Only cores that hold something are drawn.",
                    {{"class", "note"}});
    return out.take();
}

}  // namespace tephra

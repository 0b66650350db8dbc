#include "simulator/page/chip_map.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "core/markup.hpp"
#include "core/ratio.hpp"
#include "core/text.hpp"
#include "mapper/chip_position.hpp"
#include "mapper/machine.hpp"
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
        : geometry_(run.geometry),
          names_(run.layers),
          round_(round_words(run.round).one),
          damage_(run.damage.value_or(DamageRecord{})),
          chips_(chips) {
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
            draw_chip(out, index, chip, with_empty);
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

    static constexpr double cell_size = 10, margin = 4;
    using Corner = std::pair<double, double>;

    /// Cores of a tile stand in a square, so that a tile is about square.
    [[nodiscard]] int across() const { return static_cast<int>(std::lround(std::sqrt(geometry_.cores_per_tile))); }
    [[nodiscard]] double tile_width() const { return cell_size * across(); }
    [[nodiscard]] double tile_height() const {
        const int rows = (geometry_.cores_per_tile + across() - 1) / across();
        return cell_size * rows;
    }
    [[nodiscard]] double chip_width() const { return tile_width() * geometry_.tiles_x + 2 * margin; }
    [[nodiscard]] double chip_height() const { return tile_height() * geometry_.tiles_y + 2 * margin; }
    [[nodiscard]] Corner tile_corner(int tile) const {
        const int column = tile % geometry_.tiles_x, row = tile / geometry_.tiles_x;
        return {margin + column * tile_width(), margin + row * tile_height()};
    }
    [[nodiscard]] Corner core_corner(int core) const {
        const auto [x, y] = tile_corner(core / geometry_.cores_per_tile);
        const int inside = core % geometry_.cores_per_tile;
        const int column = inside % across(), row = inside / across();
        return {x + column * cell_size + 0.5, y + row * cell_size + 0.5};
    }

    void draw_chip(Markup& out, int index, const DrawnChip& chip, bool with_empty) const {
        constexpr double most_pixels = 24;  // of a cell on a wide screen
        start(out, chip_width(), chip_height(), most_pixels * across() * geometry_.tiles_x);
        rectangle(out, 1, 1, chip_width() - 2, chip_height() - 2, "chip").close();
        for (int core = 0; with_empty && core < geometry_.cores_per_chip(); ++core) {
            const auto [x, y] = core_corner(core);
            if (chip.cells.count(core) == 0) rectangle(out, x, y, cell_size - 1, cell_size - 1, "unused").close();
        }
        for (const auto& [core, drawn] : chip.cells) {
            const auto [x, y] = core_corner(core);
            paint(out, x, y, cell_size - 1, drawn);
        }
        draw_damage(out, index);
        out.close();
    }

    /// Dead and slow parts of a chip, over its cores.
    void draw_damage(Markup& out, int chip) const {
        const int cores = geometry_.cores_per_chip(), tiles = geometry_.tiles_x * geometry_.tiles_y;
        for (const auto& [core, thousandths] : damage_.slow_cores) {
            if (core / cores != chip) continue;
            const auto [x, y] = core_corner(core % cores);
            mark(rectangle(out, x, y, cell_size - 1, cell_size - 1, "slow"),
                 "core " + std::to_string(core % cores) + " is slow: " +
                     fixed_text(thousandths / double{sound_slowness}, 3) + " times the time of a sound core");
        }
        for (const std::int64_t core : damage_.dead_cores) {
            if (core / cores != chip) continue;
            const auto [x, y] = core_corner(static_cast<int>(core % cores));
            cross(out, x, y, cell_size - 1, cell_size - 1, "core " + std::to_string(core % cores) + " is dead");
        }
        for (const std::int64_t router : damage_.dead_routers) {
            if (router / tiles != chip) continue;
            const auto [x, y] = tile_corner(static_cast<int>(router % tiles));
            cross(out, x, y, tile_width(), tile_height(), "router " + std::to_string(router) + " is dead");
        }
        for (const auto& [from, to] : damage_.dead_mesh_links)
            if (from / tiles == chip) draw_dead_mesh_link(out, from, to);
        for (const auto& [from, to] : damage_.dead_links)
            if (from == chip) draw_dead_chip_link(out, from, to);
    }

    /// Half of the border between two tiles; the other half is the link back.
    void draw_dead_mesh_link(Markup& out, int from, int to) const {
        const int tiles = geometry_.tiles_x * geometry_.tiles_y;
        const auto [x, y] = tile_corner(std::max(from, to) % tiles);
        const bool upright = std::abs(from - to) == 1 && geometry_.tiles_x > 1;  // the tiles stand side by side
        const double half = (upright ? tile_height() : tile_width()) / 2, begin = from < to ? 0 : half;
        bar(out, upright ? x : x + begin, upright ? y + begin : y, upright, half,
            "the link from router " + std::to_string(from) + " to " + std::to_string(to) + " is dead");
    }

    /// On the side of the chip to which the link leads; those along z on the upper half of its left (up) or right side.
    void draw_dead_chip_link(Markup& out, int from, int to) const {
        const auto a = chip_position(ChipId(from), geometry_.chips_x, geometry_.chips_y);
        const auto b = chip_position(ChipId(to), geometry_.chips_x, geometry_.chips_y);
        const bool upright = a[1] == b[1], ahead = to > from, depth = a[2] != b[2];
        const double side = upright ? chip_height() : chip_width();
        const double length = depth ? side / 8 : side / 3;
        const double begin = depth ? margin : (side - length) / 2;
        const double beyond = !ahead ? 1 : (upright ? chip_width() : chip_height()) - 1;
        bar(out, upright ? beyond : begin, upright ? begin : beyond, upright, length,
            "the link from chip " + std::to_string(from) + " to " + std::to_string(to) + " is dead");
    }

    static void mark(Markup& drawn, const std::string& hover) { drawn.element("title", hover).close(); }
    static void cross(Markup& out, double x, double y, double width, double height, const std::string& hover) {
        mark(out.open("path", {{"class", "dead"}, {"d", cross_path(x, y, width, height)}}), hover);
    }
    static void bar(Markup& out, double x, double y, bool upright, double length, const std::string& hover) {
        mark(out.open("path", {{"class", "dead link"},
                               {"d", "M" + coordinate(x) + " " + coordinate(y) + (upright ? " v" : " h") +
                                         coordinate(length)}}),
             hover);
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
    DamageRecord damage_;
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
    const bool damaged = detailed && run.damage;
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
    if (damaged)
        out.element(
            "p",
            "Crosses: dead cores, and dead routers over all of their tile. Bars: dead links, between tiles half a "
            "bar each way, else on the side of the chip to which they lead. Outlines: slow cores.",
            {{"class", "note"}});
    return out.take();
}

}  // namespace tephra

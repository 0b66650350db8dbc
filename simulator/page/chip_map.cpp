#include "simulator/page/chip_map.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "core/text.hpp"
#include "simulator/page/charts.hpp"
#include "core/markup.hpp"
#include "simulator/report_rows.hpp"

namespace tephra {
namespace {

constexpr std::size_t most_detailed_chips = 64;

struct Cell {
    std::string hover;
    double load = 0, energy = 0;  // load: part of the time; energy: pJ per token
};

struct Chip {
    std::map<int, Cell> cells;  // by core within the chip
    std::set<int> blocks;
};

std::string block_text(const std::set<int>& blocks, int head) {
    std::string text;
    for (const int block : blocks) {
        if (blocks.size() > 3 && block != *blocks.begin() && block != *blocks.rbegin()) continue;
        if (!text.empty()) text += blocks.size() > 3 ? " to " : ", ";
        text += block == head ? "head" : (block < 0 ? "embedding" : std::to_string(block));
    }
    const bool numbered = !blocks.empty() && *blocks.begin() >= 0 && *blocks.begin() != head;
    return (numbered ? (blocks.size() > 1 ? "blocks " : "block ") : "") + text;
}

std::map<int, Chip> collect(const Run& run, const Report& report) {
    std::map<int, Chip> chips;
    const int per_chip = std::max(1, run.geometry.cores_per_chip());
    for (const CoreAccount& core : report.cores) {
        Chip& chip = chips[core.core / per_chip];
        const double energy = core.dynamic.value() / static_cast<double>(report.tokens);
        chip.blocks.insert(core.block);
        chip.cells[core.core % per_chip] = {
            "core " + std::to_string(core.core % per_chip) + " of chip " + std::to_string(core.core / per_chip) +
                ", block " + std::to_string(core.block) + ": busy " + fixed_text(100 * core.utilisation, 1) + " %, " +
                figure_text(energy * 1e-3, 3) + " nJ/token",
            core.utilisation, energy};
    }
    return chips;
}

/// Opacity in steps of 1/100, so that a quiet core still shows.
std::string shade(double value, double most) {
    return fixed_text(most > 0 ? 0.06 + 0.94 * value / most : 0.06, 2);
}

class MapPainter {
public:
    MapPainter(const Run& run, const std::map<int, Chip>& chips) : geometry_(run.geometry), chips_(chips) {
        for (const auto& population : run.populations) head_ = std::max(head_, population.block);
        for (const auto& [index, chip] : chips)
            for (const auto& [core, cell] : chip.cells)
                most_load_ = std::max(most_load_, cell.load), most_energy_ = std::max(most_energy_, cell.energy);
    }
    [[nodiscard]] double most_load() const { return most_load_; }
    [[nodiscard]] double most_energy() const { return most_energy_; }

    std::string detailed() {
        // Four cores of a tile stand as 2 x 2, so that a tile is about square.
        const int across = std::max(1, static_cast<int>(std::lround(std::sqrt(geometry_.cores_per_tile))));
        const int down = (geometry_.cores_per_tile + across - 1) / across;
        const int columns = geometry_.tiles_x * across, rows = geometry_.tiles_y * down;
        const int per_row = chips_.size() <= 4 ? static_cast<int>(chips_.size()) : (chips_.size() <= 12 ? 4 : 8);
        const double gap = 14, width = (chart_width - gap * (per_row - 1)) / per_row;
        const double cell = std::min((width - 8) / columns, 24.0), chip_width = cell * columns + 8;
        const double chip_height = cell * rows + 8, pitch = chip_height + 30;
        const auto lines = (static_cast<int>(chips_.size()) + per_row - 1) / per_row;
        Markup svg = start(pitch * lines);
        int at = 0;
        for (const auto& [index, chip] : chips_) {
            const double x = at % per_row * (chip_width + gap), y = at / per_row * pitch;
            ++at;
            svg.element("text", "chip " + std::to_string(index) + ": " + block_text(chip.blocks, head_),
                        {{"x", coordinate(x)}, {"y", coordinate(y + 14)}, {"class", "tick"}});
            rectangle(svg, x, y + 20, chip_width, chip_height, "chip").close();
            for (int core = 0; core < geometry_.cores_per_chip(); ++core) {
                const int tile = core / geometry_.cores_per_tile, inside = core % geometry_.cores_per_tile;
                const double cx = x + 4 + (tile % geometry_.tiles_x * across + inside % across) * cell;
                const double cy = y + 24 + (tile / geometry_.tiles_x * down + inside / across) * cell;
                const auto found = chip.cells.find(core);
                if (found == chip.cells.end())
                    rectangle(svg, cx, cy, cell - 0.8, cell - 0.8, "unused").close();
                else
                    paint(svg, cx, cy, cell - 0.8, found->second);
            }
        }
        return svg.take();
    }

    std::string coarse() {
        constexpr int per_row = 48;
        const double cell = chart_width / per_row;
        const auto lines = (static_cast<int>(chips_.size()) + per_row - 1) / per_row;
        std::vector<Cell> means;
        most_load_ = most_energy_ = 0;
        for (const auto& [index, chip] : chips_) {
            Cell mean;
            for (const auto& [core, each] : chip.cells) mean.load += each.load, mean.energy += each.energy;
            mean.load /= static_cast<double>(chip.cells.size());
            mean.energy /= static_cast<double>(chip.cells.size());
            mean.hover = "chip " + std::to_string(index) + ", " + block_text(chip.blocks, head_) + ": busy " +
                         fixed_text(100 * mean.load, 1) + " %, " + figure_text(mean.energy * 1e-3, 3) +
                         " nJ/token a core";
            most_load_ = std::max(most_load_, mean.load);
            most_energy_ = std::max(most_energy_, mean.energy);
            means.push_back(std::move(mean));
        }
        Markup svg = start(cell * lines);
        for (std::size_t k = 0; k < means.size(); ++k)
            paint(svg, static_cast<double>(k % per_row) * cell, static_cast<double>(k / per_row) * cell, cell - 2,
                  means[k]);
        return svg.take();
    }

private:
    static Markup start(double height) {
        Markup svg;
        svg.open("svg", {{"viewBox", "0 0 " + coordinate(chart_width) + " " + coordinate(height)},
                         {"role", "img"},
                         {"class", "chart map"}});
        svg.element("title", "Cores of the powered chips by load or energy");
        return svg;
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
    const std::map<int, Chip>& chips_;
    int head_ = 0;
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
    const std::string svg = detailed ? painter.detailed() : painter.coarse();
    Markup out;
    out.open("div", {{"class", "heat"}});
    out.leaf("input", {{"type", "radio"}, {"name", "heat"}, {"id", "heat-time"}, {"checked", "checked"}});
    out.element("label", "busy time", {{"for", "heat-time"}});
    out.leaf("input", {{"type", "radio"}, {"name", "heat"}, {"id", "heat-energy"}});
    out.element("label", "dynamic energy", {{"for", "heat-energy"}});
    scale_legend(out, "scale by-time", fixed_text(100 * painter.most_load(), 1) + " % of the time");
    scale_legend(out, "scale by-energy", figure_text(painter.most_energy() * 1e-3, 3) + " nJ/token");
    out.raw(svg);
    if (!detailed)
        out.element("p", "Each cell is a chip; colour is the mean of its mapped cores.", {{"class", "note"}});
    return out.take();
}

}  // namespace tephra

#include "mapper/svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.hpp"
#include "mapper/memory.hpp"
#include "mapper/traffic.hpp"

namespace tephra {
namespace {

// Lengths in SVG units.
constexpr double cell = 9;         // of a core
constexpr double core_size = 8;    // drawn within its cell
constexpr double tile_gap = 9;     // between tiles, where the links run
constexpr double chip_margin = 9;  // within the frame of a chip
constexpr double chip_gap = 30;
constexpr double panel_gap = 24;  // between layers of chips along z
constexpr double arc = 60;        // how far links along z bend
constexpr double border = 28;
constexpr double header = 74;
constexpr double legend = 46;
constexpr double least_width = 620;  // of the picture, for its title and legend

struct Point {
    double x = 0, y = 0;
};

std::string number(double value) {
    std::string text = fixed_text(value, 1);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else
            out += c;
    }
    return out;
}

/// What a core mostly is, by the synapses it holds.
struct CoreFace {
    PopulationId population;  ///< with most synapses, or the first
    std::int64_t synaptic_bytes = 0;
    std::string names;
};

class Picture {
public:
    Picture(const Program& program, const Machine& machine, const Topology& topology, const Mapping& mapping,
            SvgColor color)
        : program_(program), machine_(machine), topology_(topology), mapping_(mapping), color_(color) {
        flits_ = link_flits(program, machine, topology, mapping);
        for (std::size_t k = 0; k < flits_.size(); ++k) {
            const LinkKind kind = topology.link(LinkId(static_cast<int>(k))).kind;
            if (kind == LinkKind::mesh_x || kind == LinkKind::mesh_y) most_mesh_ = std::max(most_mesh_, flits_[k]);
            if (kind == LinkKind::chip) most_chip_ = std::max(most_chip_, flits_[k]);
        }
        core_columns_ = machine.mesh.cores_per_tile > 1 ? 2 : 1;
        core_rows_ = (machine.mesh.cores_per_tile + core_columns_ - 1) / core_columns_;
        tile_pitch_ = {core_columns_ * cell + tile_gap, core_rows_ * cell + tile_gap};
        chip_size_ = {machine.mesh.tiles_x * tile_pitch_.x - tile_gap + 2 * chip_margin,
                      machine.mesh.tiles_y * tile_pitch_.y - tile_gap + 2 * chip_margin};
        find_faces();
        find_bounds();
    }

    std::string draw() {
        const double panels = high_[2] - low_[2] + 1;
        const Point chips{stacked() ? panel_width() : panels * (panel_width() + panel_gap) - panel_gap,
                          stacked() ? panels * (panel_height() + panel_gap) - panel_gap : panel_height()};
        const double width = std::max(least_width, chips.x - chip_gap + 2 * border);
        const double height = header + chips.y - chip_gap + legend + border;
        out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " + number(height) +
               "\" width=\"" + number(width) + "\" height=\"" + number(height) +
               "\" font-family=\"Helvetica, Arial, sans-serif\">\n<rect width=\"100%\" height=\"100%\" "
               "fill=\"#ffffff\"/>\n";
        draw_header();
        for (int chip = 0; chip < machine_.chips(); ++chip)
            if (visible(ChipId(chip))) draw_frame(ChipId(chip));
        out_ += "<g stroke-linecap=\"round\" fill=\"none\">\n";
        for (std::size_t k = 0; k < flits_.size(); ++k) draw_link(LinkId(static_cast<int>(k)), flits_[k]);
        out_ += "</g>\n";
        for (int core = 0; core < machine_.cores(); ++core)
            if (visible(machine_.chip_of(CoreId(core)))) draw_core(CoreId(core));
        draw_legend(header + chips.y - chip_gap + 22);
        return out_ + "</svg>\n";
    }

private:
    void find_faces() {
        faces_.resize(static_cast<std::size_t>(machine_.cores()));
        std::vector<std::int64_t> most(faces_.size(), -1);
        for (std::size_t p = 0; p < program_.populations.size(); ++p) {
            const PopulationId id(static_cast<int>(p));
            const std::int64_t weights = population_memory(program_, id, mapping_.streams).weights;
            for (const Slice& slice : mapping_.slices[p]) {
                CoreFace& face = faces_[slice.core.index()];
                const std::int64_t bytes = synaptic_bytes(weights * (slice.end - slice.begin), mapping_.format);
                face.synaptic_bytes += bytes;
                face.names += (face.names.empty() ? "" : "\n") + program_[id].name + " [" +
                              std::to_string(slice.begin) + ", " + std::to_string(slice.end) + ")";
                if (bytes > most[slice.core.index()]) {
                    most[slice.core.index()] = bytes;
                    face.population = id;
                }
            }
        }
    }

    [[nodiscard]] std::array<int, 3> coordinates(ChipId chip) const {
        return {chip.value % machine_.chips_x, chip.value / machine_.chips_x % machine_.chips_y,
                chip.value / machine_.chips_x / machine_.chips_y};
    }

    /// The box of chips that hold something.
    void find_bounds() {
        low_ = {machine_.chips_x, machine_.chips_y, machine_.chips_z};
        high_ = {0, 0, 0};
        for (int core = 0; core < machine_.cores(); ++core) {
            if (!faces_[static_cast<std::size_t>(core)].population.valid()) continue;
            const auto at = coordinates(machine_.chip_of(CoreId(core)));
            for (std::size_t axis = 0; axis < 3; ++axis) {
                low_[axis] = std::min(low_[axis], at[axis]);
                high_[axis] = std::max(high_[axis], at[axis]);
            }
        }
        for (std::size_t axis = 0; axis < 3; ++axis) low_[axis] = std::min(low_[axis], high_[axis]);
    }

    [[nodiscard]] bool visible(ChipId chip) const {
        const auto at = coordinates(chip);
        for (std::size_t axis = 0; axis < 3; ++axis)
            if (at[axis] < low_[axis] || at[axis] > high_[axis]) return false;
        return true;
    }

    [[nodiscard]] double panel_width() const { return (high_[0] - low_[0] + 1) * (chip_size_.x + chip_gap); }
    [[nodiscard]] double panel_height() const { return (high_[1] - low_[1] + 1) * (chip_size_.y + chip_gap); }

    /// Whether the layers of chips along z stand below each other rather than side by side.
    [[nodiscard]] bool stacked() const { return panel_width() > panel_height(); }

    [[nodiscard]] Point chip_corner(ChipId chip) const {
        const auto at = coordinates(chip);
        const double panel = at[2] - low_[2];
        const Point corner{stacked() ? 0 : panel * (panel_width() + panel_gap),
                           stacked() ? panel * (panel_height() + panel_gap) : 0};
        return {border + corner.x + (at[0] - low_[0]) * (chip_size_.x + chip_gap),
                header + corner.y + (at[1] - low_[1]) * (chip_size_.y + chip_gap)};
    }
    [[nodiscard]] Point tile_corner(RouterId router) const {
        const Point chip = chip_corner(topology_.chip_of(router));
        const int tile = router.value % machine_.tiles_per_chip();
        return {chip.x + chip_margin + tile % machine_.mesh.tiles_x * tile_pitch_.x,
                chip.y + chip_margin + tile / machine_.mesh.tiles_x * tile_pitch_.y};
    }
    [[nodiscard]] Point tile_middle(RouterId router) const {
        const Point corner = tile_corner(router);
        return {corner.x + (tile_pitch_.x - tile_gap) / 2, corner.y + (tile_pitch_.y - tile_gap) / 2};
    }

    void text(Point at, const std::string& content, double size, const std::string& more = "") {
        out_ += "<text x=\"" + number(at.x) + "\" y=\"" + number(at.y) + "\" font-size=\"" + number(size) + "\" " +
                more + ">" + escaped(content) + "</text>\n";
    }

    void draw_header() {
        const auto sum = summarize_traffic(program_, machine_, topology_, mapping_);
        int cores = 0;
        for (const CoreFace& face : faces_) cores += face.population.valid() ? 1 : 0;
        text({border, 28}, program_.model_name + " on " + mapping_.machine_name, 19,
             "font-weight=\"bold\" fill=\"#1d2733\"");
        text({border, 48},
             std::to_string(cores) + " cores, " +
                 (mapping_.format == SynapseFormat::int8 ? "8-bit synapses, " : "2-bit synapses, ") +
                 grouped(sum.packets) + " packets and " + grouped(sum.flit_hops) +
                 " flit hops a token at full activity" + (mapping_.head_on_host ? ", head on the host" : ""),
             11.5, "fill=\"#52606d\"");
    }

    void draw_frame(ChipId chip) {
        const Point at = chip_corner(chip);
        out_ += "<rect x=\"" + number(at.x) + "\" y=\"" + number(at.y) + "\" width=\"" + number(chip_size_.x) +
                "\" height=\"" + number(chip_size_.y) + "\" rx=\"6\" fill=\"#f6f8fa\" stroke=\"#c3ccd5\"/>\n";
        text({at.x + 2, at.y - 4}, "chip " + std::to_string(chip.value), 8.5, "fill=\"#7b8794\"");
    }

    /// Grey to red with the share of the busiest link of its kind.
    static std::string heat(double share) {
        const auto mix = [&](double a, double b) { return std::to_string(std::lround(a + (b - a) * share)); };
        return "rgb(" + mix(208, 200) + "," + mix(214, 30) + "," + mix(221, 30) + ")";
    }

    void draw_link(LinkId id, std::int64_t flits) {
        const Link link = topology_.link(id);
        const bool chip = link.kind == LinkKind::chip;
        if (flits == 0 || (!chip && link.kind != LinkKind::mesh_x && link.kind != LinkKind::mesh_y)) return;
        if (!visible(link.owner) || !visible(link.receiver)) return;
        const double share =
            std::sqrt(static_cast<double>(flits) / static_cast<double>(chip ? most_chip_ : most_mesh_));
        Point a = tile_middle(link.from);
        Point b = tile_middle(link.to);
        const double length = std::hypot(b.x - a.x, b.y - a.y);
        const double side = chip ? 2.6 : 1.7;  // the two directions run side by side
        const Point shift{-(b.y - a.y) / length * side, (b.x - a.x) / length * side};
        const double inset = chip ? 0 : std::min(tile_pitch_.x, tile_pitch_.y) / 2 - tile_gap / 2;
        const Point along{(b.x - a.x) / length * inset, (b.y - a.y) / length * inset};
        a = {a.x + shift.x + along.x, a.y + shift.y + along.y};
        b = {b.x + shift.x - along.x, b.y + shift.y - along.y};
        out_ += "<path d=\"M" + number(a.x) + " " + number(a.y);
        if (chip && coordinates(link.owner)[2] != coordinates(link.receiver)[2])  // between panels: an arc
            out_ += " Q" + number((a.x + b.x) / 2 + (stacked() ? arc : 0)) + " " +
                    number((a.y + b.y) / 2 - (stacked() ? 0 : arc)) + " ";
        else
            out_ += " L";
        out_ += number(b.x) + " " + number(b.y) + "\" stroke=\"" + heat(share) + "\" stroke-width=\"" +
                number((chip ? 1.4 : 0.8) + share * (chip ? 3.4 : 2)) + "\"" + (chip ? " stroke-opacity=\"0.8\"" : "") +
                "><title>" + grouped(flits) + " flits a token</title></path>\n";
    }

    [[nodiscard]] std::string layer_color(PopulationId id) const {
        const Population& population = program_[id];
        if (std::holds_alternative<Normalizer>(population.model)) return "#1d2733";
        if (population.block >= program_.num_blocks) return "#8a94a0";
        const double hue = 205 + 300.0 * std::max(0, population.block) / std::max(1, program_.num_blocks);
        double lightness = 44;  // the residual stream
        if (std::holds_alternative<GatedRecurrence>(population.model)) lightness = 60;
        if (std::holds_alternative<GatedUnit>(population.model)) lightness = 76;
        return "hsl(" + number(std::fmod(hue, 360)) + ",62%," + number(lightness) + "%)";
    }
    static std::string load_color(double share) {
        const auto mix = [&](double a, double b) { return std::to_string(std::lround(a + (b - a) * share)); };
        return "rgb(" + mix(224, 8) + "," + mix(236, 48) + "," + mix(244, 107) + ")";
    }

    void draw_core(CoreId core) {
        const CoreFace& face = faces_[core.index()];
        const Point tile = tile_corner(topology_.router_of(core));
        const int k = core.value % machine_.mesh.cores_per_tile;
        const double share =
            static_cast<double>(face.synaptic_bytes) / static_cast<double>(machine_.limits.synaptic_bytes);
        std::string fill = "#ffffff\" stroke=\"#d5dce3\" stroke-width=\"0.6";
        if (!machine_.usable(core)) fill = "#e4e7eb";
        if (face.population.valid())
            fill = color_ == SvgColor::layer ? layer_color(face.population) : load_color(std::min(1.0, share));
        out_ += "<rect x=\"" + number(tile.x + k % core_columns_ * cell + (cell - core_size) / 2) + "\" y=\"" +
                number(tile.y + k / core_columns_ * cell + (cell - core_size) / 2) + "\" width=\"" + number(core_size) +
                "\" height=\"" + number(core_size) + "\" rx=\"1.5\" fill=\"" + fill + "\"><title>core " +
                std::to_string(core.value);
        if (!face.names.empty())
            out_ += "\n" + escaped(face.names) + "\n" + grouped(face.synaptic_bytes) + " synaptic bytes, " +
                    number(100 * share) + " %";
        else if (!machine_.usable(core))
            out_ += ": dead or reserved";
        out_ += "</title></rect>\n";
    }

    void swatch(Point& at, const std::string& fill, const std::string& name) {
        out_ += "<rect x=\"" + number(at.x) + "\" y=\"" + number(at.y - 8) +
                "\" width=\"10\" height=\"10\" rx=\"2\" fill=\"" + fill + "\"/>\n";
        text({at.x + 14, at.y + 0.5}, name, 10, "fill=\"#3e4c59\"");
        at.x += 14 + 6.2 * static_cast<double>(name.size()) + 12;
    }

    void draw_legend(double y) {
        Point at{border, y};
        if (color_ == SvgColor::load) {
            for (const int percent : {0, 25, 50, 75, 100})
                swatch(at, load_color(percent / 100.0), std::to_string(percent) + " %");
            text(at, "of the synaptic memory", 10, "fill=\"#3e4c59\"");
        } else {
            draw_layer_legend(at);
        }
        at = {border, y + 20};
        for (const double share : {0.1, 0.5, 1.0}) {
            out_ += "<path d=\"M" + number(at.x) + " " + number(at.y - 3) + " h22\" stroke=\"" + heat(share) +
                    "\" stroke-width=\"" + number(0.8 + share * 2) + "\" stroke-linecap=\"round\"/>\n";
            at.x += 30;
        }
        text(at,
             "flits a token over a link, each way; busiest: mesh " + grouped(most_mesh_) +
                 (most_chip_ > 0 ? ", between chips " + grouped(most_chip_) : ""),
             10, "fill=\"#3e4c59\"");
    }

    void draw_layer_legend(Point& at) {
        const auto find = [&](int block, auto model) -> PopulationId {
            for (std::size_t p = 0; p < program_.populations.size(); ++p)
                if (program_.populations[p].block == block && program_.populations[p].model.index() == model)
                    return PopulationId(static_cast<int>(p));
            return {};
        };
        // Indices of the models in NeuronModel's order of declaration.
        constexpr std::size_t normalizer = 1, recurrence = 3, residual = 4, unit = 5;
        const int last = program_.num_blocks - 1;
        if (last >= 0) {
            swatch(at, layer_color(find(0, residual)), "block 0: residual");
            swatch(at, layer_color(find(0, recurrence)), "token mixer");
            swatch(at, layer_color(find(0, unit)), "channel mixer");
            if (last > 1) swatch(at, layer_color(find(last / 2, residual)), "block " + std::to_string(last / 2));
            if (last > 0) swatch(at, layer_color(find(last, residual)), "block " + std::to_string(last));
        }
        if (const auto id = find(std::max(0, last), normalizer); id.valid()) swatch(at, layer_color(id), "normalizers");
        if (!mapping_.head_on_host) swatch(at, "#8a94a0", "head");
    }

    const Program& program_;
    const Machine& machine_;
    const Topology& topology_;
    const Mapping& mapping_;
    SvgColor color_;
    std::vector<std::int64_t> flits_;
    std::int64_t most_mesh_ = 1, most_chip_ = 0;
    std::vector<CoreFace> faces_;
    std::array<int, 3> low_{}, high_{};  ///< box of chips drawn
    int core_columns_ = 1, core_rows_ = 1;
    Point tile_pitch_, chip_size_;
    std::string out_;
};

}  // namespace

std::string mapping_svg(const Program& program, const Machine& machine, const Topology& topology,
                        const Mapping& mapping, SvgColor color) {
    return Picture(program, machine, topology, mapping, color).draw();
}

}  // namespace tephra

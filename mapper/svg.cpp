#include "mapper/svg.hpp"

#include <algorithm>
#include <cmath>

#include "core/markup.hpp"
#include "core/narrow.hpp"
#include "core/text.hpp"
#include "mapper/memory.hpp"
#include "mapper/picture_layout.hpp"
#include "mapper/picture_legend.hpp"
#include "mapper/traffic.hpp"

namespace tephra {
namespace {

constexpr double arc = 60;  // how far a link between panels bends

/// What a core mostly is, by the synapses it holds.
struct CoreFace {
    PopulationId population;  ///< with most synapses, or the first; invalid: the core holds nothing
    std::int64_t synaptic_bytes = 0;
    std::string names;
};

std::vector<CoreFace> core_faces(const Program& program, const Machine& machine, const Mapping& mapping) {
    std::vector<CoreFace> faces(static_cast<std::size_t>(machine.cores()));
    std::vector<std::int64_t> most(faces.size(), -1);
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
        const PopulationId id(narrow<int>(p));
        for (const Slice& slice : mapping.slices[p]) {
            CoreFace& face = faces[slice.core.index()];
            const std::int64_t bytes = bytes_of(
                slice_memory(program, id, {slice.begin, slice.end}, mapping.streams, mapping.format).synaptic_bits);
            face.synaptic_bytes += bytes;
            face.names += (face.names.empty() ? "" : "\n") + program[id].name + " [" + std::to_string(slice.begin) +
                          ", " + std::to_string(slice.end) + ")";
            if (bytes > most[slice.core.index()]) {
                most[slice.core.index()] = bytes;
                face.population = id;
            }
        }
    }
    return faces;
}

std::vector<bool> used_cores(const std::vector<CoreFace>& faces) {
    std::vector<bool> used;
    used.reserve(faces.size());
    for (const CoreFace& face : faces) used.push_back(face.population.valid());
    return used;
}

bool is_mesh(LinkKind kind) {
    return kind == LinkKind::mesh_x || kind == LinkKind::mesh_y;
}

class Picture {
public:
    Picture(const Program& program, const Machine& machine, const Topology& topology, const Mapping& mapping,
            SvgColor color)
        : program_(program),
          machine_(machine),
          topology_(topology),
          mapping_(mapping),
          color_(color),
          faces_(core_faces(program, machine, mapping)),
          layout_(machine, topology, used_cores(faces_)),
          flits_(link_flits(program, machine, topology, mapping)) {
        for (std::size_t k = 0; k < flits_.size(); ++k) {
            const LinkKind kind = topology.link(LinkId(narrow<int>(k))).kind;
            if (is_mesh(kind)) most_mesh_ = std::max(most_mesh_, flits_[k]);
            if (kind == LinkKind::chip) most_chip_ = std::max(most_chip_, flits_[k]);
        }
    }

    std::string draw() {
        const PicturePoint size = layout_.size();
        svg_.open("svg", {{"xmlns", "http://www.w3.org/2000/svg"},
                          {"viewBox", "0 0 " + coordinate(size.x) + " " + coordinate(size.y)},
                          {"width", coordinate(size.x)},
                          {"height", coordinate(size.y)},
                          {"font-family", "Helvetica, Arial, sans-serif"}});
        svg_.line().leaf("rect", {{"width", "100%"}, {"height", "100%"}, {"fill", "#ffffff"}}).line();
        draw_header();
        for (int chip = 0; chip < machine_.chips(); ++chip)
            if (layout_.visible(ChipId(chip))) draw_frame(ChipId(chip));
        svg_.open("g", {{"stroke-linecap", "round"}, {"fill", "none"}}).line();
        for (std::size_t k = 0; k < flits_.size(); ++k) draw_link(LinkId(narrow<int>(k)), flits_[k]);
        svg_.close();
        for (int core = 0; core < machine_.cores(); ++core)
            if (layout_.visible(machine_.chip_of(CoreId(core)))) draw_core(CoreId(core));
        for (const RouterId router : machine_.dead_routers)
            if (layout_.visible(topology_.chip_of(router)))
                draw_cross(svg_, layout_.tile_corner(router), layout_.tile_size());
        draw_legend(svg_, program_, {color_, mapping_.head_on_host, machine_.damaged(), most_mesh_, most_chip_},
                    {PictureLayout::border, layout_.legend_y()});
        return svg_.take();
    }

private:
    void draw_header() {
        const auto sum = summarize_traffic(program_, machine_, topology_, mapping_);
        const auto cores = std::ranges::count_if(faces_, [](const CoreFace& face) { return face.population.valid(); });
        draw_text(svg_, {PictureLayout::border, 28}, program_.model_name + " on " + mapping_.machine_name, 19,
                  {{"font-weight", "bold"}, {"fill", "#1d2733"}});
        draw_text(svg_, {PictureLayout::border, 48},
                  std::to_string(cores) + " cores, " +
                      (mapping_.format == WeightStorage::int8 ? "8-bit synapses, " : "2-bit synapses, ") +
                      grouped(sum.packets) + " packets and " + grouped(sum.flit_hops) +
                      " flit hops a token at full activity" + (mapping_.head_on_host ? ", head on the host" : ""),
                  11.5, {{"fill", "#52606d"}});
    }

    void draw_frame(ChipId chip) {
        const PicturePoint at = layout_.chip_corner(chip);
        svg_.leaf("rect", {{"x", coordinate(at.x)},
                           {"y", coordinate(at.y)},
                           {"width", coordinate(layout_.chip_size().x)},
                           {"height", coordinate(layout_.chip_size().y)},
                           {"rx", "6"},
                           {"fill", "#f6f8fa"},
                           {"stroke", "#c3ccd5"}});
        svg_.line();
        draw_text(svg_, {at.x + 2, at.y - 4}, "chip " + std::to_string(chip.value), 8.5, {{"fill", "#7b8794"}});
    }

    /// The path of a link, shifted to one side: the two directions between two tiles are drawn side by side.
    [[nodiscard]] std::string link_path(const LinkEnds& link) const {
        const bool chip = link.kind == LinkKind::chip;
        PicturePoint a = layout_.tile_middle(link.from);
        PicturePoint b = layout_.tile_middle(link.to);
        const double length = std::hypot(b.x - a.x, b.y - a.y);
        const double side = chip ? 2.6 : 1.7;
        const double inset = chip ? 0 : layout_.tile_radius();
        const PicturePoint shift{-(b.y - a.y) / length * side, (b.x - a.x) / length * side};
        const PicturePoint along{(b.x - a.x) / length * inset, (b.y - a.y) / length * inset};
        a = {a.x + shift.x + along.x, a.y + shift.y + along.y};
        b = {b.x + shift.x - along.x, b.y + shift.y - along.y};
        const std::string end = coordinate(b.x) + " " + coordinate(b.y);
        const std::string start = "M" + coordinate(a.x) + " " + coordinate(a.y);
        if (!chip || layout_.same_panel(link.owner, link.receiver)) return start + " L" + end;
        return start + " Q" + coordinate((a.x + b.x) / 2 + (layout_.stacked() ? arc : 0)) + " " +
               coordinate((a.y + b.y) / 2 - (layout_.stacked() ? 0 : arc)) + " " + end;
    }

    void draw_link(LinkId id, std::int64_t flits) {
        const LinkEnds link = topology_.link(id);
        const bool chip = link.kind == LinkKind::chip;
        if (!chip && !is_mesh(link.kind)) return;
        if (!layout_.visible(link.owner) || !layout_.visible(link.receiver)) return;
        if (!topology_.works(id)) return draw_dead_link(link);
        if (flits == 0) return;
        const double share =
            std::sqrt(static_cast<double>(flits) / static_cast<double>(chip ? most_chip_ : most_mesh_));
        Markup::Attributes attributes = {{"d", link_path(link)},
                                         {"stroke", traffic_color(share)},
                                         {"stroke-width", coordinate(chip ? 1.4 + share * 3.4 : traffic_width(share))}};
        if (chip) attributes.emplace_back("stroke-opacity", "0.8");
        svg_.open("path", attributes).element("title", grouped(flits) + " flits a token").close();
    }

    void draw_dead_link(const LinkEnds& link) {
        Markup::Attributes attributes = {{"d", link_path(link)}};
        const auto dashes = dead_link_stroke();
        attributes.insert(attributes.end(), dashes.begin(), dashes.end());
        const bool chip = link.kind == LinkKind::chip;
        const int from = chip ? link.owner.value : link.from.value, to = chip ? link.receiver.value : link.to.value;
        svg_.open("path", attributes)
            .element("title", std::string(chip ? "dead link from chip " : "dead link from router ") +
                                  std::to_string(from) + " to " + std::to_string(to))
            .close();
    }

    /// Why a core takes no work.
    [[nodiscard]] std::string idle_reason(CoreId core) const {
        if (std::ranges::binary_search(machine_.dead_cores, core)) return "dead";
        if (std::ranges::binary_search(machine_.dead_routers, machine_.router_of(core)))
            return "router " + std::to_string(machine_.router_of(core).value) + " is dead";
        return machine_.usable(core) ? "cut off from the host" : "reserved";
    }

    void draw_core(CoreId core) {
        const CoreFace& face = faces_[core.index()];
        const PicturePoint at = layout_.core_corner(core);
        const double share =
            static_cast<double>(face.synaptic_bytes) / static_cast<double>(machine_.limits.synaptic_bytes);
        Markup::Attributes attributes = {{"x", coordinate(at.x)},
                                         {"y", coordinate(at.y)},
                                         {"width", coordinate(PictureLayout::core_size)},
                                         {"height", coordinate(PictureLayout::core_size)},
                                         {"rx", "1.5"}};
        std::string title = "core " + std::to_string(core.value);
        if (face.population.valid()) {
            const bool by_layer = color_ == SvgColor::layer;
            attributes.emplace_back(
                "fill", by_layer ? layer_color(program_, face.population) : load_color(std::min(1.0, share)));
            title += "\n" + face.names + "\n" + grouped(face.synaptic_bytes) + " synaptic bytes, " +
                     coordinate(100 * share) + " %";
        } else if (topology_.takes_work(core)) {
            attributes.insert(attributes.end(), {{"fill", "#ffffff"}, {"stroke", "#d5dce3"}, {"stroke-width", "0.6"}});
        } else {
            attributes.emplace_back("fill", "#e4e7eb");
            title += ": " + idle_reason(core);
        }
        if (const int slowness = machine_.slowness(core); slowness != sound_slowness) {
            std::erase_if(attributes, [](const auto& each) { return each.first.starts_with("stroke"); });
            const auto outline = slow_core_outline();
            attributes.insert(attributes.end(), outline.begin(), outline.end());
            title += "\nslow: " + fixed_text(slowness / 1000.0, 3) + " times the time of a sound core";
        }
        svg_.open("rect", attributes).element("title", title).close();
        if (std::ranges::binary_search(machine_.dead_cores, core))
            draw_cross(svg_, at, {PictureLayout::core_size, PictureLayout::core_size});
    }

    const Program& program_;
    const Machine& machine_;
    const Topology& topology_;
    const Mapping& mapping_;
    SvgColor color_;
    std::vector<CoreFace> faces_;
    PictureLayout layout_;
    std::vector<std::int64_t> flits_;
    std::int64_t most_mesh_ = 1, most_chip_ = 0;
    Markup svg_;
};

}  // namespace

std::string mapping_svg(const Program& program, const Machine& machine, const Topology& topology,
                        const Mapping& mapping, SvgColor color) {
    return Picture(program, machine, topology, mapping, color).draw();
}

}  // namespace tephra

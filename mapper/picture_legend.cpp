#include "mapper/picture_legend.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "core/narrow.hpp"
#include "core/text.hpp"
#include "mapper/memory.hpp"

namespace tephra {
namespace {

constexpr const char* merging_color = "#1d2733";  // of neurons that merge the records of others
constexpr const char* text_color = "#3e4c59";
constexpr const char* damage_color = "#111111";
constexpr double letter_width = 6.2;  // of legend text, about

struct Rgb {
    int red, green, blue;
};

/// The colour at `share` of the way from one colour to another.
std::string mixed(Rgb from, Rgb to, double share) {
    const auto mix = [&](int a, int b) { return std::to_string(std::lround(a + (b - a) * share)); };
    return "rgb(" + mix(from.red, to.red) + "," + mix(from.green, to.green) + "," + mix(from.blue, to.blue) + ")";
}

/// Lightness in percent of the populations of a layer, group by group; the last serves all further ones.
constexpr int lightness[] = {44, 60, 76, 86};

/// Neurons that share a core without a choice: a co-location group, or a population of its own.
using Share = std::pair<GroupId, PopulationId>;
Share share_of(const Program& program, PopulationId id) {
    const GroupId group = program[id].group;
    return group.valid() ? Share{group, {}} : Share{{}, id};
}

bool merges_records(const Program& program, PopulationId id) {
    const auto reduces = [&](ProjectionId input) { return program[input].transport == Transport::reduce; };
    return std::ranges::any_of(program[id].inputs, reduces);
}

/// A population of each share of a layer, in order: the last one with weights, or else the first. Those that run on the
/// host or merge records are left out.
std::vector<PopulationId> shares_of(const Program& program, LayerId layer) {
    std::vector<PopulationId> shares;
    for (int p = 0; p < narrow<int>(program.populations.size()); ++p) {
        const PopulationId id(p);
        const Population& population = program[id];
        if (population.layer != layer || population.runs_on == RunsOn::host || merges_records(program, id)) continue;
        const auto same = [&](PopulationId other) { return share_of(program, other) == share_of(program, id); };
        const auto found = std::ranges::find_if(shares, same);
        if (found == shares.end())
            shares.push_back(id);
        else if (slice_memory(program, id, {0, 1}, 1, WeightStorage::int8).synaptic_bits > 0)
            *found = id;
    }
    return shares;
}

/// Draws a coloured square with its name and moves `at` behind it.
void draw_swatch(Markup& svg, PicturePoint& at, const std::string& fill, const std::string& name) {
    svg.leaf("rect", {{"x", coordinate(at.x)},
                      {"y", coordinate(at.y - 8)},
                      {"width", "10"},
                      {"height", "10"},
                      {"rx", "2"},
                      {"fill", fill}});
    svg.line();
    draw_text(svg, {at.x + 14, at.y + 0.5}, name, 10, {{"fill", text_color}});
    at.x += 14 + letter_width * static_cast<double>(name.size()) + 12;
}

/// Every share of the layer that has most, then one share of the layers at either end and in the middle.
void draw_layer_legend(Markup& svg, const Program& program, bool head_on_host, PicturePoint& at) {
    std::vector<LayerId> layers;
    LayerId richest;
    std::size_t most = 0;
    for (int k = 0; k < narrow<int>(program.layers.size()); ++k) {
        const auto shares = shares_of(program, LayerId(k));
        if (shares.empty() || (head_on_host && program[shares.front()].runs_on == RunsOn::either)) continue;
        layers.emplace_back(k);
        if (shares.size() > most) most = shares.size(), richest = LayerId(k);
    }
    if (layers.empty()) return;
    const auto swatch = [&](PopulationId id, const std::string& name) {
        draw_swatch(svg, at, layer_color(program, id), name);
    };
    for (const PopulationId share : shares_of(program, richest)) swatch(share, program[share].name);
    const std::set<LayerId> shown = {layers.front(), layers[layers.size() / 2], layers.back()};
    for (const LayerId layer : shown)
        if (layer != richest) swatch(shares_of(program, layer).front(), program.layers[layer.index()].name);
    for (int p = 0; p < narrow<int>(program.populations.size()); ++p)
        if (merges_records(program, PopulationId(p))) return swatch(PopulationId(p), "normalizers");
}

void draw_load_legend(Markup& svg, PicturePoint& at) {
    for (const int percent : {0, 25, 50, 75, 100})
        draw_swatch(svg, at, load_color(percent / 100.0), std::to_string(percent) + " %");
    draw_text(svg, at, "of the synaptic memory", 10, {{"fill", text_color}});
}

void draw_traffic_legend(Markup& svg, const LegendContent& content, PicturePoint at) {
    for (const double share : {0.1, 0.5, 1.0}) {
        svg.leaf("path", {{"d", "M" + coordinate(at.x) + " " + coordinate(at.y - 3) + " h22"},
                          {"stroke", traffic_color(share)},
                          {"stroke-width", coordinate(traffic_width(share))},
                          {"stroke-linecap", "round"}});
        svg.line();
        at.x += 30;
    }
    std::string text = "flits a token over a link, each way; busiest: mesh " + grouped(content.busiest_mesh);
    if (content.busiest_chip > 0) text += ", between chips " + grouped(content.busiest_chip);
    draw_text(svg, at, text, 10, {{"fill", text_color}});
}

void draw_damage_legend(Markup& svg, PicturePoint at) {
    const auto name = [&](double beyond, const std::string& text) {
        draw_text(svg, {at.x + beyond, at.y + 0.5}, text, 10, {{"fill", text_color}});
        at.x += beyond + letter_width * static_cast<double>(text.size()) + 12;
    };
    draw_cross(svg, {at.x, at.y - 8}, {10, 10});
    name(14, "dead core or router");
    Markup::Attributes link = {{"d", "M" + coordinate(at.x) + " " + coordinate(at.y - 3) + " h22"}};
    const auto dashes = dead_link_stroke();
    link.insert(link.end(), dashes.begin(), dashes.end());
    svg.leaf("path", link).line();
    name(26, "dead link");
    Markup::Attributes core = {
        {"x", coordinate(at.x)}, {"y", coordinate(at.y - 8)}, {"width", "10"}, {"height", "10"}, {"rx", "2"},
        {"fill", "#ffffff"}};
    const auto outline = slow_core_outline();
    core.insert(core.end(), outline.begin(), outline.end());
    svg.leaf("rect", core).line();
    name(14, "slow core");
}

}  // namespace

std::string layer_color(const Program& program, PopulationId id) {
    if (merges_records(program, id)) return merging_color;
    const LayerId layer = program[id].layer;
    const auto shares = shares_of(program, layer);
    const auto same = [&](PopulationId other) { return share_of(program, other) == share_of(program, id); };
    const auto rank = static_cast<std::size_t>(std::ranges::find_if(shares, same) - shares.begin());
    const double hue =
        205 + 300.0 * std::max(0, layer.value) / std::max(1.0, static_cast<double>(program.layers.size()));
    const int light = lightness[std::min(rank, std::size(lightness) - 1)];
    return "hsl(" + coordinate(std::fmod(hue, 360)) + ",62%," + std::to_string(light) + "%)";
}

std::string load_color(double share) {
    return mixed({224, 236, 244}, {8, 48, 107}, share);
}

std::string traffic_color(double share) {
    return mixed({208, 214, 221}, {200, 30, 30}, share);
}

double traffic_width(double share) {
    return 0.8 + share * 2;
}

void draw_text(Markup& svg, PicturePoint at, const std::string& text, double size,
               const Markup::Attributes& attributes) {
    Markup::Attributes all = {{"x", coordinate(at.x)}, {"y", coordinate(at.y)}, {"font-size", coordinate(size)}};
    all.insert(all.end(), attributes.begin(), attributes.end());
    svg.element("text", text, all).line();
}

void draw_cross(Markup& svg, PicturePoint at, PicturePoint size) {
    svg.leaf("path", {{"d", cross_path(at.x, at.y, size.x, size.y)},
                      {"stroke", damage_color},
                      {"stroke-width", "1.2"},
                      {"fill", "none"},
                      {"pointer-events", "none"}});
    svg.line();
}

Markup::Attributes dead_link_stroke() {
    return {{"stroke", damage_color}, {"stroke-width", "1.2"}, {"stroke-dasharray", "2 2"}, {"stroke-linecap", "butt"}};
}

Markup::Attributes slow_core_outline() {
    return {{"stroke", "#e07b00"}, {"stroke-width", "1.4"}};
}

void draw_legend(Markup& svg, const Program& program, const LegendContent& content, PicturePoint at) {
    PicturePoint first = at;
    if (content.color == SvgColor::load)
        draw_load_legend(svg, first);
    else
        draw_layer_legend(svg, program, content.head_on_host, first);
    draw_traffic_legend(svg, content, {at.x, at.y + PictureLayout::legend_line});
    if (content.damaged) draw_damage_legend(svg, {at.x, at.y + 2 * PictureLayout::legend_line});
}

}  // namespace tephra

#include "mapper/picture_legend.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "core/narrow.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

constexpr const char* normalizer_color = "#1d2733";
constexpr const char* head_color = "#8a94a0";
constexpr const char* text_color = "#3e4c59";
constexpr double letter_width = 6.2;  // of legend text, about

struct Rgb {
    int red, green, blue;
};

/// The colour at `share` of the way from one colour to another.
std::string mixed(Rgb from, Rgb to, double share) {
    const auto mix = [&](int a, int b) { return std::to_string(std::lround(a + (b - a) * share)); };
    return "rgb(" + mix(from.red, to.red) + "," + mix(from.green, to.green) + "," + mix(from.blue, to.blue) + ")";
}

/// Lightness in percent of a kind of neuron model, within the hue of its block.
std::optional<int> lightness(std::string_view kind) {
    constexpr std::pair<std::string_view, int> shades[] = {
        {"residual", 44}, {"quantizer", 44}, {"gated recurrence", 60}, {"gated unit", 76}};
    for (const auto& [name, percent] : shades)
        if (name == kind) return percent;
    return std::nullopt;
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

/// The first population of a block with this kind of neuron model; invalid when there is none.
PopulationId population_of(const Program& program, int block, std::string_view model) {
    for (std::size_t p = 0; p < program.populations.size(); ++p)
        if (program.populations[p].block == block && kind(program.populations[p].model) == model)
            return PopulationId(narrow<int>(p));
    return {};
}

void draw_layer_legend(Markup& svg, const Program& program, bool head_on_host, PicturePoint& at) {
    const auto swatch = [&](PopulationId id, const std::string& name) {
        if (id.valid()) draw_swatch(svg, at, layer_color(program, id), name);
    };
    const int last = program.num_blocks - 1;
    if (last >= 0) {
        swatch(population_of(program, 0, "residual"), "block 0: residual");
        swatch(population_of(program, 0, "gated recurrence"), "token mixer");
        swatch(population_of(program, 0, "gated unit"), "channel mixer");
        if (last > 1) swatch(population_of(program, last / 2, "residual"), "block " + std::to_string(last / 2));
        if (last > 0) swatch(population_of(program, last, "residual"), "block " + std::to_string(last));
    }
    swatch(population_of(program, std::max(0, last), "normalizer"), "normalizers");
    if (!head_on_host) draw_swatch(svg, at, head_color, "head");
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

}  // namespace

std::string layer_color(const Program& program, PopulationId id) {
    const Population& population = program[id];
    const std::string_view model = kind(population.model);
    if (model == "normalizer") return normalizer_color;
    if (population.block >= program.num_blocks) return head_color;
    const auto light = lightness(model);
    if (!light) return unknown_color;
    const double hue = 205 + 300.0 * std::max(0, population.block) / std::max(1, program.num_blocks);
    return "hsl(" + coordinate(std::fmod(hue, 360)) + ",62%," + std::to_string(*light) + "%)";
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

void draw_legend(Markup& svg, const Program& program, const LegendContent& content, PicturePoint at) {
    PicturePoint first = at;
    if (content.color == SvgColor::load)
        draw_load_legend(svg, first);
    else
        draw_layer_legend(svg, program, content.head_on_host, first);
    draw_traffic_legend(svg, content, {at.x, at.y + 20});
}

}  // namespace tephra

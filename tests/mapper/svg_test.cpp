#include "mapper/svg.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <type_traits>
#include <vector>

#include "core/text.hpp"
#include "mapper/picture_layout.hpp"
#include "mapper/picture_legend.hpp"
#include "mapper/traffic.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/markup_reader.hpp"

using namespace tephra;
using test::MarkupElement;
using test::MarkupReader;

using Used = const std::vector<bool>&;
static_assert(std::is_constructible_v<PictureLayout, const Machine&, const Topology&, Used>);
static_assert(!std::is_constructible_v<PictureLayout, Machine, const Topology&, Used>, "a layout keeps no temporary");
static_assert(!std::is_constructible_v<PictureLayout, const Machine&, Topology, Used>);
static_assert(!std::is_constructible_v<PictureLayout, Machine, Topology, Used>);

namespace {

Program three_blocks() {
    SynthOptions options = synth_shape(64, 3, 160, 300);
    options.name = "a < b & c";
    return lower(make_blank_model(options));
}

/// A mapped machine with the program that it runs.
struct Drawn {
    Program program = three_blocks();
    Machine machine;
    Topology topology;
    Mapping mapping;
    explicit Drawn(Machine chosen)
        : machine(std::move(chosen)),
          topology(*Topology::create(machine)),
          mapping(*map_program(program, machine, {})) {}
    [[nodiscard]] std::string svg(SvgColor color) const {
        return mapping_svg(program, machine, topology, mapping, color);
    }
};

/// Rectangles of cores by core number.
std::vector<std::pair<int, MarkupElement>> drawn_cores(const MarkupReader& svg) {
    std::vector<std::pair<int, MarkupElement>> cores;
    for (const MarkupElement& title : svg.all("title"))
        if (title.text.starts_with("core "))
            cores.emplace_back(std::atoi(title.text.c_str() + 5), svg.elements[static_cast<std::size_t>(title.parent)]);
    return cores;
}

std::vector<Drawn> drawn_machines() {
    std::vector<Drawn> all;
    all.emplace_back(test::small_machine({2, 2, 2}, {4, 3}, 2));
    all.emplace_back(test::small_machine({1, 1, 1}, {6, 4}, 1));
    return all;
}

}  // namespace

TEST_CASE("a picture holds every core of the chips in use, inside the picture and apart from each other") {
    for (const Drawn& drawn : drawn_machines()) {
        const MarkupReader svg(drawn.svg(SvgColor::layer));
        CHECK(svg.fault.empty());
        const auto cores = drawn_cores(svg);
        const int chips = std::min(4, drawn.machine.chips());  // three blocks and the head
        CHECK(std::ssize(cores) == drawn.machine.cores_per_chip() * chips);
        std::set<std::pair<double, double>> corners;
        for (const auto& [core, rectangle] : cores) {
            corners.emplace(rectangle.number("x"), rectangle.number("y"));
            CHECK(rectangle.number("x") > 0);
            CHECK(rectangle.number("x") + rectangle.number("width") < svg.elements.front().number("width"));
            CHECK(rectangle.number("y") + rectangle.number("height") < svg.elements.front().number("height"));
        }
        CHECK(corners.size() == cores.size());
    }
}

TEST_CASE("a picture names what each core holds and how full it is") {
    const Drawn drawn(test::small_machine({2, 2, 2}, {4, 3}, 2));
    const MarkupReader svg(drawn.svg(SvgColor::load));
    CHECK(svg.all("text").front().text == "a < b & c on " + drawn.mapping.machine_name);
    std::set<std::string> shown;
    for (const auto& [core, rectangle] : drawn_cores(svg)) shown.insert(svg.child(rectangle, "title").text);
    for (std::size_t p = 0; p < drawn.program.populations.size(); ++p)
        for (const Slice& slice : drawn.mapping.slices[p]) {
            const std::string core = "core " + std::to_string(slice.core.value) + "\n";
            const std::string line = drawn.program.populations[p].name + " [" + std::to_string(slice.begin) + ", " +
                                     std::to_string(slice.end) + ")\n";
            CHECK(std::ranges::any_of(shown, [&](const std::string& title) {
                return title.starts_with(core) && title.find(line) != std::string::npos;
            }));
        }
}

TEST_CASE("a picture draws every mesh and chip link that carries flits, with their number") {
    const Drawn drawn(test::small_machine({2, 2, 2}, {4, 3}, 2));
    std::multiset<std::string> expected, shown;
    const auto flits = link_flits(drawn.program, drawn.machine, drawn.topology, drawn.mapping);
    for (std::size_t k = 0; k < flits.size(); ++k) {
        const LinkKind kind = drawn.topology.link(LinkId(static_cast<int>(k))).kind;
        if (flits[k] > 0 && (kind == LinkKind::mesh_x || kind == LinkKind::mesh_y || kind == LinkKind::chip))
            expected.insert(grouped(flits[k]) + " flits a token");
    }
    const MarkupReader svg(drawn.svg(SvgColor::layer));
    for (const MarkupElement& title : svg.all("title"))
        if (svg.elements[static_cast<std::size_t>(title.parent)].tag == "path") shown.insert(title.text);
    CHECK(shown == expected);
    CHECK(shown.size() > 10);
}

TEST_CASE("colours tell neuron models and loads apart, and the same mapping gives the same bytes") {
    const Drawn drawn(test::small_machine({2, 2, 2}, {4, 3}, 2));
    const std::string svg = drawn.svg(SvgColor::layer);
    CHECK(svg == drawn.svg(SvgColor::layer));
    CHECK(svg != drawn.svg(SvgColor::load));
    std::set<std::string> fills;
    for (const char* name : {"block0.mixer", "block0.unit", "block0.token_norm", "block1.mixer"}) {
        const auto& all = drawn.program.populations;
        const auto found = std::ranges::find(all, name, &Population::name);
        REQUIRE(found != all.end());
        fills.insert(layer_color(drawn.program, PopulationId(static_cast<int>(found - all.begin()))));
    }
    CHECK(fills.size() == 4);
    // Groups of the layer that has most, and the layers at either end and in the middle.
    const MarkupReader picture(svg);
    std::set<std::string> texts;
    for (const MarkupElement& text : picture.all("text")) texts.insert(text.text);
    for (const char* name : {"block0.residual", "block0.mixer", "block0.unit", "block 2", "head", "normalizers"}) {
        INFO(name);
        CHECK(texts.contains(name));
    }
}

TEST_CASE("a picture draws what is dead or slow, and the legend says how") {
    Machine machine = test::small_machine({2, 2, 1}, {4, 3}, 2);
    const MarkupReader whole(Drawn(machine).svg(SvgColor::layer));
    machine.dead_cores = {CoreId(5)};
    machine.dead_routers = {RouterId(6)};  // not at a border
    machine.dead_mesh_links = {{RouterId(12), RouterId(13)}};
    machine.dead_links = {{ChipId(0), ChipId(1)}};
    machine.slow_cores = {{CoreId(3), 1500}};
    machine.hash = machine_hash(machine);
    const Drawn drawn(machine);
    const MarkupReader svg(drawn.svg(SvgColor::layer));
    CHECK(svg.fault.empty());
    std::set<std::string> links;
    for (const MarkupElement& title : svg.all("title"))
        if (title.text.starts_with("dead link")) links.insert(title.text);
    std::set<std::string> expected = {"dead link from chip 0 to 1", "dead link from router 12 to 13"};
    for (const int neighbour : {2, 5, 7, 10}) {
        expected.insert("dead link from router 6 to " + std::to_string(neighbour));
        expected.insert("dead link from router " + std::to_string(neighbour) + " to 6");
    }
    CHECK(links == expected);
    std::map<int, std::string> titles;
    for (const auto& [core, rectangle] : drawn_cores(svg)) titles[core] = svg.child(rectangle, "title").text;
    CHECK(titles[5] == "core 5: dead");
    CHECK(titles[12] == "core 12: router 6 is dead");
    CHECK(titles[13] == "core 13: router 6 is dead");
    CHECK_THAT(titles[3], test::contains("slow: 1.500 times the time of a sound core"));
    const auto legend = [](const MarkupReader& picture) {
        std::set<std::string> texts;
        for (const MarkupElement& text : picture.all("text")) texts.insert(text.text);
        return texts;
    };
    const auto paths = svg.all("path");
    const auto crosses = std::ranges::count_if(
        svg.all("path"), [](const MarkupElement& path) { return path.attribute("pointer-events") == "none"; });
    CHECK(crosses == 3);  // a core, a router and the legend
    for (const char* text : {"dead core or router", "dead link", "slow core"}) {
        CHECK(legend(svg).contains(text));
        CHECK_FALSE(legend(whole).contains(text));
    }
    for (const MarkupElement& text : svg.all("text")) CHECK(text.number("y") < svg.elements.front().number("height"));
}

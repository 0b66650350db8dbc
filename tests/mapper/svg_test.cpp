#include "mapper/svg.hpp"

#include <algorithm>
#include <vector>

#include "neuro/lower.hpp"
#include "neuro/synth.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

/// Whether every element is closed in order (no attribute holds a > here).
bool well_formed(const std::string& svg) {
    std::vector<std::string> open;
    for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
        const std::size_t end = svg.find('>', at);
        if (end == std::string::npos) return false;
        if (svg[end - 1] == '/') continue;
        const std::string name = svg.substr(at + 1, svg.find_first_of(" >", at) - at - 1);
        if (name[0] != '/') {
            open.push_back(name);
        } else {
            if (open.empty() || open.back() != name.substr(1)) return false;
            open.pop_back();
        }
    }
    return open.empty();
}

}  // namespace

TEST_CASE("A mapping is drawn as one SVG that holds every core of the chips in use") {
    SynthOptions options = synth_shape(64, 3, 160, 300);
    options.name = "a < b & c";
    const Program program = lower(make_blank_model(options));
    for (const auto& machine : {test::small_machine({2, 2, 2}, {4, 3}, 2), test::small_machine({1, 1, 1}, {6, 4}, 1)}) {
        const auto topology = Topology::create(machine);
        const auto mapping = map_program(program, machine, {});
        REQUIRE(mapping);
        const std::string svg = mapping_svg(program, machine, *topology, *mapping, SvgColor::layer);
        CHECK(well_formed(svg));
        CHECK(svg.starts_with("<svg xmlns="));
        CHECK(svg.find("a &lt; b &amp; c") != std::string::npos);
        const auto per_chip = static_cast<std::size_t>(machine.cores_per_chip());
        CHECK(count(svg, "<title>core ") % per_chip == 0);
        CHECK(count(svg, "<title>core ") / per_chip == std::min(4, machine.chips()));  // three blocks and the head
        CHECK(count(svg, "block1.mixer") > 0);
        CHECK(count(svg, "flits a token</title>") > 10);
        CHECK(svg == mapping_svg(program, machine, *topology, *mapping, SvgColor::layer));
        const std::string load = mapping_svg(program, machine, *topology, *mapping, SvgColor::load);
        CHECK(well_formed(load));
        CHECK(load != svg);
    }
}

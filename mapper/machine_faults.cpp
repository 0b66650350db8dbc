#include "mapper/machine_faults.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/narrow.hpp"
#include "mapper/route.hpp"

namespace tephra {
namespace {

/// Sorts a list; a fault where it holds a part twice. `name` gives the part's name.
template <typename T, typename Name>
Result<void> sort_once(std::vector<T>& parts, const std::string& place, const Name& name) {
    std::ranges::sort(parts);
    const auto twice = std::ranges::adjacent_find(parts, [](const T& a, const T& b) { return !(a < b) && !(b < a); });
    if (twice == parts.end()) return {};
    return bad_input(name(*twice) + " is listed twice", place, "remove one");
}

/// An array of numbers of parts, 0 to `count` - 1.
template <typename Part>
Result<void> read_numbers(ObjectReader& top, const std::string& key, const std::string& what, int count,
                          std::vector<Part>& parts) {
    if (!top.has(key)) return {};
    const Json::Array& numbers = top.array(key);
    for (std::size_t k = 0; k < numbers.size(); ++k) {
        const auto* number = numbers[k].integer();
        if (number == nullptr || *number < 0 || *number >= count)
            return bad_input("not a " + what + " of this machine", top.place(key + "/" + std::to_string(k)),
                             "allowed: 0 to " + std::to_string(count - 1));
        parts.emplace_back(narrow<std::int32_t>(*number));
    }
    return sort_once(parts, top.place(key), [&](const Part& part) { return what + " " + std::to_string(part.value); });
}

/// Directed links between neighbours: what they join ("chip", so many of them) and who is a neighbour of whom.
struct LinkWords {
    std::string key, end;
    int ends = 0;
    std::string neighbours;
};

template <typename Link>
Result<void> read_links(ObjectReader& top, const LinkWords& words, const Machine& machine, std::vector<Link>& links) {
    if (!top.has(words.key)) return {};
    const Json::Array& entries = top.array(words.key);
    for (std::size_t k = 0; k < entries.size(); ++k) {
        const std::string place = top.place(words.key + "/" + std::to_string(k));
        ObjectReader entry(entries[k], place);
        Link link;
        using End = decltype(link.from);
        link.from = End(narrow<std::int32_t>(entry.integer("from", 0, words.ends - 1)));
        link.to = End(narrow<std::int32_t>(entry.integer("to", 0, words.ends - 1)));
        if (auto done = entry.finish(); !done) return done;
        if (!are_neighbours(machine, link.from, link.to))
            return bad_input(words.end + "s " + std::to_string(link.from.value) + " and " +
                                 std::to_string(link.to.value) + " are not neighbours: there is no link between them",
                             place, words.neighbours);
        links.push_back(link);
    }
    return sort_once(links, top.place(words.key), [&](const Link& link) {
        return "link from " + words.end + " " + std::to_string(link.from.value) + " to " + words.end + " " +
               std::to_string(link.to.value);
    });
}

/// A factor as thousandths; 0 where it is not a whole number of them.
int thousandths(double factor) {
    constexpr double rounding = 1e-6;  // of the product below: far less than what a fourth decimal adds
    const double exact = factor * sound_slowness;
    return std::abs(exact - std::round(exact)) < rounding ? static_cast<int>(std::lround(exact)) : 0;
}

Result<void> read_slow_cores(ObjectReader& top, Machine& machine) {
    if (!top.has("slow_cores")) return {};
    const Json::Array& entries = top.array("slow_cores");
    for (std::size_t k = 0; k < entries.size(); ++k) {
        ObjectReader entry(entries[k], top.place("slow_cores/" + std::to_string(k)));
        Machine::SlowCore slow;
        slow.core = CoreId(narrow<std::int32_t>(entry.integer("core", 0, machine.cores() - 1)));
        constexpr double unit = 1.0 / sound_slowness;
        slow.thousandths = thousandths(entry.number("factor", 1 + unit, most_slowness * unit));
        if (slow.thousandths == 0) entry.fault("factor", "more than three decimals", "give thousandths: 1.25");
        if (auto done = entry.finish(); !done) return done;
        machine.slow_cores.push_back(slow);
    }
    std::ranges::sort(machine.slow_cores);
    const auto twice = std::ranges::adjacent_find(machine.slow_cores, {}, &Machine::SlowCore::core);
    if (twice == machine.slow_cores.end()) return {};
    return bad_input("core " + std::to_string(twice->core.value) + " is listed twice", top.place("slow_cores"),
                     "remove one");
}

}  // namespace

Result<void> read_machine_faults(ObjectReader& top, Machine& machine) {
    const LinkWords chip_links{"dead_links", "chip", machine.chips(),
                               "chip x + chips_x (y + chips_y z) is linked to those that differ by 1 in x, y or z"};
    const int routers = machine.chips() * machine.tiles_per_chip();
    const LinkWords mesh_links{
        "dead_mesh_links", "router", routers,
        "router chip x tiles per chip + x + tiles_x y is linked to those of its chip that differ by 1 in x or y"};
    return read_numbers(top, "dead_cores", "core", machine.cores(), machine.dead_cores)
        .and_then([&] { return read_links(top, chip_links, machine, machine.dead_links); })
        .and_then([&] { return read_links(top, mesh_links, machine, machine.dead_mesh_links); })
        .and_then([&] { return read_numbers(top, "dead_routers", "router", routers, machine.dead_routers); })
        .and_then([&] { return read_slow_cores(top, machine); });
}

}  // namespace tephra

#include "simulator/page/chip_map.hpp"

#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "tests/markup_reader.hpp"
#include "tests/simulator/page_of.hpp"

using namespace tephra;
using test::MarkupElement;
using test::MarkupReader;
using test::page_of;

TEST_CASE("a machine of many cores is drawn without its empty cores") {
    Run run = test::tiny_run();
    run.geometry = {1, 1, 1, 256, 256, 64};
    run.machine_chips = run.powered_chips = 1;
    run.links.clear();
    test::set(run.populations[1].counts, EventKind::chip_flit, 0);
    test::set(run.cores[0].counts, EventKind::chip_flit, 0);
    const std::string page = page_of(run);
    CHECK(page.size() < 200'000);
    CHECK_THAT(page, test::contains("Only cores that hold something are drawn."));
    std::size_t cells = 0;
    for (const MarkupElement& each : MarkupReader(page).all("rect"))
        if (each.has_class("cell")) {
            ++cells;
            CHECK(each.number("width") > 0);
        }
    CHECK(cells == run.cores.size());
}

TEST_CASE("every core of a machine is drawn once, apart from the others") {
    const MarkupReader read(page_of(test::tiny_run()));
    std::set<std::tuple<int, double, double>> places;
    std::size_t drawn = 0;
    for (const MarkupElement& each : read.all("rect"))
        if (each.has_class("cell") || each.has_class("unused")) {
            places.emplace(each.parent, each.number("x"), each.number("y"));
            ++drawn;
        }
    CHECK(drawn == 2 * 128);  // two powered chips
    CHECK(places.size() == drawn);
}

TEST_CASE("the map of a machine shows what of it is dead or slow") {
    CHECK_THAT(page_of(test::tiny_run()), !test::contains("Crosses: dead cores"));
    Run run = test::tiny_run();  // chips of 8 x 4 tiles; chips 0 and 1 have work
    run.damage.emplace();
    run.damage->dead_cores = {7, 6 * 128};  // the latter on a chip without work, which is not drawn
    run.damage->dead_routers = {9};
    run.damage->dead_links = {{0, 1}, {0, 4}, {1, 0}};
    run.damage->dead_mesh_links = {{2, 3}, {3, 2}, {32, 40}};
    run.damage->slow_cores = {{130, 1250}};
    const std::string page = page_of(run);
    const MarkupReader read(page);
    CHECK(read.fault.empty());
    CHECK_THAT(page, test::contains("Crosses: dead cores"));
    std::multiset<std::string> titles;
    std::set<std::pair<int, std::string>> marks;
    for (const MarkupElement& each : read.elements) {
        if (!each.has_class("dead") && !each.has_class("slow")) continue;
        titles.insert(read.child(each, "title").text);
        marks.emplace(each.parent, each.attribute("d"));
    }
    CHECK(titles ==
          std::multiset<std::string>{"core 7 is dead", "router 9 is dead", "the link from chip 0 to 1 is dead",
                                     "the link from chip 0 to 4 is dead", "the link from chip 1 to 0 is dead",
                                     "the link from router 2 to 3 is dead", "the link from router 3 to 2 is dead",
                                     "the link from router 32 to 40 is dead",
                                     "core 2 is slow: 1.250 times the time of a sound core"});
    CHECK(marks.size() == titles.size());  // no two at one place
}

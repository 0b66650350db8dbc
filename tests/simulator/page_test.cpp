#include <algorithm>
#include <cctype>
#include <cmath>
#include <vector>

#include "core/markup.hpp"
#include "simulator/lm/comparison_text.hpp"
#include "simulator/page/charts.hpp"
#include "simulator/page/comparison_chart.hpp"
#include "simulator/page/comparison_page.hpp"
#include "simulator/page/report_page.hpp"
#include "simulator/report_rows.hpp"
#include "tests/catch.hpp"
#include "tests/markup_reader.hpp"
#include "tests/simulator/page_of.hpp"

using namespace tephra;
using test::markup_fault;
using test::MarkupElement;
using test::MarkupReader;
using test::page_of;

namespace {

/// Nothing may be loaded from outside of the page.
void check_self_contained(const std::string& page) {
    for (const char* forbidden : {"http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", "<img"})
        CHECK(page.find(forbidden) == std::string::npos);
}

Comparison compared_370m() {
    Run run = test::tiny_run();
    run.parameters = shape_named("mmfree-370m")->parameters();
    const auto report = price(run, test::tiny_costs());
    REQUIRE(report);
    auto comparison = compare({{run, *report}}, *shipped_baselines(), *shipped_gpus(), {});
    REQUIRE(comparison);
    return *comparison;
}

bool holds_word(const std::string& page, const std::string& word) {
    const auto letter = [&](std::size_t at) {
        return at < page.size() && std::isalpha(static_cast<unsigned char>(page[at])) != 0;
    };
    for (std::size_t at = page.find(word); at != std::string::npos; at = page.find(word, at + 1))
        if (!letter(at - 1) && !letter(at + word.size())) return true;
    return false;
}

struct Box {
    double left, right, top, bottom;
    std::string text;
};

Box box_of(const MarkupElement& text) {
    const double width = text_width(text.text), x = text.number("x"), y = text.number("y");
    const double left = text.has_class("end") ? x - width : (text.has_class("middle") ? x - width / 2 : x);
    return {left, left + width, y - 0.75 * chart_font, y + 0.2 * chart_font, text.text};
}

/// Texts of each chart lie inside of it and don't cover each other; bars and dots can be seen.
void check_charts(const std::string& page) {
    const MarkupReader read(page);
    std::size_t charts = 0;
    for (std::size_t s = 0; s < read.elements.size(); ++s) {
        const MarkupElement& svg = read.elements[s];
        if (svg.tag != "svg" || !svg.has_class("chart")) continue;
        ++charts;
        const double width = std::atof(svg.attribute("viewBox").c_str() + 4);
        CHECK(width == (svg.has_class("narrow") ? narrow_frame.width : wide_frame.width));
        std::vector<Box> boxes;
        for (std::size_t k = s + 1; k < read.elements.size() && read.elements[k].tag != "svg"; ++k) {
            const MarkupElement& each = read.elements[k];
            if (each.tag == "text") boxes.push_back(box_of(each));
            if (each.tag == "rect" && !each.has_class("unused")) {
                CHECK(each.number("width") > 0.5);
                CHECK(each.number("height") > 0.5);
                CHECK(each.number("x") + each.number("width") <= width + 2);
            }
            if (each.tag == "circle") {
                CHECK(each.number("cx") - each.number("r") >= 0);
                CHECK(each.number("cx") + each.number("r") <= width);
            }
        }
        for (std::size_t a = 0; a < boxes.size(); ++a) {
            INFO(svg.attribute("class") << ": " << boxes[a].text);
            CHECK(boxes[a].left >= -0.1);
            CHECK(boxes[a].right <= width + 0.1);
            for (std::size_t b = a + 1; b < boxes.size(); ++b) {
                INFO(boxes[b].text);
                CHECK((boxes[a].right <= boxes[b].left || boxes[b].right <= boxes[a].left ||
                       boxes[a].bottom <= boxes[b].top || boxes[b].bottom <= boxes[a].top));
            }
        }
    }
    CHECK(charts % 2 == 0);
    CHECK(charts > 0);
}

}  // namespace

TEST_CASE("a report page is well-formed, self-contained and the same every time") {
    Run run = test::tiny_run();
    run.model_name = "a <b> & \"c\"";
    run.text = "He said: 1 < 2 & 3 > 2.\fSecond \"stream\"";
    const std::string page = page_of(run);
    CHECK(markup_fault(page).empty());
    check_self_contained(page);
    CHECK(page == page_of(run));
    CHECK(page.find("a &lt;b&gt; &amp; &quot;c&quot; on two-chips") != std::string::npos);
    CHECK(page.find("<blockquote>Second &quot;stream&quot;</blockquote>") != std::string::npos);
    CHECK(page.find("core 100 of chip 0") != std::string::npos);
    CHECK(page.find("chip 1:") != std::string::npos);  // core 200 lies on the second chip of 128 cores
}

TEST_CASE("a page says what links with errors did, where a machine has any") {
    Run run = test::tiny_run();
    CHECK(page_of(run).find("Errors of links") == std::string::npos);
    run.faults.emplace();
    run.faults->seed = 77;
    run.faults->links = {{0, 0, 1, 0, 3, Picoseconds(4'250'000), 0}, {1, 0, 1, 0, 2, Picoseconds(1'000'000), 6}};
    run.faults->missed = {{1, 0, 3, 11, false}};
    const std::string page = page_of(run);
    CHECK(markup_fault(page) == "");
    check_self_contained(page);
    CHECK(page.find("fault seed 77") != std::string::npos);
    CHECK(page.find("chip 0 to 1") != std::string::npos);
    CHECK(page.find(">5<") != std::string::npos);
    CHECK(page.find(">5.250<") != std::string::npos);
    CHECK(page.find("messages that slices missed: 11 messages") != std::string::npos);
}

TEST_CASE("a page of many chips, tokens and streams stays well-formed and small") {
    Run run = test::tiny_run();
    run.geometry = {12, 12, 8, 8, 4, 4};
    run.machine_chips = run.powered_chips = 1152;
    run.streams = 4;
    const CoreRecord core = run.cores.front();
    run.cores.clear();
    run.populations[1].counts = run.populations[2].counts = {};
    for (int c = 0; c < 1152; ++c) {
        run.cores.push_back(core);
        run.cores.back().core = c * 128;
        for (std::size_t k = 0; k < event_kinds; ++k) run.populations[1].counts[k] += core.counts[k];
    }
    run.tokens.clear();
    for (int t = 0; t < 1000; ++t)
        run.tokens.push_back({t % 4, t / 4, 1, 1, Picoseconds(t * 1'000'000LL), Picoseconds(t * 4'000'000LL)});
    run.links[0].flits = total(run, EventKind::chip_flit);
    test::retime(run);
    const std::string page = page_of(run);
    CHECK(markup_fault(page).empty());
    CHECK(page.size() < 600'000);
    CHECK(page.find("Each cell is a chip") != std::string::npos);
    CHECK(page.find("every 11th token is drawn") != std::string::npos);
}

TEST_CASE("a comparison page lists every row with its figures, what differs and its source") {
    const auto comparison = compared_370m();
    const std::string page = comparison_page(comparison);
    check_self_contained(page);
    const MarkupReader read(page);
    CHECK(read.fault.empty());
    std::vector<std::string> devices, sources;
    for (const MarkupElement& cell : read.all("td"))
        if (cell.has_class("device")) devices.push_back(cell.text);
    for (const MarkupElement& each : read.all("div"))
        if (each.has_class("source")) sources.push_back(each.text);
    REQUIRE(devices.size() == comparison.rows.size());
    REQUIRE(sources.size() == comparison.rows.size());
    for (std::size_t k = 0; k < comparison.rows.size(); ++k) {
        const ComparisonRow& row = comparison.rows[k];
        CHECK(devices[k] == row.data.device + ", " + row.data.software);
        CHECK(sources[k].ends_with("Source: " + row.data.source));
        for (const auto& difference : row.unlike) CHECK_THAT(sources[k], test::contains(difference));
        for (const auto& difference : row.cautions) CHECK_THAT(sources[k], test::contains(difference));
    }
    CHECK_THAT(page, test::contains(
                         escape_markup(energy_ratio_text(comparison.rows.front()))));  // a bound: neurocores and board
    CHECK_THAT(page, test::contains("Predictions"));
}

TEST_CASE("a network's page shows what its layers send over time, as a picture and as a table") {
    const Run run = test::tiny_network_run();
    const std::string page = page_of(run);
    CHECK(markup_fault(page).empty());
    check_self_contained(page);
    check_charts(page);
    const MarkupReader read(page);
    CHECK_THAT(page, test::contains("Spikes over time"));
    std::vector<double> shades, narrow;
    std::vector<std::string> titles;
    for (std::size_t k = 0; k < read.elements.size(); ++k) {
        const MarkupElement& each = read.elements[k];
        if (each.tag != "rect" || !each.has_class("spikes")) continue;
        const bool wide = read.elements[static_cast<std::size_t>(each.parent)].has_class("wide");
        (wide ? shades : narrow).push_back(each.number("fill-opacity"));
        if (wide) titles.push_back(read.elements[k + 1].text);
    }
    // Shares 3/20, 1, 1/4, 1/20, 1/10 of the first layer, 1/5, 1, 2/5, 1/5 of the second; by their square roots.
    const std::vector<double> shares = {0.15, 1, 0.25, 0.05, 0.1, 0.2, 1, 0.4, 0.2};
    REQUIRE(shades.size() == shares.size());
    CHECK(narrow == shades);
    for (std::size_t k = 0; k < shares.size(); ++k)
        CHECK(shades[k] == Approx(0.1 + 0.9 * std::sqrt(shares[k])).margin(0.006));
    CHECK(titles[1] == "first, time step 3: 20 sent, 100 % of its neurons a time step");
    std::vector<std::string> cells;
    for (const MarkupElement& cell : read.all("td")) cells.push_back(cell.text);
    const std::vector<std::string> first = {"first", "20", "31", "19.4 %", "100 %", "time step 3"};
    CHECK(std::search(cells.begin(), cells.end(), first.begin(), first.end()) != cells.end());
    for (const char* word : {"token", "tokens", "Token", "Tokens", "prefill"}) {
        INFO(word);
        CHECK_FALSE(holds_word(page, word));
    }
}

TEST_CASE("a page of many layers and time steps is small, and says what is not drawn") {
    Run run = test::tiny_network_run();
    run.tokens.clear();
    for (int t = 0; t < 5000; ++t)
        run.tokens.push_back({0, t, 0, -1, Picoseconds(t * 400'000LL), Picoseconds((t + 2) * 400'000LL)});
    test::retime(run);
    for (auto& population : run.populations) population.messages.clear();
    for (int layer = 0; layer < 200; ++layer) {
        PopulationRecord record = run.populations[1];
        record.name = "a layer with a name that is long, number " + std::to_string(layer);
        record.counts = {};
        record.messages.assign(static_cast<std::size_t>(time_bins(5000)), 10);
        test::set(record.counts, EventKind::message, 10 * time_bins(5000));
        test::set(record.counts, EventKind::host_update, 100);
        record.on_host = true;
        run.populations.push_back(record);
    }
    test::set(run.populations[1].counts, EventKind::message, 0);
    test::set(run.populations[2].counts, EventKind::message, 0);
    for (auto& core : run.cores) test::set(core.counts, EventKind::message, 0);
    const std::string page = page_of(run);
    CHECK(markup_fault(page).empty());
    check_charts(page);
    CHECK(page.size() < 2'500'000);
    CHECK_THAT(page, test::contains("The first 48 of 200 layers are drawn"));
    CHECK_THAT(page, test::contains("A cell is 40 time steps."));
    const Run silent = test::tiny_network_run(std::vector<std::int64_t>(8), std::vector<std::int64_t>(8));
    CHECK(markup_fault(page_of(silent)).empty());
    check_charts(page_of(silent));
}

TEST_CASE("a page of a network that was measured has the measured figures beside the run's") {
    const auto ledger =
        parse_ledger(R"({"rows":[{"id":"row","network":"n","device":"d","source":"somebody","figures":[)"
                     R"({"quantity":"time a step","value":152.84,"unit":"us/step","kind":"measured","use":"check"}],)"
                     R"("repeat":{"kind":"spiking","needs":"nothing"}}]})",
                     "l.json");
    REQUIRE(ledger);
    const auto lines = validation_lines(*ledger, {{"row", {{305.68, 305.68, 305.68, ""}}, "1", "2"}});
    REQUIRE(lines);
    const Run run = test::tiny_network_run();
    const auto report = price(run, test::tiny_costs());
    const std::string page = report_page(run, *report, nullptr, *lines);
    CHECK(markup_fault(page).empty());
    for (const char* text :
         {"Measured on silicon, beside this run: row", "152.84 us/step", "305.7", "+100 %", "somebody"})
        CHECK_THAT(page, test::contains(text));
    CHECK(page.find("Measured on silicon") < page.find("Spikes over time"));
}

TEST_CASE("a report page lists every row of the report") {
    const Run run = test::tiny_run();
    const auto report = price(run, test::tiny_costs());
    REQUIRE(report);
    const MarkupReader read(report_page(run, *report, nullptr));
    std::vector<std::vector<std::string>> lines;
    for (const MarkupElement& cell : read.all("td")) {
        if (cell.text.find(": ") != std::string::npos && !cell.has_class("source")) lines.emplace_back();
        if (!lines.empty()) lines.back().push_back(cell.text);
    }
    const auto rows = report_rows(*report);
    REQUIRE(lines.size() == rows.size());
    for (std::size_t k = 0; k < rows.size(); ++k) {
        CHECK(lines[k].at(0) == rows[k].section + ": " + rows[k].name);
        CHECK(lines[k].at(1) == rows[k].scope);
        CHECK(lines[k].at(2) == figure_text(rows[k].value));
        CHECK(lines[k].at(5) == rows[k].unit);
        CHECK(lines[k].at(7) == rows[k].source);
    }
}

TEST_CASE("pages of runs at the edge hold no broken number") {
    for (const auto& [name, run] : test::edge_runs())
        for (const CostTable& costs : {test::tiny_costs(), test::zero_costs()}) {
            INFO(name);
            const std::string page = page_of(run, costs);
            CHECK(markup_fault(page).empty());
            for (const char* broken : {"nan", "inf"}) CHECK_FALSE(holds_word(page, broken));
            check_charts(page);
        }
    const std::string free = page_of(test::tiny_run(), test::zero_costs());
    CHECK_THAT(free, test::contains("all parts are zero"));
    CHECK_THAT(free, test::contains("<em>-</em>"));
    CHECK_THAT(free, test::contains("has no dot"));
}

TEST_CASE("charts can be read on narrow and wide screens") {
    Run run = test::tiny_run();
    run.parameters = shape_named("mmfree-370m")->parameters();
    check_charts(page_of(run));
    check_charts(comparison_page(compared_370m()));
    run.tokens.clear();
    for (int t = 0; t < 1000; ++t)
        run.tokens.push_back({0, t, 1, 1, Picoseconds(t * 4'000'000LL), Picoseconds((t + 1) * 4'000'000LL)});
    test::retime(run);
    check_charts(page_of(run));
}

TEST_CASE("the style shows one form of each chart, with text of 11 pixels or more") {
    const std::string page = page_of(test::tiny_run());
    const std::string style = MarkupReader(page).all("style").front().text;
    constexpr double breakpoint = 900, least_pixels = 11;
    CHECK_THAT(style, test::contains("@media (max-width: 899px)"));
    double smallest = 1e9;
    for (std::size_t at = style.find(".chart"); at != std::string::npos; at = style.find(".chart", at + 1)) {
        const std::string rule = style.substr(at, style.find('}', at) - at);
        if (const auto size = rule.find("font-size: "); size != std::string::npos)
            smallest = std::min(smallest, std::atof(rule.c_str() + size + 11));
    }
    CHECK(smallest == chart_font);
    const double wide_pixels = breakpoint - 2 * 24 - 2 * 23;  // margins of the page and of a card
    const double narrow_pixels = 400 - 2 * 12 - 2 * 15;
    CHECK(smallest * wide_pixels / wide_frame.width >= least_pixels);
    CHECK(smallest * narrow_pixels / narrow_frame.width >= least_pixels);
}

TEST_CASE("a comparison has a dot where its value lies, and no bar without a zero") {
    const auto comparison = compared_370m();
    const MarkupReader read(comparison_chart(comparison));
    std::size_t shown = 0;
    for (const ComparisonRow& row : comparison.rows) shown += row.speed ? 1U : 0U;
    CHECK(read.all("rect").empty());
    const auto dots = read.all("circle");
    REQUIRE(dots.size() == 4 * shown);  // speed and energy, wide and narrow
    for (std::size_t panel = 0; panel < 4; ++panel) {
        std::vector<std::pair<double, double>> places;  // value, x
        std::size_t row = 0;
        for (std::size_t k = 0; k < comparison.rows.size(); ++k) {
            if (!comparison.rows[k].speed) continue;
            const Baseline& data = comparison.rows[k].data;
            places.emplace_back(panel % 2 == 0 ? data.tokens_per_s : data.mj_per_token,
                                dots[panel * shown + row++].number("cx"));
        }
        std::ranges::sort(places);
        for (std::size_t k = 1; k < places.size(); ++k) CHECK(places[k - 1].second <= places[k].second);
        const double decades = std::log10(places.back().first / places.front().first);
        CHECK(places.back().second - places.front().second > 10 * decades);
    }
}

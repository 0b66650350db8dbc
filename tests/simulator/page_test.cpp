#include "simulator/page/charts.hpp"
#include "simulator/page/report_page.hpp"
#include "simulator/report_rows.hpp"
#include "tests/catch.hpp"
#include "tests/markup_reader.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;
using test::markup_fault;

namespace {

/// Nothing may be loaded from outside of the page.
void check_self_contained(const std::string& page) {
    for (const char* forbidden : {"http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", "<img"})
        CHECK(page.find(forbidden) == std::string::npos);
}

std::string page_of(const Run& run) {
    const auto report = price(run, test::tiny_costs());
    REQUIRE(report);
    const auto comparison = compare({{&run, &*report}}, *shipped_baselines(), *shipped_gpus(), {});
    REQUIRE(comparison);
    return report_page(run, *report, &*comparison);
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

TEST_CASE("a page of many chips, tokens and streams stays well-formed and small") {
    Run run = test::tiny_run();
    run.geometry = {12, 12, 8, 8, 4, 4};
    run.streams = 4;
    const CoreRecord core = run.cores.front();
    run.cores.clear();
    run.populations[1].counts = {};
    for (int c = 0; c < 1152; ++c) {
        run.cores.push_back(core);
        run.cores.back().core = c * 128;
        for (std::size_t k = 0; k < event_kinds; ++k) run.populations[1].counts[k] += core.counts[k];
    }
    run.tokens.clear();
    for (int t = 0; t < 1000; ++t)
        run.tokens.push_back({t % 4, t / 4, 1, 2, Picoseconds(t * 1'000'000LL), Picoseconds(t * 4'000'000LL)});
    const std::string page = page_of(run);
    CHECK(markup_fault(page).empty());
    CHECK(page.size() < 600'000);
    CHECK(page.find("Each cell is a chip") != std::string::npos);
    CHECK(page.find("every 11th token is drawn") != std::string::npos);
}

TEST_CASE("a comparison page lists every row with what differs") {
    Run run = test::tiny_run();
    run.parameters = shape_named("mmfree-370m")->parameters();
    const auto report = price(run, test::tiny_costs());
    const auto comparison = compare({{&run, &*report}}, *shipped_baselines(), *shipped_gpus(), {});
    REQUIRE(comparison);
    const std::string page = comparison_page(*comparison);
    CHECK(markup_fault(page).empty());
    check_self_contained(page);
    CHECK(page.find("batch 256") != std::string::npos);
    CHECK(page.find("Predictions") != std::string::npos);
}

TEST_CASE("figures keep their digits without noise") {
    const std::pair<double, const char*> cases[] = {
        {0, "0"},           {41.5, "41.50"},  {238497, "238500"}, {0.01234, "0.01234"}, {6.55e-5, "6.550e-05"},
        {-66.51, "-66.51"}, {999.96, "1000"}, {1, "1.000"}};
    for (const auto& [value, text] : cases) CHECK(figure_text(value) == text);
    CHECK(round_ticks(10, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
    CHECK(round_ticks(0.7, 5) == std::vector<double>{0, 0.2, 2 * 0.2, 3 * 0.2});
    CHECK(round_ticks(0, 5) == std::vector<double>{0});
}

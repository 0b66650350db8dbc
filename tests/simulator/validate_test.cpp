#include "simulator/validate.hpp"

#include <algorithm>

#include "core/files.hpp"
#include "core/markup.hpp"
#include "mapper/machine.hpp"
#include "simulator/page/validation_page.hpp"
#include "simulator/spiking/repeat_network.hpp"
#include "tests/catch.hpp"
#include "tests/markup_reader.hpp"

using namespace tephra;

namespace {

/// Two rows: an energy with a wish and a time without one; and one that cannot be repeated.
std::vector<LedgerRow> small_ledger() {
    const auto rows = parse_ledger(
        R"({"rows":[{"id":"a|b","network":"a <net>","device":"d","source":"s","figures":[)"
        R"({"quantity":"energy","value":4,"unit":"mJ/token","scope":"system","kind":"measured","use":"hold-out",)"
        R"("wanted_percent":50,"note":"a & b"},)"
        R"({"quantity":"time","value":10,"low":9,"high":11,"unit":"us/step","kind":"derived","use":"fit"}],)"
        R"("repeat":{"kind":"idle","synthetic":"its weights"}},)"
        R"({"id":"later","network":"n","device":"d","source":"s","figures":[)"
        R"({"quantity":"time","value":5,"unit":"us/step","kind":"cited","use":"check","wanted_percent":20},)"
        R"({"quantity":"rate","value":6,"unit":"steps/s","kind":"cited","use":"check"}],)"
        R"("repeat":{"kind":"spiking","needs":"wings"}}]})",
        "l.json");
    INFO((rows ? "" : to_string(rows.error())));
    REQUIRE(rows);
    return *rows;
}

std::vector<RowResult> small_results() {
    const Predicted none{{}, {}, {}, "cannot be repeated yet: it needs wings"};
    return {{"a|b", {{5.0, 3.0, 9.0, ""}, {20.0, 20.0, 20.0, ""}}, "11", "22"}, {"later", {none, none}, "", ""}};
}

std::string source_file(const std::string& path) {
    return std::string(TEPHRA_TEST_DATA) + "/../../" + path;
}

/// Hash of the descriptions that a row's recipe names, as they ship.
std::string inputs_now(const LedgerRow& row) {
    const Json *machine = row.repeat.find("machine"), *costs = row.repeat.find("costs");
    if (row.recipe == "spiking") return "";
    std::optional<Hash128> machine_hash, costs_hash;
    if (machine != nullptr) machine_hash = find_machine(*machine->string())->hash;
    if (costs != nullptr) costs_hash = find_cost_table(*costs->string())->hash;
    return hash_of_inputs(machine_hash ? &*machine_hash : nullptr, costs_hash ? &*costs_hash : nullptr);
}

}  // namespace

TEST_CASE("a prediction has an error, and a judgement where one was asked for") {
    const auto ledger = small_ledger();
    const auto lines = validation_lines(ledger, small_results());
    REQUIRE(lines);
    REQUIRE(lines->size() == 4);
    const ValidationLine &energy = (*lines)[0], &time = (*lines)[1], &later = (*lines)[2];
    CHECK(*energy.error_percent == Approx(25));
    CHECK(energy.in_range == true);  // 4 in 3 to 9
    CHECK(energy.as_wanted == true);
    CHECK(*time.error_percent == Approx(100));
    CHECK_FALSE(time.in_range);  // its prediction has no range
    CHECK_FALSE(time.as_wanted);
    CHECK_FALSE(later.error_percent);
    CHECK_FALSE(later.as_wanted);
    auto far = small_results();
    far[0].figures[0] = {9.0, 8.0, 10.0, ""};
    const auto missed = validation_lines(ledger, far);
    CHECK(missed->front().in_range == false);
    CHECK(missed->front().as_wanted == false);
}

TEST_CASE("figures are written with their unit, scope, range and judgement") {
    const auto ledger = small_ledger();
    const auto lines = validation_lines(ledger, small_results());
    REQUIRE(lines);
    CHECK(measured_text(*(*lines)[0].figure) == "4 mJ/token, system");
    CHECK(measured_text(*(*lines)[1].figure) == "10 (9.00 to 11.0) us/step");
    CHECK(predicted_text((*lines)[0].predicted) == "5.000 (3.00 to 9.00)");
    CHECK(predicted_text((*lines)[1].predicted) == "20.00");
    CHECK(predicted_text((*lines)[2].predicted) == "cannot be repeated yet: it needs wings");
    CHECK(error_text((*lines)[0]) == "+25 %");
    CHECK(error_text((*lines)[2]).empty());
    auto close = small_results();
    close[0].figures[0].value = 4.001;
    CHECK(error_text(validation_lines(ledger, close)->front()) == "0 %");
    CHECK(judgement_text((*lines)[0]) == "hold-out, wanted within 50 %: met");
    CHECK(judgement_text((*lines)[1]) == "fit");
    CHECK(judgement_text((*lines)[2]) == "check, wanted within 20 %");
}

TEST_CASE("results that do not belong to the ledger are refused") {
    const auto ledger = small_ledger();
    auto unknown = small_results();
    unknown[1].id = "never";
    CHECK_FALSE(validation_lines(ledger, unknown));
    auto fewer = small_results();
    fewer[1].figures.pop_back();
    CHECK_FALSE(validation_lines(ledger, fewer));
}

TEST_CASE("results are read back from JSON as they were written") {
    const auto ledger = small_ledger();
    const auto results = small_results();
    const std::string text = validation_json(*validation_lines(ledger, results), results, "1.2").dump();
    const auto read = parse_results(text, "v.json");
    INFO((read ? "" : to_string(read.error())));
    REQUIRE(read);
    REQUIRE(read->size() == results.size());
    for (std::size_t r = 0; r < results.size(); ++r) {
        CHECK((*read)[r].id == results[r].id);
        CHECK((*read)[r].inputs == results[r].inputs);
        CHECK((*read)[r].trace == results[r].trace);
        REQUIRE((*read)[r].figures.size() == results[r].figures.size());
        for (std::size_t k = 0; k < results[r].figures.size(); ++k) {
            CHECK((*read)[r].figures[k].value == results[r].figures[k].value);
            CHECK((*read)[r].figures[k].low == results[r].figures[k].low);
            CHECK((*read)[r].figures[k].high == results[r].figures[k].high);
            CHECK((*read)[r].figures[k].why_not == results[r].figures[k].why_not);
        }
    }
    std::string broken = text;
    broken.replace(broken.find("\"predicted\": 5"), 14, "\"predicted\": null");
    const auto refused = parse_results(broken, "v.json");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().place == "v.json#/rows/0/figures/0/why_not");
}

TEST_CASE("the table in Markdown has a line for each figure, and says a reason once") {
    const auto ledger = small_ledger();
    CHECK(validation_markdown(*validation_lines(ledger, small_results())) ==
          "| row | quantity | measured | predicted (range) | error | use |\n"
          "|---|---|---|---|---|---|\n"
          "| a\\|b | energy | 4 mJ/token, system (measured) | 5.000 (3.00 to 9.00) | +25 % | hold-out, wanted within "
          "50 %: met |\n"
          "|  | time | 10 (9.00 to 11.0) us/step (derived) | 20.00 | +100 % | fit |\n"
          "| later | time | 5 us/step (cited) | cannot be repeated yet: it needs wings |  | check, wanted within 20 "
          "% "
          "|\n"
          "|  | rate | 6 steps/s (cited) | as above |  | check |\n");
}

TEST_CASE("the page of the ledger is well-formed and holds every line") {
    const auto ledger = small_ledger();
    const auto lines = validation_lines(ledger, small_results());
    const std::string page = validation_page(*lines);
    CHECK(test::markup_fault(page).empty());
    for (const ValidationLine& line : *lines) {
        CHECK_THAT(page, test::contains(escape_markup(measured_text(*line.figure))));
        CHECK_THAT(page, test::contains(escape_markup(predicted_text(line.predicted))));
        CHECK_THAT(page, test::contains(escape_markup(judgement_text(line))));
    }
    CHECK_THAT(page, test::contains("Made up for the repetition: its weights."));
    CHECK_THAT(page, test::contains("a &lt;net&gt;"));
}

TEST_CASE("docs/validation.md and its record agree with the ledger, and with today's machines and prices") {
    const auto ledger = shipped_ledger();
    REQUIRE(ledger);
    const auto text = read_file(source_file("docs/validation.json"));
    REQUIRE(text);
    const auto results = parse_results(*text, "docs/validation.json");
    INFO((results ? "" : to_string(results.error())));
    REQUIRE(results);
    REQUIRE(results->size() == ledger->size());
    for (std::size_t r = 0; r < ledger->size(); ++r) {
        const LedgerRow& row = (*ledger)[r];
        INFO(row.id << ": run scripts/update-validation.sh");
        CHECK((*results)[r].id == row.id);
        CHECK((*results)[r].inputs == inputs_now(row));
    }
    const auto lines = validation_lines(*ledger, *results);
    REQUIRE(lines);
    const auto version = *parse_json(*text, "v")->find("version")->string();
    const bool same_record = validation_json(*lines, *results, version).dump() + "\n" == *text;
    CHECK(same_record);
    const auto page = read_file(source_file("docs/validation.md"));
    REQUIRE(page);
    const std::string begin = "<!-- ledger -->\n", end = "<!-- /ledger -->\n";
    const auto from = page->find(begin);
    REQUIRE(from != std::string::npos);
    const auto to = page->find(end, from);
    REQUIRE(to != std::string::npos);
    CHECK(page->substr(from + begin.size(), to - from - begin.size()) == validation_markdown(*lines));
}

TEST_CASE("the record holds what rows without a language model give today") {
    const auto ledger = shipped_ledger();
    const auto results = parse_results(*read_file(source_file("docs/validation.json")), "docs/validation.json");
    REQUIRE((ledger && results));
    for (const LedgerRow& row : *ledger) {
        if (row.recipe == "language-model") continue;
        INFO(row.id);
        if (row.recipe == "network-file" || row.id == "fly-connectome") continue;  // these take their time
        const auto again = row.recipe == "idle"      ? repeat_idle(row)
                           : row.recipe == "event"   ? repeat_event(row)
                           : row.recipe == "barrier" ? repeat_barrier(row)
                           : row.recipe == "network" ? repeat_network(row, 1)
                                                     : repeat_later(row);
        INFO((again ? "" : to_string(again.error())));
        REQUIRE(again);
        const auto stored = std::ranges::find(*results, row.id, &RowResult::id);
        REQUIRE(stored != results->end());
        REQUIRE(stored->figures.size() == again->figures.size());
        for (std::size_t k = 0; k < again->figures.size(); ++k) {
            CHECK(stored->figures[k].value == again->figures[k].value);
            CHECK(stored->figures[k].low == again->figures[k].low);
            CHECK(stored->figures[k].high == again->figures[k].high);
            CHECK(stored->figures[k].why_not == again->figures[k].why_not);
        }
    }
}

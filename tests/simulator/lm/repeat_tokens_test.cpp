#include "simulator/lm/repeat_tokens.hpp"

#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;

namespace {

Report report_of(const Run& run) {
    auto report = price(run, test::tiny_costs());
    REQUIRE(report);
    return *report;
}

LedgerRow row_of(const std::string& recipe) {
    const auto rows =
        parse_ledger(R"({"rows":[{"id":"r","network":"n","device":"d","source":"s","figures":[)"
                     R"({"quantity":"rate","value":1,"unit":"tokens/s","kind":"measured","use":"check"}],"repeat":)" +
                         recipe + "}]}",
                     "l.json");
    INFO((rows ? "" : to_string(rows.error())));
    REQUIRE(rows);
    return rows->front();
}

const std::string recipe =
    R"({"kind":"language-model","preset":"mmfree-370m","seed":1,"calibration_tokens":32,"machine":"alia-point",)"
    R"("mode":"generate","prompt":[5],"tokens":4,"synapses":"int8","head":"host","sync":"barrier","noc":"contended",)"
    R"("costs":"loihi2"})";

/// The place and message of the fault of a recipe with one piece of text replaced.
Error fault(const std::string& from, const std::string& to) {
    std::string text = recipe;
    const auto at = text.find(from);
    INFO(from);
    REQUIRE(at != std::string::npos);
    const auto refused = repeat_tokens(row_of(text.replace(at, from.size(), to)), 1);
    REQUIRE_FALSE(refused);
    return refused.error();
}

}  // namespace

TEST_CASE("one part of one is the run as it is") {
    const Run run = test::tiny_run();
    const Report report = report_of(run);
    for (const ScopeEnergy& scope : report.scopes) {
        const SteadyToken token = scaled_token(run, report, scope.scope, 1);
        CHECK(token.tokens_per_s == report.steady_tokens_per_s);
        CHECK(token.low == Approx(millijoules(scope.steady_per_token.low)));
        CHECK(token.value == Approx(millijoules(scope.steady_per_token.value)));
        CHECK(token.high == Approx(millijoules(scope.steady_per_token.high)));
    }
}

TEST_CASE("a token passes the parts one after the other, and the host once") {
    const Run run = test::tiny_run();  // 4 tokens of 1 ms, of which the host takes 0.1 ms
    const SteadyToken token = scaled_token(run, report_of(run), PowerScope::neurocores, 3);
    const double ms = 3 * 0.9 + 0.1;
    CHECK(token.tokens_per_s == Approx(1e3 / ms));
    // By hand, in pJ: events of a token (price_test.cpp), the host's link once; 8 steps of 2 chips in each part, of
    // which the two others take part; 3 x 2 chips x 100 mW.
    const double events = (6000 + 300 + 184 + 350) / 4.0, host = 500 / 4.0, steps = 64000 / 4.0;
    const double power = 3 * 2 * 0.1 * ms * 1e-3 * 1e12;
    CHECK(token.value == Approx((3 * events + host + 9 * steps + power) * 1e-9));
}

TEST_CASE("a full pipeline of parts has the rate of one and the energy of all") {
    Run run = test::tiny_run();
    run.mode = RunMode::prefill;
    for (TokenRecord& token : run.tokens) token.output = -1;
    const Report report = report_of(run);
    const SteadyToken one = scaled_token(run, report, PowerScope::system, 1);
    const SteadyToken all = scaled_token(run, report, PowerScope::system, 24);
    CHECK(all.tokens_per_s == one.tokens_per_s);
    const double host = 500 / 4.0 * 1e-9;
    CHECK(all.value == Approx(24 * (one.value - host) + host));
}

TEST_CASE("recipes with faults are refused with their place") {
    CHECK(fault("\"seed\":1", "\"seed\":-1").place == "ledger row r#/repeat/seed");
    CHECK(fault("\"tokens\":4", "\"tokens\":0").place == "ledger row r#/repeat/tokens");
    CHECK(fault("[5]", "[\"five\"]").place == "ledger row r#/repeat/prompt/0");
    CHECK(fault("[5]", "[-1]").place == "ledger row r#/repeat/prompt/0");
    CHECK(fault("\"head\":\"host\"", "\"head\":\"cloud\"").place == "ledger row r#/repeat/head");
    CHECK(fault("\"mode\"", "\"copies\":4097,\"mode\"").place == "ledger row r#/repeat/copies");
    CHECK(fault("\"mode\"", "\"copies\":0,\"mode\"").place == "ledger row r#/repeat/copies");
    CHECK(fault("\"mode\"", "\"layers\":1025,\"mode\"").place == "ledger row r#/repeat/layers");
    CHECK(fault("\"mode\"", "\"moods\":1,\"mode\"").place == "ledger row r#/repeat/moods");
    CHECK(fault("\"generate\"", "\"prefill\"").place == "ledger row r#/repeat/tokens");  // would be ignored
    CHECK(fault("mmfree-370m", "mmfree-371m").code == ErrorCode::usage);
    CHECK(fault("alia-point", "alia-pint").code == ErrorCode::bad_input);
    CHECK(fault("\"loihi2\"", "\"loihi9\"").code == ErrorCode::bad_input);
}

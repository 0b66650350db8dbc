#pragma once
// The report page of a run made by hand, compared with the rows that ship.
#include <string>

#include "simulator/lm/compare.hpp"
#include "simulator/page/report_page.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

namespace tephra::test {

inline std::string page_of(const Run& run, const CostTable& costs = tiny_costs()) {
    const auto report = price(run, costs);
    REQUIRE(report);
    const auto comparison = compare({{run, *report}}, *shipped_baselines(), *shipped_gpus(), {});
    REQUIRE(comparison);
    return report_page(run, *report, &*comparison);
}

}  // namespace tephra::test

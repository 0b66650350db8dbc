// Fuzz target: any bytes as a run give a run that can be priced, listed and drawn, or is refused with one error.
#include "simulator/run.hpp"

#include "simulator/page/report_page.hpp"
#include "simulator/price.hpp"
#include "simulator/report_rows.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/json_mutator.hpp"

using namespace tephra;
using namespace tephra::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto run = parse_run(text_of(data, size), "fuzz");
    if (!accepted_text(run)) return 0;
    static const CostTable free, priced = find_cost_table("loihi2").value();
    for (const CostTable* table : {&free, &priced}) {
        const auto report = price(*run, *table);
        if (!accepted(report)) continue;
        require(!report_rows(*report).empty());
        require(!report_json(*run, *report).dump().empty());
        require(!report_page(*run, *report, nullptr).empty());
    }
    return 0;
}

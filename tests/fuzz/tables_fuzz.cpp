// Fuzz target: any bytes as a cost table, a GPU or baseline rows give one of them, or one error each. A cost table
// prices a run whose numbers are finite or undefined.
#include <cmath>

#include "simulator/cost_table.hpp"
#include "simulator/lm/baseline.hpp"
#include "simulator/lm/gpu_roofline.hpp"
#include "simulator/page/report_page.hpp"
#include "simulator/report_rows.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/json_mutator.hpp"

using namespace tephra;
using namespace tephra::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    accepted_text(parse_gpu(text, "fuzz"));
    accepted_text(parse_baselines(text, "fuzz"));
    const auto table = parse_cost_table(text, "fuzz");
    if (!accepted_text(table)) return 0;
    static const Run run = read_run(TEPHRA_FUZZ_CORPUS "/run/tiny.json").value();
    const auto report = price(run, *table);
    if (!accepted(report)) return 0;
    for (const ReportRow& row : report_rows(*report)) require(std::isfinite(row.value.value_or(0)));
    require(!report_page(run, *report, nullptr).empty());
    return 0;
}

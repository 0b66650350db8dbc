#include "backends/fpga/rows_beside.hpp"

#include <algorithm>
#include <utility>

#include "backends/fpga/estimate.hpp"

namespace tephra::fpga {
namespace {

Result<void> add_rows(const FpgaTask& task, const std::string& model, const FpgaDevice& device, RowsBeside& out) {
    const auto family = find_family(device.family);
    if (!family) return tl::unexpected(family.error());
    const auto best = best_lanes(task, device, *family);
    if (!best) {
        out.notes.push_back("no FPGA row of " + model + " on " + device.device + ": " + best.error().message);
        return {};
    }
    const auto estimated = estimate(*best, device, *family);
    if (!estimated) return tl::unexpected(estimated.error());
    out.rows.push_back(baseline_of(*estimated, device, model));
    return {};
}

}  // namespace

Result<RowsBeside> rows_beside(const std::vector<PricedRun>& runs) {
    const auto devices = shipped_fpgas();
    if (!devices) return tl::unexpected(devices.error());
    RowsBeside out;
    std::vector<std::pair<std::string, int>> seen;
    for (const PricedRun& priced : runs) {
        const ModelShape* shape = shape_of(priced.run.parameters);
        const int streams = priced.run.streams;
        if (shape == nullptr || priced.run.mode != RunMode::generate || streams > max_streams) continue;
        if (std::ranges::find(seen, std::pair(shape->name, streams)) != seen.end()) continue;
        seen.emplace_back(shape->name, streams);
        FpgaTask task;
        task.config = config_of(*shape);
        task.streams = streams;
        for (const FpgaDevice& device : *devices)
            if (auto added = add_rows(task, shape->name, device, out); !added) return tl::unexpected(added.error());
    }
    return out;
}

}  // namespace tephra::fpga

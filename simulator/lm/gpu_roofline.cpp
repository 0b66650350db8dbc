#include "simulator/lm/gpu_roofline.hpp"

#include <algorithm>

#include "core/data_files.hpp"
#include "core/file_kind.hpp"
#include "core/files.hpp"
#include "core/object_reader.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

constexpr double least_entry = 1e-9;  // the roofline divides by bandwidth and compute
constexpr double max_entry = 1e12;
constexpr double kernels_outside_blocks = 3;  // embedding, last norm, head

/// {value, kind, source} at `key`; faults name the place.
Result<Price> read_entry(ObjectReader& parent, const std::string& key) {
    if (!parent.has(key)) {
        parent.value(key);
        return Price{};
    }
    ObjectReader reader(parent.value(key), parent.place(key));
    Price entry;
    entry.value = entry.low = entry.high = reader.number("value", least_entry, max_entry);
    entry.kind = read_evidence(reader, "kind", price_evidence);
    entry.source = reader.string("source");
    if (entry.source.empty()) reader.fault("source", "a number needs its source");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return entry;
}

}  // namespace

Result<GpuDescription> parse_gpu(std::string_view text, const std::string& place) {
    auto json = parse_json(text, place, FileKind::gpu);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    GpuDescription gpu;
    gpu.device = reader.string("device");
    gpu.scope = read_scope(reader, "power_includes");
    const std::pair<const char*, Price*> entries[] = {{"bandwidth_gb_s", &gpu.bandwidth},
                                                      {"compute_tflops", &gpu.compute},
                                                      {"launch_us", &gpu.launch},
                                                      {"kernels_per_block", &gpu.kernels_per_block},
                                                      {"idle_w", &gpu.idle},
                                                      {"peak_w", &gpu.peak}};
    for (const auto& [key, target] : entries) {
        auto entry = read_entry(reader, key);
        if (!entry) return tl::unexpected(entry.error());
        *target = std::move(*entry);
    }
    if (gpu.peak.value < gpu.idle.value) reader.fault("peak_w", "peak power lies below idle power");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return gpu;
}

Result<std::vector<GpuDescription>> shipped_gpus() {
    std::vector<GpuDescription> gpus;
    for (const std::string& name : data_file_names("machines/gpus")) {
        auto path = find_data_file("machines/gpus", "GPU", name);
        if (!path) return tl::unexpected(path.error());
        auto text = read_file(*path);
        if (!text) return tl::unexpected(text.error());
        auto gpu = parse_gpu(*text, *path);
        if (!gpu) return tl::unexpected(gpu.error());
        gpus.push_back(std::move(*gpu));
    }
    return gpus;
}

Baseline gpu_roofline(const GpuDescription& gpu, const ModelShape& shape, const RooflineTask& task) {
    const bool generate = task.mode == RunMode::generate;
    const double tokens = generate ? task.batch : static_cast<double>(task.length);
    const auto weights = static_cast<double>(shape.projection_weights());
    const double states = (generate ? task.batch : 1) * 2.0 * 4 * shape.layers * shape.hidden;
    const double bytes = weights * task.weight_bits / 8 + states;
    const double memory_s = bytes / (gpu.bandwidth.value * 1e9);
    const double compute_s = 2 * weights * tokens / (gpu.compute.value * 1e12);
    const double kernels = shape.layers * gpu.kernels_per_block.value + kernels_outside_blocks;
    const double busy_s = std::max(memory_s, compute_s);
    const double step_s = busy_s + kernels * gpu.launch.value * 1e-6;
    Baseline row;
    row.device = gpu.device;
    row.device_class = "gpu";
    row.software = "roofline, weights of " + std::to_string(task.weight_bits) + " bits";
    row.model = shape.name;
    row.mode = task.mode;
    row.batch = task.batch;
    if (!generate) row.length = task.length;
    row.tokens_per_s = tokens / step_s;
    row.watts = gpu.idle.value + (gpu.peak.value - gpu.idle.value) * busy_s / step_s;
    row.mj_per_token = *row.watts * step_s / tokens * 1e3;
    row.scope = gpu.scope;
    row.kind = Evidence::derived;
    row.source = "max(" + fixed_text(memory_s * 1e6, 0) + " us memory, " + fixed_text(compute_s * 1e6, 0) +
                 " us arithmetic) + " + fixed_text(kernels, 0) + " kernels x " + number_text(gpu.launch.value) +
                 " us; docs/validation.md, section GPU rooflines";
    return row;
}

}  // namespace tephra

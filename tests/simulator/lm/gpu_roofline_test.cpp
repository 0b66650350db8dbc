#include "simulator/lm/gpu_roofline.hpp"

#include <algorithm>
#include <cmath>

#include "tests/catch.hpp"

using namespace tephra;

namespace {

GpuDescription round_gpu() {
    GpuDescription gpu;
    gpu.device = "round";
    gpu.bandwidth.value = 1000;  // GB/s
    gpu.compute.value = 100;     // TFLOP/s
    gpu.launch.value = 1;
    gpu.kernels_per_block.value = 10;
    gpu.idle.value = 50;
    gpu.peak.value = 250;
    return gpu;
}

const ModelShape shape{"s", 1000, 100, 2, 200};

std::string described(const std::string& peak) {
    std::string text = R"({"device":"d","power_includes":"board")";
    for (const char* key : {"bandwidth_gb_s", "compute_tflops", "launch_us", "kernels_per_block", "idle_w"})
        text += std::string(",\"") + key + R"(":{"value":5,"kind":"cited","source":"p"})";
    return text + R"(,"peak_w":{"value":)" + peak + R"(,"kind":"cited","source":"p"}})";
}

}  // namespace

TEST_CASE("a token that waits for memory takes its weights, its states and its kernels") {
    const GpuDescription gpu = round_gpu();
    CHECK(shape.projection_weights() == 2 * (4 * 10000 + 3 * 20000) + 100000);
    const Baseline row = gpu_roofline(gpu, shape, {RunMode::generate, 1, 1, 16});
    const double busy = (300000 * 2 + 2.0 * 4 * 2 * 100) / 1e12, step = busy + 23e-6;
    CHECK(row.tokens_per_s == Approx(1 / step));
    CHECK(*row.watts == Approx(50 + 200 * busy / step));
    CHECK(row.mj_per_token == Approx(*row.watts * step * 1e3));
    CHECK(row.kind == Evidence::derived);
}

TEST_CASE("a step of many sequences waits for arithmetic, and packed weights don't help it") {
    const GpuDescription gpu = round_gpu();
    const double step = 2 * 300000.0 * 4096 / 100e12 + 23e-6;
    const Baseline wide = gpu_roofline(gpu, shape, {RunMode::generate, 4096, 1, 16});
    CHECK(wide.tokens_per_s == Approx(4096 / step));
    CHECK(wide.batch == 4096);
    CHECK_FALSE(wide.length);
    CHECK(gpu_roofline(gpu, shape, {RunMode::generate, 4096, 1, 2}).tokens_per_s == Approx(4096 / step));
    const Baseline prompt = gpu_roofline(gpu, shape, {RunMode::prefill, 1, 4096, 16});
    CHECK(prompt.tokens_per_s == Approx(4096 / step));
    CHECK(prompt.length == 4096);
    CHECK(gpu_roofline(gpu, shape, {RunMode::generate, 1, 1, 2}).tokens_per_s >
          gpu_roofline(gpu, shape, {RunMode::generate, 1, 1, 16}).tokens_per_s);
}

TEST_CASE("the longest prompt has a finite roofline") {
    const Baseline row = gpu_roofline(round_gpu(), shape, {RunMode::prefill, 1, std::int64_t{1} << 31, 16});
    CHECK(std::isfinite(row.tokens_per_s));
    CHECK(row.mj_per_token > 0);
    CHECK(row.length == std::int64_t{1} << 31);
}

TEST_CASE("rooflines bound engines that start a kernel for each operation") {
    const auto baselines = shipped_baselines();
    const auto gpus = shipped_gpus();
    REQUIRE((baselines && gpus));
    int bounded = 0;
    for (const Baseline& measured : *baselines) {
        const ModelShape* known = shape_named(measured.model);
        if (known == nullptr || measured.software.find("PyTorch") == std::string::npos || !measured.batch) continue;
        const RooflineTask task{measured.mode, *measured.batch, measured.length.value_or(1), 16};
        CHECK(gpu_roofline(gpus->front(), *known, task).tokens_per_s > measured.tokens_per_s);
        ++bounded;
    }
    CHECK(bounded == 30);
}

TEST_CASE("GPU descriptions are read whole, or refused with their place") {
    const auto gpu = parse_gpu(described("6"), "g.json");
    REQUIRE(gpu);
    CHECK(gpu->peak.value == 6);
    CHECK(gpu->launch.kind == Evidence::cited);
    CHECK(parse_gpu(described("5"), "g.json"));  // peak as idle
    CHECK(parse_gpu(described("1e12"), "g.json"));
    for (const char* peak : {"4.9", "1.1e12", "0", "\"6\""}) {
        const auto refused = parse_gpu(described(peak), "g.json");
        INFO(peak);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().place.starts_with("g.json#/peak_w"));
    }
    CHECK_FALSE(parse_gpu(R"({"device":"d","power_includes":"board"})", "g.json"));
    const auto shipped = shipped_gpus();
    REQUIRE(shipped);
    CHECK(shipped->size() == 3);
}

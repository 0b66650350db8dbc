#include "backends/fpga/estimate.hpp"

#include "backends/fpga/image.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;
using namespace tephra::fpga;

namespace {

FpgaTask shipped_task() {
    FpgaTask task;
    task.config = config_of(*shape_named("mmf-7m"));
    return task;
}

FpgaEstimate on(const char* name, const FpgaTask& task) {
    const auto device = find_fpga(name).value();
    const auto result = estimate(task, device, find_family(device.family).value());
    INFO((result ? "" : to_string(result.error())));
    REQUIRE(result);
    return *result;
}

}  // namespace

TEST_CASE("the words of an image are counted as the packer packs them") {
    for (const int d : {48, 65}) {
        ModelConfig config = test::small_config();
        config.hidden_size = d;
        config.intermediate_size = 300;
        config.num_layers = 2;
        config.vocab_size = 97;
        const auto model = test::random_deployment(config);
        for (const auto& [lanes, packing] : {std::pair{16, Packing::two_bits}, std::pair{64, Packing::two_bits},
                                             std::pair{20, Packing::five_trits}, std::pair{80, Packing::five_trits}}) {
            const auto shape = shape_for(model->graph.config, lanes, packing, 2);
            REQUIRE(shape);
            const auto image = pack_image(*model, *shape);
            INFO(d << " " << lanes << (image ? "" : to_string(image.error())));
            REQUIRE(image);
            CHECK(image->words() == image_words(model->graph.config, model->graph.embeddings.type, *shape));
        }
    }
}

TEST_CASE("a shape has the fewest address bits that hold the model, and words of a power of two") {
    const auto shape = shape_for(config_of(*shape_named("mmf-7m")), 16, Packing::two_bits, 1).value();
    CHECK(shape.x_bits == 8);   // d = 256
    CHECK(shape.p_bits == 10);  // 3 d = f = 768
    CHECK(shape.h_bits == 11);  // 6 x 256
    CHECK(shape.q_bits == 6);   // 3 x 16 words
    for (const auto& [lanes, packing] : {std::pair{17, Packing::two_bits}, std::pair{48, Packing::two_bits},
                                         std::pair{16, Packing::five_trits}, std::pair{8, Packing::two_bits}}) {
        const auto refused = shape_for(config_of(*shape_named("mmf-7m")), lanes, packing, 1);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::usage);
        CHECK(refused.error().place == "--lanes");
    }
}

TEST_CASE("the board that was simulated comes out as simulated") {
    // backends/fpga/README.md: 423,284 cycles a token in the simulation of the board with its SDRAM, 118.1 tok/s.
    const FpgaEstimate e = on("ulx3s-85f", shipped_task());
    CHECK(e.cycles.total() == 414311);
    CHECK(std::abs(e.token_cycles / 423284 - 1) < 0.005);
    CHECK(std::abs(e.tokens_per_s / 118.1 - 1) < 0.005);
    CHECK(e.bound == Bound::memory);
    CHECK(e.mj_per_token.high == Approx(2500 / e.tokens_per_s));
    CHECK(e.image_bytes < 4.0e6);
    CHECK(e.needs.dsps == 41);
    CHECK(std::abs(e.placed_luts / 10868 - 1) < 0.001);
}

TEST_CASE("more lanes do not help where memory binds, more streams do") {
    FpgaTask task = shipped_task();
    const FpgaEstimate one = on("ulx3s-85f", task);
    task.streams = 8;
    const FpgaEstimate eight = on("ulx3s-85f", task);
    CHECK(eight.tokens_per_s > 4 * one.tokens_per_s);
    task.streams = 1;
    task.lanes = 64;
    CHECK(on("ulx3s-85f", task).tokens_per_s < 1.2 * one.tokens_per_s);
}

TEST_CASE("what does not fit is refused with what is needed and what is there") {
    const auto device = find_fpga("ulx3s-85f").value();
    const auto family = find_family(device.family).value();
    const auto fault = [&](const FpgaTask& task) {
        const auto result = estimate(task, device, family);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::does_not_fit);
        return to_string(result.error());
    };
    FpgaTask task = shipped_task();
    task.lanes = 1024;
    CHECK_THAT(fault(task), test::contains("LUTs after place and route, there are 58 547 (70 % of 83 640"));
    task.lanes = 16;
    task.config = config_of(*shape_named("mmfree-370m"));
    CHECK_THAT(fault(task), test::contains("bytes of memory, there are 33 554 432 (SDRAM)"));
    task.config = config_of(*shape_named("mmfree-2.7b"));
    CHECK_THAT(fault(task), test::contains("block RAMs of 18 kbit, there are 208"));
    CHECK_FALSE(best_lanes(task, device, family));
    task = shipped_task();
    task.memory = "HBM";
    CHECK(estimate(task, device, family).error().code == ErrorCode::bad_input);
}

TEST_CASE("the best lanes are the fewest within a hundredth of the fastest core that fits") {
    const auto device = find_fpga("u250").value();
    const auto family = find_family(device.family).value();
    FpgaTask task;
    task.config = config_of(*shape_named("mmfree-370m"));
    const auto best = best_lanes(task, device, family).value();
    const double rate = estimate(best, device, family)->tokens_per_s;
    for (task.lanes = base_lanes; task.lanes <= max_lanes; task.lanes *= 2)
        if (const auto other = estimate(task, device, family)) {
            CHECK(other->tokens_per_s < 1.05 * rate);
            if (task.lanes < best.lanes) CHECK(other->tokens_per_s < rate);
        }
}

TEST_CASE("each bound binds somewhere") {
    FpgaTask task = shipped_task();
    task.clock_mhz = 0.5;
    CHECK(on("ulx3s-85f", task).bound == Bound::lanes);
    task.lanes = 512;  // d is 256
    CHECK(on("ulx3s-85f", task).bound == Bound::rows);
    FpgaTask large = task;
    large.config = config_of(*shape_named("mmfree-2.7b"));
    large.lanes = 2048;  // 4096 do not fit
    CHECK(on("kv260", large).bound == Bound::luts);
    task.lanes = 16;
    task.clock_mhz.reset();
    CHECK(on("ulx3s-85f", task).bound == Bound::memory);
    task.streams = 32;
    CHECK(on("u280", task).bound == Bound::latency);
}

TEST_CASE("a row of compare says what it rests on") {
    const FpgaEstimate e = on("ulx3s-85f", shipped_task());
    const Baseline row = baseline_of(e, find_fpga("ulx3s-85f").value(), "mmf-7m");
    CHECK(row.kind == Evidence::derived);
    CHECK(row.scope == PowerScope::board);
    CHECK(row.device_class == "fpga");
    CHECK(row.batch == 1);
    CHECK_THAT(row.source, test::contains("at 50 MHz (measured), bound by memory bandwidth; 0.5 to 2.5 W (cited)"));
    CHECK_THAT(row.source, test::contains("never run on hardware"));
}

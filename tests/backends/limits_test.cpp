// What the CUDA engine refuses, at each limit and one beyond; no GPU needed.
#include "backends/cuda/limits.hpp"

#include "neuro/lm/deployment.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::cuda;

namespace {

/// A model of one block whose formats every kernel takes.
Deployment model_of(int hidden, int intermediate, int vocabulary) {
    Deployment model;
    model.graph.config = synth_shape(hidden, 1, intermediate, vocabulary).config;
    model.quantized.x_embedding = 16;
    model.quantized.blocks.resize(1);
    model.quantized.blocks[0].formats = {16, 16, 16, 16, 16, 16, 16, 16, 16, 16};
    return model;
}

void require_refused(const Result<void>& result, ErrorCode code, const std::string& message) {
    REQUIRE(!result);
    CHECK(result.error().code == code);
    CHECK(result.error().message == message);
    CHECK(!result.error().hint.empty());
}

}  // namespace

TEST_CASE("vectors that a norm cannot hold are refused") {
    CHECK(most_columns == 16384);
    CHECK(check_model(model_of(most_columns, 64, 100)));
    CHECK(check_model(model_of(64, most_columns, 100)));
    require_refused(check_model(model_of(most_columns + 1, 64, 100)), ErrorCode::does_not_fit,
                    "the CUDA engine takes a hidden size of at most 16384, this model has 16385");
    require_refused(check_model(model_of(64, most_columns + 1, 100)), ErrorCode::does_not_fit,
                    "the CUDA engine takes an intermediate size of at most 16384, this model has 16385");
}

TEST_CASE("a vocabulary whose tokens do not fit the greedy choice is refused") {
    CHECK(check_model(model_of(64, 64, most_vocabulary)));
    CHECK(!check_model(model_of(64, 64, most_vocabulary + 1)));
}

TEST_CASE("a batch beyond a grid's axis is refused") {
    CHECK(!check_streams(0));
    CHECK(check_streams(1));
    CHECK(check_streams(most_streams));
    require_refused(check_streams(most_streams + 1), ErrorCode::bad_input,
                    "the CUDA engine takes 1 to 65535 streams, not 65536");
}

TEST_CASE("every format beyond the sigmoid's table is refused") {
    int BlockFormats::*const fields[] = {&BlockFormats::x_in, &BlockFormats::x_mid, &BlockFormats::x_out,
                                         &BlockFormats::f,    &BlockFormats::i,     &BlockFormats::g,
                                         &BlockFormats::h,    &BlockFormats::z};
    for (int BlockFormats::*const field : fields) {
        Deployment model = model_of(64, 64, 100);
        BlockFormats& formats = model.quantized.blocks[0].formats;
        formats.t = formats.y = 0;
        formats.*field = most_fraction_bits;
        CHECK(check_model(model));
        formats.*field = most_fraction_bits + 1;
        CHECK(!check_model(model));
        formats.*field = -1;
        CHECK(!check_model(model));
    }
    Deployment model = model_of(64, 64, 100);
    model.quantized.x_embedding = most_fraction_bits + 1;
    CHECK(!check_model(model));
}

TEST_CASE("products of states that are shifted by too few bits are refused") {
    Deployment model = model_of(64, 64, 100);
    BlockFormats& formats = model.quantized.blocks[0].formats;
    formats.g = 14;
    formats.h = 15;
    formats.z = 16;
    formats.t = formats.g + formats.h - least_product_shift;
    formats.y = 2 * formats.z - least_product_shift;
    CHECK(check_model(model));
    ++formats.t;
    require_refused(check_model(model), ErrorCode::does_not_fit,
                    "the CUDA engine shifts a product by at least 16 bits, block 0 t is shifted by 15");
    --formats.t;
    ++formats.y;
    require_refused(check_model(model), ErrorCode::does_not_fit,
                    "the CUDA engine shifts a product by at least 16 bits, block 0 y is shifted by 15");
}

TEST_CASE("devices that are too old are refused") {
    CHECK(check_capability("A GPU", 80));
    require_refused(check_capability("A GPU", 75), ErrorCode::device,
                    "A GPU has compute capability 7.5, at least 8.0 is needed");
}

TEST_CASE("only the device on which they were compared runs Hopper's kernels") {
    for (const int capability : {80, 86, 89, 91, 100, 103, 120}) CHECK(!runs_hopper_kernels(capability));
    CHECK(runs_hopper_kernels(90));
}

TEST_CASE("code compiled without Hopper's own instructions is refused on Hopper alone") {
    CHECK(check_code({.hopper = true}, 90));
    CHECK(check_code({.hopper = false}, 80));
    CHECK(check_code({.hopper = false}, 100));
    const auto refused = check_code({.hopper = false}, 90);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::device);
    CHECK(refused.error().hint.find("90a") != std::string::npos);
}

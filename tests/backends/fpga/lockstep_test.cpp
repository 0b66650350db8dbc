// Two engines in lockstep: equal ones pass, the first difference is named. Needs no Verilator.
#include "backends/fpga/lockstep.hpp"

#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;

namespace {

std::shared_ptr<const Deployment> with_other_shift() {
    auto model = std::make_shared<Deployment>(*test::random_deployment());
    model->quantized.blocks[1].formats.t -= 1;
    return model;
}

std::unique_ptr<Engine> golden(const std::shared_ptr<const Deployment>& model) {
    return make_golden_engine(model, {2, 1}).value();
}

}  // namespace

TEST_CASE("equal engines in lockstep give what one gives") {
    const auto model = test::random_deployment();
    const auto engine = fpga::make_lockstep_engine(golden(model), golden(model), model);
    const auto alone = golden(model);
    const std::vector<std::int32_t> ids = {5, 9};
    std::vector<std::int32_t> got(2 * 97), want(2 * 97);
    int shown = 0;
    engine->set_tap([&](int, int, std::string_view, std::span<const std::int32_t>) { ++shown; });
    REQUIRE(engine->decode(ids, got));
    REQUIRE(alone->decode(ids, want));
    CHECK(got == want);
    CHECK(shown > 0);
    REQUIRE(engine->prefill(1, ids, Logits::all, got));
    REQUIRE(alone->prefill(1, ids, Logits::all, want));
    CHECK(got == want);
    CHECK(!engine->decode(std::vector<std::int32_t>{-1}, std::span(got).first(97)));
}

TEST_CASE("the first difference names token, block, stage, element and both values") {
    const auto model = test::random_deployment();
    const auto engine = fpga::make_lockstep_engine(golden(with_other_shift()), golden(model), model);
    const auto result = engine->decode(std::vector<std::int32_t>{5}, {});
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::comparison_failed);
    CHECK_THAT(result.error().message, test::contains("token 0 of stream 0, block 1, t, element "));
    CHECK_THAT(result.error().message, test::contains(", the golden engine has "));
}

TEST_CASE("a state that differs is named before any value is computed from it") {
    const auto model = test::random_deployment();
    auto other = golden(model);
    REQUIRE(other->write_state(0, std::vector<std::int32_t>(3 * 48, 77)));
    const auto engine = fpga::make_lockstep_engine(std::move(other), golden(model), model);
    const auto result = engine->prefill(0, std::vector<std::int32_t>{5}, Logits::none, {});
    REQUIRE(!result);
    CHECK_THAT(result.error().message, test::contains("block 0, h, element 0: "));
}

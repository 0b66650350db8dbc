// The RTL engine against the golden one, value by value: every tap, logits and state.
#include "backends/fpga/engine.hpp"

#include <thread>

#include "backends/fpga/lockstep.hpp"
#include "neuro/lm/sampling.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"
#include "tests/neuro/lm/uniform_model.hpp"

using namespace tephra;

namespace {

/// True in a build with Verilator; says so where it is not.
bool built() {
    if (!fpga::built_shapes().empty()) return true;
    WARN("skipped: built without Verilator (install it and configure again)");
    return false;
}

std::unique_ptr<Engine> checked(const std::shared_ptr<const Deployment>& model, const RtlEngineOptions& options) {
    auto rtl = make_rtl_engine(model, options);
    if (!rtl) FAIL(to_string(rtl.error()));
    return fpga::make_lockstep_engine(std::move(*rtl), make_golden_engine(model, {options.streams, 1}).value(), model);
}

void demand(const Result<void>& result) {
    if (!result) FAIL(to_string(result.error()));
}

/// Feeds `steps` random tokens to each of the first `batch` streams.
void decode(Engine& engine, const Deployment& model, int batch, int steps, std::uint64_t seed) {
    const int vocabulary = model.graph.config.vocab_size;
    std::vector<std::int32_t> logits(static_cast<std::size_t>(vocabulary) * static_cast<std::size_t>(batch));
    for (int step = 0; step < steps; ++step)
        demand(engine.decode(test::random_ids(batch, vocabulary, seed + static_cast<std::uint64_t>(step)), logits));
}

ModelConfig config_of(int d, int f, int blocks, int vocabulary) {
    ModelConfig config = test::small_config();
    config.hidden_size = d;
    config.intermediate_size = f;
    config.num_layers = blocks;
    config.vocab_size = vocabulary;
    return config;
}

/// A memory with all that can go wrong with a stream, and a host that is slow to take logits.
RtlEngineOptions troubled(int lanes, int streams) {
    RtlEngineOptions options{.streams = streams, .lanes = lanes};
    options.memory = {.latency = 11,
                      .burst = 8,
                      .burst_gap = 5,
                      .refresh_interval = 391,
                      .refresh_length = 9,
                      .pause = 0.2,
                      .pause_seed = static_cast<std::uint64_t>(lanes + streams)};
    options.host_pause = 0.3;
    return options;
}

}  // namespace

TEST_CASE("the RTL core equals the golden engine on models of odd widths, on every core that was built") {
    if (!built()) return;
    for (const fpga::CoreShape& shape : fpga::built_shapes())
        for (const ModelConfig& config : {test::small_config(), config_of(1, 1, 1, 2), config_of(65, 17, 2, 33),
                                          config_of(16, 129, 1, 70), config_of(130, 64, 2, 31)}) {
            INFO(shape.lanes << " lanes, d " << config.hidden_size << ", f " << config.intermediate_size);
            const auto model = test::random_deployment(config, 3);
            const auto engine = checked(model, {.streams = shape.streams, .lanes = shape.lanes});
            decode(*engine, *model, shape.streams, 3, 5);
        }
}

TEST_CASE("the RTL core loses nothing when memory and host make it wait") {
    if (!built()) return;
    const auto model = test::random_deployment(config_of(67, 150, 2, 90), 4);
    for (const fpga::CoreShape& shape : fpga::built_shapes()) {
        INFO(shape.lanes << " lanes");
        const auto engine = checked(model, troubled(shape.lanes, shape.streams));
        decode(*engine, *model, shape.streams, 4, 6);
    }
}

TEST_CASE("streams of the RTL core do not mix, whichever have tokens and however many they are") {
    if (!built()) return;
    const auto model = test::random_deployment(test::small_config(), 5);
    const auto engine = checked(model, {.streams = 3, .lanes = 16});
    decode(*engine, *model, 3, 2, 1);
    decode(*engine, *model, 1, 2, 2);
    const auto ids = test::random_ids(4, 97, 9);
    std::vector<std::int32_t> logits(97 * 4);
    demand(engine->prefill(1, ids, Logits::all, logits));
    demand(engine->prefill(2, ids, Logits::none, {}));
    std::vector<std::int32_t> h(static_cast<std::size_t>(3 * 48), -8388608);
    demand(engine->write_state(1, h));
    demand(engine->write_state(2, h));
    decode(*engine, *model, 3, 2, 3);
}

TEST_CASE("sums of the RTL core stand the largest rows and states at both ends") {
    if (!built()) return;
    for (const fpga::CoreShape& shape : fpga::built_shapes())
        for (const test::Uniform& uniform :
             {test::Uniform{256, 6912, true, false, false}, test::Uniform{256, 6912, false, true, false},
              test::Uniform{256, 6912, true, false, true}}) {
            if (shape.lanes < 64 && !uniform.saturates) continue;  // a cycle for 16 columns of 6912: one is enough
            INFO(shape.lanes << " lanes, weights " << uniform.plus << ", saturates " << uniform.saturates);
            const auto model = test::make_uniform(uniform, 64);
            const auto engine = checked(model, {.lanes = shape.lanes});
            std::vector<std::int32_t> logits(static_cast<std::size_t>(3 * 64));
            demand(engine->prefill(0, std::vector<std::int32_t>{0, 2, 1}, Logits::all, logits));
        }
}

TEST_CASE("the RTL core tells the shipped model's text, every value equal, and chooses greedily") {
    if (!built()) return;
    const auto model = load_model(std::string(TEPHRA_MODELS) + "/mmf-7m.tph").value();
    auto rtl = make_rtl_engine(model, {}).value();
    const RtlEngine& core = *rtl;
    const auto engine = fpga::make_lockstep_engine(std::move(rtl), make_golden_engine(model, {1, 1}).value(), model);
    std::vector<std::int32_t> logits(static_cast<std::size_t>(model->graph.config.vocab_size));
    std::int32_t id = 1;
    for (int t = 0; t < 64; ++t) {
        demand(engine->decode({&id, 1}, logits));
        id = greedy_token(logits);
        REQUIRE(core.choices()[0] == id);
    }
}

TEST_CASE("cores of the RTL work and end in another thread than they were made in, in any order") {
    if (!built()) return;
    const auto model = test::random_deployment();
    std::unique_ptr<Engine> first, last;
    std::thread([&] {
        first = checked(model, {});
        last = checked(model, {});
    }).join();
    decode(*first, *model, 1, 2, 5);
    decode(*last, *model, 1, 2, 6);
    last.reset();
    decode(*first, *model, 1, 2, 7);
    std::thread([&] { first.reset(); }).join();
}

TEST_CASE("the RTL engine refuses what it was not built for") {
    if (!built()) {
        const auto none = make_rtl_engine(test::random_deployment(), {});
        REQUIRE(!none);
        CHECK(none.error().code == ErrorCode::device);
        CHECK_THAT(to_string(none.error()), test::contains("built without the RTL core"));
        return;
    }
    const auto model = test::random_deployment();
    const auto lanes = make_rtl_engine(model, {.lanes = 17});
    REQUIRE(!lanes);
    CHECK(lanes.error().code == ErrorCode::usage);
    CHECK_THAT(to_string(lanes.error()), test::contains("no core of 17 lanes"));
    CHECK(!make_rtl_engine(model, {.streams = 0}));
    const auto engine = make_rtl_engine(model, {}).value();
    std::vector<std::int32_t> logits(97);
    CHECK(!engine->decode(std::vector<std::int32_t>{97}, logits));
    CHECK(!engine->decode(std::vector<std::int32_t>{0, 0}, {}));
    CHECK(!engine->prefill(1, std::vector<std::int32_t>{0}, Logits::none, {}));
}

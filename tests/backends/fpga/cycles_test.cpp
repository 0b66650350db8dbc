// The count of cycles against the simulated core with an ideal memory, exactly.
#include "backends/fpga/cycles.hpp"

#include "backends/fpga/engine.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;
using namespace tephra::fpga;

namespace {

/// Cycles of the second token, the first of each stream being over.
TokenCycles simulated(const std::shared_ptr<const Deployment>& model, const CoreShape& shape, bool logits,
                      const MemoryTiming& memory = {}) {
    RtlEngineOptions options{.streams = shape.streams, .lanes = shape.lanes};
    options.memory = memory;
    const auto engine = make_rtl_engine(model, options).value();
    const int vocabulary = model->graph.config.vocab_size;
    std::vector<std::int32_t> out(
        logits ? static_cast<std::size_t>(vocabulary) * static_cast<std::size_t>(shape.streams) : 0);
    for (std::uint64_t step = 0; step < 2; ++step)
        REQUIRE(engine->decode(test::random_ids(shape.streams, vocabulary, step), out));
    return engine->cycles();
}

}  // namespace

TEST_CASE("the count of cycles and words is what the core takes with an ideal memory") {
    if (built_shapes().empty()) WARN("skipped: built without Verilator");
    struct Size {
        int d, f, blocks, vocabulary;
    };
    for (const CoreShape& shape : built_shapes())
        for (const Size& size :
             {Size{48, 300, 3, 97}, Size{64, 64, 1, 64}, Size{130, 40, 2, 500}, Size{65, 333, 2, 90}}) {
            ModelConfig config = test::small_config();
            config.hidden_size = size.d;
            config.intermediate_size = size.f;
            config.num_layers = size.blocks;
            config.vocab_size = size.vocabulary;
            const auto model = test::random_deployment(config);
            for (const bool logits : {true, false}) {
                INFO(shape.lanes << " lanes, " << shape.streams << " streams, d " << size.d << ", f " << size.f
                                 << ", head " << logits);
                const CycleCount count = count_cycles(config, model->graph.embeddings.type, shape,
                                                      logits ? HeadMode::logits : HeadMode::none);
                const TokenCycles cycles = simulated(model, shape, logits);
                CHECK(cycles.total == count.total());
                CHECK(cycles.words == count.words);
            }
        }
}

TEST_CASE("the shipped model's cycles are counted exactly") {
    const auto model = load_model(std::string(TEPHRA_MODELS) + "/mmf-7m.tph").value();
    if (built_shapes().empty()) WARN("skipped: built without Verilator");
    for (const CoreShape& shape : built_shapes()) {
        const CycleCount count =
            count_cycles(model->graph.config, model->graph.embeddings.type, shape, HeadMode::logits);
        const TokenCycles cycles = simulated(model, shape, true);
        INFO(shape.lanes << " lanes, " << shape.streams << " streams");
        CHECK(cycles.total == count.total());
        CHECK(cycles.words == count.words);
        // All weights, 6.16 million with the head, padded to whole words.
        CHECK(count.weight_words * static_cast<std::uint64_t>(shape.lanes) >= 6160384);
    }
}

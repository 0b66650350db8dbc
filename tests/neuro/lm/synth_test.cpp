#include "neuro/lm/synth.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "core/stop.hpp"
#include "neuro/lm/tph.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// The error of writing a model of this shape; nothing is left behind.
Error refusal(const SynthOptions& options) {
    const test::TemporaryPath path("refused.tph");
    const auto written = write_synthetic_model(options, path.str());
    REQUIRE_FALSE(written);
    CHECK(written.error().code == ErrorCode::bad_input);
    CHECK_FALSE(written.error().hint.empty());
    CHECK_FALSE(std::filesystem::exists(path.str()));
    return written.error();
}

}  // namespace

TEST_CASE("a model of one token can be written and read") {
    const auto model = make_synthetic_model(synth_shape(16, 1, 24, 1));
    REQUIRE(model);
    CHECK((*model)->graph.config.vocab_size == 1);
    CHECK((*model)->graph.config.bos_token_id == -1);
}

TEST_CASE("sizes beyond their limits are refused before anything is written") {
    CHECK(refusal(synth_shape(max_vector + 1, 1, 8, 8)).message == "the hidden size of the model is 65537");
    CHECK(refusal(synth_shape(8, 1, max_vector + 1, 8)).message == "the intermediate size of the model is 65537");
    CHECK(refusal(synth_shape(8, max_layers + 1, 8, 8)).message == "the number of layers of the model is 4097");
    CHECK(refusal(synth_shape(8, 1, 8, max_vocabulary + 1)).message == "the vocabulary of the model is 16777217");
    CHECK_THAT(refusal(synth_shape(max_vector, max_layers, max_vector, 8)).message,
               test::contains("the model would take"));
    SynthOptions options = synth_shape(8, 1, 8, 8);
    options.threads = 0;
    CHECK(refusal(options).message == "0 threads");
    options.threads = 1;
    options.calibration_tokens = 0;
    CHECK(refusal(options).message == "0 calibration tokens");
    options.calibration_tokens = 8;
    options.name = "two\nlines";
    CHECK_THAT(refusal(options).message, test::contains("control characters"));
}

TEST_CASE("the widest vector that the law allows can be written and read") {
    SynthOptions options = synth_shape(1, 1, max_vector, 3);
    options.calibration_tokens = 1;
    const auto model = make_synthetic_model(options);
    REQUIRE(model);
    CHECK((*model)->graph.blocks[0].down_proj.weight.cols == max_vector);
}

TEST_CASE("a synthetic model in memory leaves no file, whether it is made, refused or stopped") {
    const test::TemporaryPath folder("temporaries");
    std::filesystem::create_directory(folder.str());
    const char* const before = std::getenv("TMPDIR");
    const std::string restored = before == nullptr ? "" : before;
    ::setenv("TMPDIR", folder.str().c_str(), 1);
    const SynthOptions good = synth_shape(64, 1, 64, 100);
    SynthOptions bad = good;
    bad.calibration_tokens = 0;
    CHECK(make_synthetic_model(good));
    CHECK_FALSE(make_synthetic_model(bad));
    const std::atomic<bool> stop = true;
    {
        const StopScope scope(&stop);
        CHECK_THROWS_AS(make_synthetic_model(good), Stopped);
    }
    CHECK(std::filesystem::is_empty(folder.str()));
    before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", restored.c_str(), 1);
}

TEST_CASE("presets have the published shapes") {
    CHECK(parameter_count(synth_preset("mmfree-370m")->config) == 374'108'160);
    CHECK(synth_preset("mmfree-1.3b")->config.intermediate_size == 5632);
    CHECK(synth_preset("mmfree-2.7b")->config.num_layers == 32);
    const auto unknown = synth_preset("mmfree-2.7");
    REQUIRE(!unknown);
    CHECK(unknown.error().code == ErrorCode::usage);
    CHECK(unknown.error().hint == "did you mean mmfree-2.7b?");
}

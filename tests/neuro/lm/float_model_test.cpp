#include "neuro/lm/float_model.hpp"

#include <cmath>
#include <map>
#include <type_traits>

#include "core/files.hpp"
#include "core/json.hpp"
#include "neuro/lm/checkpoint/import.hpp"
#include "neuro/lm/deployment.hpp"
#include "neuro/lm/perplexity.hpp"
#include "neuro/lm/token_file.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"
#include "tests/neuro/npz.hpp"

using namespace tephra;

namespace {

constexpr double tolerance = 1e-4;

/// What the golden files hold of a window: logits, and per layer the forget gate f, the state h and the residual x;
/// each [T x n].
using Values = std::map<std::string, std::vector<double>>;

Values run(const LayerGraph& graph, std::span<const std::int32_t> ids) {
    Values out;
    const auto d = static_cast<std::size_t>(graph.config.hidden_size);
    const std::vector<double> lower = forget_lower_bounds(graph);
    out["logits"] =
        FloatModel(graph).forward(ids, [&](int block, std::string_view name, std::span<const double> values) {
            if (block < 0 || (name != "f" && name != "h" && name != "x")) return;
            std::vector<double>& to = out["layer" + std::to_string(block) + "." + std::string(name)];
            to.assign(values.begin(), values.end());
            if (name != "f") return;
            for (std::size_t i = 0; i < to.size(); ++i) {
                const double lb = lower[static_cast<std::size_t>(block) * d + i % d];
                to[i] = lb + (1 - lb) / (1 + std::exp(-to[i]));
            }
        });
    return out;
}

/// Largest difference of row t over the row's largest magnitude.
double row_error(std::span<const double> got, std::span<const double> expected) {
    double error = 0, peak = 0;
    for (std::size_t j = 0; j < expected.size(); ++j) {
        error = std::max(error, std::abs(got[j] - expected[j]));
        peak = std::max(peak, std::abs(expected[j]));
    }
    return error / peak;
}

/// Compares every row of every value with a full golden archive. Names the positions that differ: a rounding tie of an
/// int8 activation that flips makes a difference far above the tolerance from there on.
void compare(const LayerGraph& graph, const std::map<std::string, test::NpyArray>& golden) {
    const auto ids = golden.at("ids").values<std::int32_t>();
    const Values values = run(graph, ids);
    for (const auto& [key, array] : golden) {
        if (key == "ids") continue;
        const auto floats = array.values<float>();
        const std::vector<double> expected(floats.begin(), floats.end());
        const std::size_t n = array.shape.at(1);
        REQUIRE(array.shape.at(0) == ids.size());
        REQUIRE(values.at(key).size() == expected.size());
        for (std::size_t t = 0; t < ids.size(); ++t) {
            INFO(key << " differs at position " << t << ": a tie flipped here or before");
            CHECK(row_error(std::span(values.at(key)).subspan(t * n, n), std::span(expected).subspan(t * n, n)) <
                  tolerance);
        }
    }
}

}  // namespace

TEST_CASE("the float model gives the reference's values for the model that ships") {
    const auto model = load_model(TEPHRA_MODELS "/mmf-7m.tph");
    REQUIRE(model);
    const Json golden = read_json_file(TEPHRA_TEST_DATA "/golden/mmf-7m.json").value();
    std::vector<std::int32_t> ids;
    for (const Json& id : *golden.find("ids")->array()) ids.push_back(static_cast<std::int32_t>(*id.integer()));
    const Values values = run((*model)->graph, ids);
    for (const auto& [key, got] : values) {
        const std::size_t n = got.size() / ids.size();
        const auto step =
            static_cast<std::size_t>(*golden.find(key == "logits" ? "logit_step" : "state_step")->integer());
        const Json::Array& rows = *golden.find(key)->array();
        REQUIRE(rows.size() == ids.size());
        for (std::size_t t = 0; t < rows.size(); ++t) {
            std::vector<double> expected, sampled;
            for (const Json& v : *rows[t].array()) {
                expected.push_back(v.real() != nullptr ? *v.real() : static_cast<double>(*v.integer()));
                sampled.push_back(got[t * n + (expected.size() - 1) * step]);
            }
            INFO(key << " at position " << t);
            CHECK(row_error(sampled, expected) < tolerance);
        }
    }
}

TEST_CASE("the float model equals the reference at every position of its golden values") {
    struct Case {
        const char *archive, *checkpoint;
    };
    for (const Case& c : {Case{"reference/mmf-7m.golden.npz", "models/mmf-7m"},
                          Case{"reference/mmf-25m.golden.npz", "models/mmf-25m"}}) {
        const std::string archive = test::shared_file(c.archive), checkpoint = test::shared_file(c.checkpoint);
        if (archive.empty() || checkpoint.empty()) return;
        const test::TemporaryPath path("model.tph");
        ImportOptions options;
        options.calibration_tokens = 8;  // the float model needs none
        REQUIRE(import_checkpoint(checkpoint, options, path.str()));
        INFO(c.checkpoint);
        compare((*load_model(path.str()))->graph, test::parse_npz(read_file(archive).value()));
    }
}

TEST_CASE("quality on held-out text: float as published, integer within half a percent") {
    const std::string text = test::shared_file("text/valid.u16");
    if (text.empty()) return;
    const auto model = load_model(TEPHRA_MODELS "/mmf-7m.tph").value();
    const auto ids = read_token_file(text, model->graph.config.vocab_size).value();
    const PerplexityOptions options{.windows = 4, .length = 256, .threads = 2};
    const double exact = float_perplexity(model->graph, ids, options)->perplexity;
    const double integer = engine_perplexity(model, make_native_engine, ids, options)->perplexity;
    CHECK(exact == Approx(42.99).margin(0.1));  // the NumPy reference on the same four windows
    CHECK(integer == Approx(exact).epsilon(0.005));
}

TEST_CASE("threads do not change the float model, and a prefix does not see what follows") {
    const test::RandomModel model(test::small_config(), 31);
    const auto ids = test::random_ids(23, 97, 32);
    const std::vector<double> one = FloatModel(model.graph, 1).forward(ids);
    CHECK(one == FloatModel(model.graph, 3).forward(ids));
    const std::vector<double> prefix = FloatModel(model.graph).forward(std::span(ids).first(11));
    for (std::size_t i = 0; i < prefix.size(); ++i) CHECK(prefix[i] == Approx(one[i]).epsilon(1e-9));
}

static_assert(std::is_constructible_v<FloatModel, const LayerGraph&>);
static_assert(!std::is_constructible_v<FloatModel, LayerGraph>, "the model views the graph");
static_assert(!std::is_constructible_v<FloatModel, LayerGraph, int>);

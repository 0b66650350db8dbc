#include <map>

#include "neuro/lm/engine.hpp"
#include "neuro/lm/float_model.hpp"
#include "neuro/lm/neuron_math.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;

namespace {

using States = std::vector<std::int32_t>;
using Trace = std::map<std::pair<int, std::string>, States>;

/// The integer model of one token put together from the neuron models, in slices of `slice` neurons, as simulated
/// neurocores compute it.
class SlicedModel {
public:
    SlicedModel(std::shared_ptr<const Deployment> model, std::size_t slice)
        : model_(std::move(model)),
          slice_(slice),
          h_(model_->graph.blocks.size(), States(static_cast<std::size_t>(model_->graph.config.hidden_size))) {}

    Trace step(std::int32_t id) {
        Trace trace;
        States x(static_cast<std::size_t>(model_->graph.config.hidden_size));
        model_->graph.embeddings.fixed_row(id, model_->quantized.x_embedding, x);
        for (std::size_t l = 0; l < model_->graph.blocks.size(); ++l) {
            const int number = static_cast<int>(l);
            const Block& block = model_->graph.blocks[l];
            const QuantizedBlock& q = model_->quantized.blocks[l];
            NormScales scales = this->scales(q.token_norm, x, 0);
            const States f = product(block.f_proj, q.token_norm, 0, scales, x, trace[{number, "q_f"}]);
            const States i = product(block.i_proj, q.token_norm, 1, scales, x, trace[{number, "q_i"}]);
            const States g = product(block.g_proj, q.token_norm, 2, scales, x, trace[{number, "q_g"}]);
            States t(x.size());
            std::uint64_t second = 0;
            for_slices(x.size(), [&](std::size_t begin, std::size_t n) {
                const auto part = [&](auto& v) { return std::span(v).subspan(begin, n); };
                const RecurrenceSlice slice{part(f), part(i), part(g), part(q.one_minus_lower), part(h_[l]), part(t)};
                second += gated_recurrence(q.formats, scales.dequantize, slice);
            });
            trace[{number, "h"}] = h_[l];
            trace[{number, "t"}] = t;
            scales = this->scales(q.output_norm, t, second);
            States acc = product(block.o_proj, q.output_norm, 0, scales, t, trace[{number, "q_o"}]);
            const States x_mid = residual(x, q.formats.x_in - q.formats.x_mid, acc, scales);
            trace[{number, "x_mid"}] = x_mid;
            scales = this->scales(q.channel_norm, x_mid, 0);
            const States z = product(block.gate_proj, q.channel_norm, 0, scales, x_mid, trace[{number, "q_gate"}]);
            const std::size_t half = z.size() / 2;
            States y(half);
            for_slices(half, [&](std::size_t begin, std::size_t n) {
                gated_unit(q.formats, scales.dequantize[0], std::span(z).subspan(begin, n),
                           std::span(z).subspan(half + begin, n), std::span(y).subspan(begin, n));
            });
            trace[{number, "y"}] = y;
            scales = this->scales(q.down_norm, y, 0);
            acc = product(block.down_proj, q.down_norm, 0, scales, y, trace[{number, "q_down"}]);
            x = residual(x_mid, q.formats.x_mid - q.formats.x_out, acc, scales);
            trace[{number, "x"}] = x;
        }
        const NormParameters& norm = model_->quantized.head_norm;
        const NormScales scales = this->scales(norm, x, 0);
        const States acc = product(model_->graph.lm_head, norm, 0, scales, x, trace[{-1, "q_head"}]);
        States logits(acc.size());
        read_out(acc, scales.dequantize[0], logits);
        trace[{-1, "logits"}] = logits;
        return trace;
    }

private:
    template <typename Body>
    void for_slices(std::size_t size, const Body& body) {
        for (std::size_t begin = 0; begin < size; begin += slice_) body(begin, std::min(slice_, size - begin));
    }

    NormScales scales(const NormParameters& norm, const States& x, std::uint64_t second) {
        NormRecord record;
        for_slices(x.size(), [&](std::size_t begin, std::size_t n) {
            record.merge(norm_statistics(norm, std::span(x).subspan(begin, n), static_cast<int>(begin)));
        });
        record.second = second;
        return norm_scales(norm, record);
    }

    /// Accumulators of one projection; `shown` receives the activations.
    States product(const BitLinear& layer, const NormParameters& norm, std::size_t k, const NormScales& scales,
                   const States& x, States& shown) {
        std::vector<std::int8_t> q(x.size());
        for_slices(x.size(), [&](std::size_t begin, std::size_t n) {
            quantize_states(std::span(x).subspan(begin, n), std::span(norm.gain[k]).subspan(begin, n),
                            scales.quantize[k], std::span(q).subspan(begin, n));
        });
        shown.assign(q.begin(), q.end());
        States out(static_cast<std::size_t>(layer.weight.rows));
        for (int r = 0; r < layer.weight.rows; ++r)
            for (int c = 0; c < layer.weight.cols; ++c)
                out[static_cast<std::size_t>(r)] += layer.weight.weight(r, c) * q[static_cast<std::size_t>(c)];
        return out;
    }

    States residual(const States& x, int shift, const States& acc, const NormScales& scales) {
        States out(x.size());
        for_slices(x.size(), [&](std::size_t begin, std::size_t n) {
            add_residual(std::span(x).subspan(begin, n), shift, std::span(acc).subspan(begin, n), scales.dequantize[0],
                         std::span(out).subspan(begin, n));
        });
        return out;
    }

    std::shared_ptr<const Deployment> model_;
    std::size_t slice_;
    std::vector<States> h_;
};

}  // namespace

TEST_CASE("the neuron models on slices of any length equal the golden engine at every point") {
    const auto model = test::random_deployment();
    const auto ids = test::random_ids(12, model->graph.config.vocab_size, 9);
    for (const std::size_t slice : {1UL, 7UL, 1000UL}) {
        SlicedModel sliced(model, slice);
        const auto engine = make_golden_engine(model, {}).value();
        Trace golden;
        engine->set_tap([&](int, int block, std::string_view name, std::span<const std::int32_t> values) {
            golden[{block, std::string(name)}] = States(values.begin(), values.end());
        });
        for (const std::int32_t id : ids) {
            States logits(97);
            REQUIRE(engine->decode({&id, 1}, logits));
            for (const auto& [key, values] : sliced.step(id)) {
                INFO("block " << key.first << " " << key.second);
                REQUIRE(golden.at(key) == values);
            }
        }
    }
}

TEST_CASE("the golden engine keeps one state a stream, and prefill equals decode") {
    const auto model = test::random_deployment();
    const std::size_t v = 97;
    const auto ids = test::random_ids(9, 97, 2);
    const auto engine = make_golden_engine(model, {.streams = 3}).value();
    States all(ids.size() * v), last(v), row(v), two(2 * v);
    REQUIRE(engine->prefill(2, ids, Logits::all, all));
    REQUIRE(engine->prefill(1, ids, Logits::last, last));
    CHECK(std::equal(last.begin(), last.end(), all.end() - static_cast<std::ptrdiff_t>(v)));
    for (std::size_t t = 0; t < ids.size(); ++t) {
        REQUIRE(engine->decode({&ids[t], 1}, row));
        CHECK(std::equal(row.begin(), row.end(), all.begin() + static_cast<std::ptrdiff_t>(t * v)));
    }
    const std::size_t state_size = 3 * 48;
    States a(state_size), b(state_size), zero(state_size);
    REQUIRE(engine->read_state(0, a));
    REQUIRE(engine->read_state(2, b));
    CHECK(a == b);
    CHECK(a != zero);
    // Streams 0 and 1 hold equal states; a reset of stream 0 makes them differ.
    REQUIRE(engine->write_state(0, zero));
    const States same{ids[0], ids[0]};
    REQUIRE(engine->decode(same, two));
    CHECK(std::equal(two.begin(), two.begin() + static_cast<std::ptrdiff_t>(v), all.begin()));
    CHECK_FALSE(std::equal(two.begin(), two.begin() + static_cast<std::ptrdiff_t>(v), two.end() - 97));
    REQUIRE(engine->prefill(2, ids, Logits::none, {}));
}

TEST_CASE("the golden engine refuses wrong sizes, ids and states") {
    const auto engine = make_golden_engine(test::random_deployment(), {.streams = 1}).value();
    States logits(97), state(3 * 48);
    CHECK_FALSE(engine->decode(States{97}, logits));
    CHECK_FALSE(engine->decode(States{-1}, logits));
    CHECK_FALSE(engine->decode(States{1, 2}, logits));
    CHECK_FALSE(engine->decode(States{1}, std::span(logits).first(96)));
    CHECK_FALSE(engine->prefill(1, States{1}, Logits::last, logits));
    CHECK_FALSE(engine->prefill(0, States{1, 2}, Logits::all, logits));
    CHECK_FALSE(engine->read_state(0, std::span(state).first(5)));
    state[3] = state_max + 1;
    CHECK_FALSE(engine->write_state(0, state));
}

TEST_CASE("the integer model follows the float reference") {
    const auto model = test::random_deployment();
    const auto ids = test::random_ids(64, 97, 11);
    const std::vector<double> exact = FloatModel(model->graph).forward(ids);
    const auto engine = make_golden_engine(model, {}).value();
    States logits(exact.size());
    REQUIRE(engine->prefill(0, ids, Logits::all, logits));
    double error = 0, power = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
        const double value = std::ldexp(logits[i], -model->quantized.logits);
        error += (value - exact[i]) * (value - exact[i]);
        power += exact[i] * exact[i];
    }
    CHECK(std::sqrt(error / power) < 0.05);  // near ties of int8 rounding; a wrong exponent or term gives far more
}

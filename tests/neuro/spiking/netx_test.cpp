// NetX files: the ground truths of lava-dl's tests bit for bit, and what is refused.
#include "neuro/spiking/netx.hpp"

#include <set>

#include "tests/neuro/spiking/ground_truth.hpp"
#include "tests/neuro/spiking/hdf5_writer.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

/// Runs a network on one frame that is offered in every step, and calls `check(engine)` after each.
template <typename Check>
void run(const Network& network, std::span<const std::int32_t> frame, int steps, const Check& check) {
    Engine engine(network);
    const std::vector<std::span<const std::int32_t>> inputs{frame};
    for (int step = 0; step < steps; ++step) {
        const auto done = engine.step(inputs);
        if (!done) FAIL(to_string(done.error()));
        check(engine);
    }
}

/// v as the chip's probe reads it: 128 where the neuron spiked.
std::vector<std::int32_t> probed_voltage(const Engine& engine, int layer) {
    const auto v = engine.state(layer, 1), spikes = engine.messages(layer);
    std::vector<std::int32_t> out(v.begin(), v.end());
    for (std::size_t i = 0; i < out.size(); ++i)
        if (spikes[i] != 0) out[i] = 128;
    return out;
}

}  // namespace

TEST_CASE("tinynet gives lava-dl's spikes and currents") {
    if (!have_ground_truths()) return;
    const NetxModel model = value_of(read_netx(ground_truths + "netx/tinynet/tiny.net", {.reset_interval = 1000}));
    REQUIRE(model.network.layers().size() == 3);
    const auto bias = to_integers(load("netx/tinynet/input_bias.npy").values);
    std::vector<NumberArray> spikes;
    for (const char* name : {"input", "layer1", "output"})
        spikes.push_back(from_slayer(load("netx/tinynet/" + std::string(name) + ".npy")));
    const NumberArray current = from_slayer(load("netx/tinynet/current.npy"));
    std::int64_t different = 0, compared = 0, sent = 0;
    run(model.network, bias, 17, [&](const Engine& engine) {
        for (int layer = 0; layer < 3; ++layer) {
            const std::int64_t k = engine.steps() - layer;  // index k is step k + layer
            if (k < 1 || k > 15) continue;
            different += differences(engine.messages(layer), spikes[static_cast<std::size_t>(layer)], k);
            ++compared;
            if (layer != 1) continue;
            const auto state = engine.state(layer, 0);
            std::vector<std::int32_t> u(state.begin(), state.end());
            for (std::int32_t& value : u) value /= 64;
            different += differences(u, current, k);
        }
        sent = engine.sent(2);
    });
    CHECK(compared == 45);
    CHECK(sent > 0);
    CHECK(different == 0);
}

TEST_CASE("PilotNet of LIF neurons gives every array of lava-dl's") {
    if (!have_ground_truths()) return;
    const std::string folder = "netx/pilotnet_lif/";
    const NetxModel model = value_of(read_netx(ground_truths + folder + "network.net", {.reset_interval = 17}));
    const auto image = to_integers(load(folder + "image.npy").values);
    struct Array {
        int layer;
        std::string what, file;
    };
    std::vector<Array> arrays{
        {0, "s", "input"}, {2, "u", "conv-1-u"}, {2, "v", "conv-1-v"}, {5, "u", "conv-4-u"}, {5, "v", "conv-4-v"}};
    for (int i = 0; i < 5; ++i) arrays.push_back({i + 1, "s", "conv-" + std::to_string(i)});
    for (int i = 0; i < 3; ++i) arrays.push_back({i + 6, "s", "fc-" + std::to_string(i)});
    std::vector<NumberArray> expected;
    for (const Array& array : arrays) expected.push_back(load(folder + array.file + ".npy"));
    std::vector<std::int64_t> different(arrays.size());
    run(model.network, image, 24, [&](const Engine& engine) {
        for (std::size_t i = 0; i < arrays.size(); ++i) {
            const auto& [layer, what, file] = arrays[i];
            const std::int64_t k = engine.steps() - 1;
            if (what == "v")
                different[i] += differences(probed_voltage(engine, layer), expected[i], k);
            else
                different[i] +=
                    differences(what == "s" ? engine.messages(layer) : engine.state(layer, 0), expected[i], k);
        }
    });
    for (std::size_t i = 0; i < arrays.size(); ++i) {
        INFO(arrays[i].file);
        CHECK(different[i] == 0);
    }
}

TEST_CASE("the last layer of PilotNet LIF gives the arrays of another run") {
    if (!have_ground_truths()) return;
    const std::string folder = "netx/pilotnet_lif/";
    // Layer i is cleared before each step t with t mod 16 = i mod 16.
    const NetxModel model =
        value_of(read_netx(ground_truths + folder + "network.net", {.reset_interval = 16, .reset_offset = 15}));
    const auto image = to_integers(load(folder + "image.npy").values);
    const NumberArray u = load(folder + "fc-3-u.npy"), v = load(folder + "fc-3-v.npy"), s = load(folder + "fc-3-s.npy");
    std::int64_t different = 0;
    run(model.network, image, 25, [&](const Engine& engine) {
        const std::int64_t k = engine.steps() - 1;
        different += differences(engine.state(9, 0), u, k) + differences(engine.state(9, 1), v, k) +
                     differences(engine.messages(9), s, k);
    });
    CHECK(different == 0);
}

TEST_CASE("PilotNet of sigma-delta neurons gives every array of lava-dl's") {
    if (!have_ground_truths()) return;
    const std::string folder = "netx/pilotnet_sdnn/";
    const NetxModel model = value_of(read_netx(ground_truths + folder + "network.net"));
    const auto frame = to_integers(load(folder + "input.npy").values);
    const NumberArray act0 = load(folder + "act0.npy"), sigma1 = load(folder + "sigma1.npy"),
                      sigma2 = load(folder + "sigma2.npy"), output = load(folder + "output.npy");
    std::int64_t different = 0;
    run(model.network, frame, 20, [&](const Engine& engine) {
        const std::int64_t k = engine.steps() - 1;
        different += differences(engine.messages(0), act0, k) + differences(engine.state(1, 0), sigma1, k) +
                     differences(engine.state(2, 0), sigma2, k);
        if (k < 9) different += differences(engine.messages(8), output, k);
    });
    CHECK(different == 0);
}

TEST_CASE("Oxford gives SLAYER's spikes under SLAYER's rule of the threshold") {
    if (!have_ground_truths()) return;
    constexpr int steps = 2000;
    const NumberArray input = load("netx/oxford/input.npy"), truth = load("netx/oxford/ground_truth.npy");
    std::vector<std::vector<std::int32_t>> bins(steps, std::vector<std::int32_t>(200));
    for (std::size_t i = 0; i < input.values.size(); i += 3)
        bins.at(static_cast<std::size_t>(std::nearbyint(input.values[i + 2])))
            .at(static_cast<std::size_t>(input.values[i])) = 1;
    std::vector<std::vector<std::int32_t>> expected(steps, std::vector<std::int32_t>(200));
    for (std::size_t i = 0; i < truth.values.size(); i += 3)
        expected.at(static_cast<std::size_t>(truth.values[i + 2])).at(static_cast<std::size_t>(truth.values[i])) = 1;
    for (const auto& [rule, wrong] : {std::pair(ThresholdRule::reached, 0), std::pair(ThresholdRule::above, 3014)}) {
        const NetxModel model =
            value_of(read_netx(ground_truths + "netx/oxford/network.net", {.threshold_rule = rule}));
        Engine engine(model.network);
        int different = 0;
        for (std::size_t step = 0; step < steps; ++step) {
            const std::vector<std::span<const std::int32_t>> inputs{bins[step]};
            REQUIRE(engine.step(inputs));
            for (std::size_t n = 0; n < 200; ++n)
                if (engine.messages(2)[n] != expected[step][n]) ++different;
        }
        CHECK(different == wrong);
        CHECK(engine.sent(2) == (rule == ThresholdRule::reached ? 10178 : 9632));
    }
}

namespace {

/// Writes a NetX file; what is written first under a name stays, later writes are left out.
class NetxWriter {
public:
    void put(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<double>& values) {
        if (names_.insert(name).second) file_.numbers("layer/" + name, shape, values);
    }
    void put(const std::string& name, double value) { put(name, {}, {value}); }
    void put(const std::string& name, const std::string& text) {
        if (names_.insert(name).second) file_.string("layer/" + name, text);
    }
    void lif(const std::string& layer) {
        put(layer + "/neuron/type", "CUBA");
        put(layer + "/neuron/iDecay", 4096);
        put(layer + "/neuron/vDecay", 0);
        put(layer + "/neuron/vThMant", 10);
    }
    void dense(const std::string& layer, hsize_t targets, hsize_t sources, const std::vector<double>& weights) {
        put(layer + "/type", "dense");
        put(layer + "/shape", {1}, {static_cast<double>(targets)});
        put(layer + "/inFeatures", static_cast<double>(sources));
        put(layer + "/weight", {targets, sources}, weights);
        lif(layer);
    }
    /// Two images of 2 x 3 (y, x) on top of each other, a convolution to one of 2 x 2, flatten, one neuron.
    void image() {
        put("0/type", "input");
        put("0/shape", {3}, {2, 2, 3});
        lif("0");
        put("1/type", "conv");
        put("1/shape", {3}, {1, 2, 2});
        put("1/weight", {1, 2, 1, 2}, {1, 2, 3, 4});
        lif("1");
        put("2/type", "flatten");
        put("2/shape", {1}, {4});
        dense("3", 1, 4, {1, -2, 3, 4});
    }
    std::string close() { return file_.close(); }
    [[nodiscard]] std::string path() const { return file_.path(); }

private:
    Hdf5Writer file_;
    std::set<std::string> names_;
};

template <typename Fill>
std::string refused(Fill fill, const NetxOptions& options = {}) {
    NetxWriter writer;
    fill(writer);
    const auto model = read_netx(writer.close(), options);
    if (model) return "";
    const std::string text = to_string(model.error());
    return text.starts_with(writer.path()) ? text.substr(writer.path().size()) : text;
}

}  // namespace

TEST_CASE("layers of a NetX file are called by kind and number, flatten permutes the weights behind it") {
    NetxWriter writer;
    writer.image();
    const NetxModel model = value_of(read_netx(writer.close()));
    std::vector<std::string> names;
    for (const Layer& layer : model.network.layers()) names.push_back(layer.name);
    CHECK(names == std::vector<std::string>{"input0", "conv1", "dense3"});
    CHECK(model.network.layer(0).shape == std::vector<int>{3, 2, 2});
    CHECK(model.network.inputs().front().port == 1);
    // The convolution of the image's (x, y, channel) = (0, 0, 1) by the last tap: weight 4 at x 1 of channel 1.
    std::vector<std::int32_t> sums(4);
    model.network.connections()[0].synapses->accumulate({.spikes = std::vector<Spike>{{(1 * 2 + 0) * 2 + 1, 1}}},
                                                        {0, 4}, sums);
    CHECK(sums == std::vector<std::int32_t>{4, 0, 3, 0});  // neurons (x, y): (0, 0), (0, 1), (1, 0), (1, 1)
    // Flattened as (channel, y, x): neuron (0, 1) is column 2.
    std::vector<std::int32_t> sum(1);
    model.network.connections()[1].synapses->accumulate({.spikes = std::vector<Spike>{{1, 1}}}, {0, 1}, sum);
    CHECK(sum.front() == 3);
}

TEST_CASE("a NetX file without an input layer gets relays; delays are one, by row, by column or by weight") {
    struct Case {
        std::vector<hsize_t> shape;
        std::vector<double> delays;
        std::vector<std::pair<std::size_t, std::int32_t>> arrives;  ///< (delay, sum) of target 0 for a spike of both
    };
    for (const Case& c :
         {Case{{}, {5}, {{5, 30}}}, Case{{3}, {1, 2, 3}, {{1, 30}}}, Case{{2}, {4, 6}, {{4, 10}, {6, 20}}},
          Case{{3, 2}, {0, 62, 0, 0, 0, 0}, {{0, 10}, {62, 20}}}}) {
        NetxWriter writer;
        writer.dense("0", 3, 2, {10, 20, 1, 1, 1, 1});
        writer.put("0/delay", c.shape, c.delays);
        const NetxModel model = value_of(read_netx(writer.close(), {.input_message_bits = 4}));
        CHECK(model.network.layer(0).name == "input");
        CHECK(model.network.layer(0).message_bits == 4);
        const SynapseFormat& synapses = *model.network.connections()[0].synapses;
        std::vector<std::int32_t> sums(static_cast<std::size_t>(3 * (1 + synapses.max_delay())));
        synapses.accumulate({.spikes = std::vector<Spike>{{0, 1}, {1, 1}}}, {0, 3}, sums);
        std::int32_t total = 0;
        for (std::size_t i = 0; i < sums.size(); i += 3) total += sums[i];
        for (const auto& [delay, sum] : c.arrives) {
            CHECK(sums[delay * 3] == sum);
            total -= sum;
        }
        CHECK(total == 0);
    }
}

TEST_CASE("recurrent layers feel their own spikes") {
    NetxWriter recurrent;
    recurrent.put("0/type", "dense_rec");
    recurrent.put("0/weight_rec", {2, 2}, {0, 0, 20, 0});
    recurrent.dense("0", 2, 1, {20, 0});
    const NetxModel model = value_of(read_netx(recurrent.close()));
    Engine engine(model.network);
    const std::vector<std::int32_t> spike{1}, none{0};
    std::vector<std::vector<std::int32_t>> sent;
    for (int step = 0; step < 4; ++step) {
        const std::vector<std::span<const std::int32_t>> inputs{step == 0 ? spike : none};
        REQUIRE(engine.step(inputs));
        sent.emplace_back(engine.messages(1).begin(), engine.messages(1).end());
    }
    CHECK(sent == std::vector<std::vector<std::int32_t>>{{0, 0}, {1, 0}, {0, 1}, {0, 0}});
    CHECK(refused([](NetxWriter& w) {
              w.put("0/weight_rec", {2, 2}, {0, 0, 1, 0});
              w.dense("0", 2, 1, {1, 1});
          }).starts_with("#/layer/0/weight_rec: recurrent weights of a layer of type dense"));
}

TEST_CASE("faults of a NetX file are refused with their place") {
    using W = NetxWriter&;
    const auto image = [](auto change) {
        return refused([&](W w) {
            change(w);
            w.image();
        });
    };
    CHECK(image([](W) {}).empty());
    CHECK(image([](W w) {
              w.put("1/type", "pool");
          }).starts_with("#/layer/1/type: layers of type \"pool\" are not read"));
    CHECK(
        image([](W w) { w.put("0/neuron/type", "RF"); }).starts_with("#/layer/0/neuron/type: neurons of type \"RF\""));
    CHECK(image([](W w) { w.put("1/extra", 1); }).starts_with("#/layer/1/extra: tephra does not know this member"));
    CHECK(image([](W w) { w.put("0/neuron/extra", 1); }).starts_with("#/layer/0/neuron/extra"));
    CHECK(image([](W w) {
              w.put("1/weight", {1, 2, 1, 2}, {1, 2, 3, 0.5});
          }).starts_with("#/layer/1/weight: value 3 is 0.5"));
    CHECK(image([](W w) {
              w.put("1/weight", {1, 2, 1, 2}, {1, 2, 3, 40000});
          }).starts_with("#/layer/1/weight: weight 3 is 40000"));
    CHECK(image([](W w) {
              w.put("1/weight", {1, 3, 1, 2}, {1, 2, 3, 4, 5, 6});
          }).starts_with("#/layer/1/weight: 6 weights"));
    CHECK(image([](W w) { w.put("1/shape", {3}, {1, 2, 3}); }).starts_with("#/layer/1/shape: the shape is 3 x 2 x 1"));
    CHECK(image([](W w) { w.put("1/stride", {2}, {1, 0}); }).find("the stride is 0") != std::string::npos);
    CHECK(image([](W w) { w.put("1/stride", {3}, {1, 1, 1}); }).starts_with("#/layer/1/stride: 3 numbers"));
    CHECK(image([](W w) { w.put("1/bias", {2}, {1, 1}); }).starts_with("#/layer/1/bias: 2 biases for 1 channels"));
    CHECK(
        image([](W w) { w.put("1/inChannels", 3); }).starts_with("#/layer/1/inChannels: it is 3, the weights have 2"));
    CHECK(image([](W w) {
              w.put("1/outChannels", 2);
          }).starts_with("#/layer/1/outChannels: it is 2, the weights have 1"));
    CHECK(image([](W w) {
              w.put("1/kernelSize", {2}, {2, 2});
          }).starts_with("#/layer/1/kernelSize: the kernel's size"));
    CHECK(image([](W w) {
              w.put("1/inChannels", 2), w.put("1/outChannels", 1), w.put("1/kernelSize", {2}, {1, 2});
          }).empty());
    CHECK(refused([](W w) { w.image(); }, {.input_message_bits = 4})
              .starts_with("#/layer/0: a file with an input layer takes no message bits"));
    CHECK(image([](W w) { w.put("1/delay", 1); }).starts_with("#/layer/1/delay: a convolution has none"));
    CHECK(image([](W w) {
              w.put("0/shape", {3}, {2, -2, 3});
          }).starts_with("#/layer/0/shape: the shape has no neurons"));
    CHECK(image([](W w) { w.put("0/shape", {3}, {1e5, 1e5, 1e5}); }).starts_with("#/layer/0/shape: the shape has no"));
    CHECK(image([](W w) { w.put("0/shape", {2}, {2, 6}); }).starts_with("#/layer/0/shape: the shape has 2 axes"));
    CHECK(image([](W w) { w.put("0/neuron/iDecay", 0); }).starts_with("#/layer/0/neuron/iDecay: it is 0"));
    CHECK(image([](W w) { w.put("0/neuron/vThMant", 131072); }).starts_with("#/layer/0/neuron/vThMant: it is 131072"));
    CHECK(image([](W w) {
              w.put("3/weight", {1, 5}, {1, 2, 3, 4, 5});
          }).starts_with("#/layer/3/weight: a dense weight"));
    CHECK(
        image([](W w) { w.put("3/shape", {1}, {2}); }).starts_with("#/layer/3/shape: a shape of 2 neurons for 1 rows"));
    CHECK(image([](W w) { w.put("3/delay", {3}, {1, 1, 1}); }).starts_with("#/layer/3/delay: delays of another shape"));
    CHECK(image([](W w) { w.put("3/delay", 63); }).starts_with("#/layer/3/delay: synapse 0"));
    CHECK(image([](W w) { w.put("2/type", "conv"); }).starts_with("#/layer/2/weight: it is missing"));
    CHECK(image([](W w) { w.put("4/type", "input"); }).starts_with("#/layer/4: an input layer that is not the first"));
    CHECK(image([](W w) { w.put("5/type", "dense"); }).starts_with("#/layer: there are 5 members, but no layer 4"));
    CHECK(refused([](W w) { w.put("0/type", "flatten"); }).starts_with("#/layer: a flatten layer comes first"));
    CHECK(refused([](W w) {
              w.put("0/type", "conv");
              w.image();
          }).starts_with("#/layer/0: a convolution of something that is no image"));
    CHECK(refused([](W w) {
              w.put("2/type", "dense");
              w.image();
          }).starts_with("#/layer/2: a dense layer after an image of 2 x 2 x 1"));
}

TEST_CASE("dense weights that lava-dl would change are refused, at the limits they are not") {
    const auto dense = [](const std::vector<double>& weights) {
        return refused([&](NetxWriter& w) { w.dense("0", 1, 2, weights); });
    };
    for (const std::vector<double>& good :
         {std::vector<double>{-256, 254}, {0, 255}, {-255, -1}, {-7, -3}, {-8, 0}, {-128, 1}})
        CHECK(dense(good).empty());
    for (const std::vector<double>& bad :
         {std::vector<double>{-257, 1}, {-1, 255}, {0, 256}, {-256, -255}, {-8, -1}, {-1, -1}})
        CHECK(dense(bad).starts_with("#/layer/0/weight: "));
}

TEST_CASE("options of NetX files that have no meaning are refused") {
    CHECK(refused(
              [](NetxWriter& w) {
                  w.put("0/neuron/type", "SDNN");
                  w.dense("0", 1, 1, {1});
              },
              {.reset_interval = 3})
              .find("a reset interval for a network of SDNN neurons") != std::string::npos);
    CHECK(refused([](NetxWriter& w) {
              w.put("0/neuron/type", "SDNN");
              w.put("0/neuron/activation", "tanh");
              w.dense("0", 1, 1, {1});
          }).find("the activation is \"tanh\"") != std::string::npos);
    CHECK(refused([](NetxWriter& w) {
              w.put("0/neuron/type", "SDNN");
              w.put("0/neuron/sigma_output", 1);
              w.put("0/bias", {1}, {1});
              w.dense("0", 1, 1, {1});
          }).find("biases of a layer with sigma_output") != std::string::npos);
}

#include "neuro/spiking/network_codec.hpp"

#include "neuro/spiking/kinds.hpp"
#include "tests/neuro/spiking/reference_case.hpp"
#include "tests/neuro/spiking/same_network.hpp"

namespace tephra::spiking {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

Result<Network> decoded(const EncodedNetwork& encoded) {
    return decode_network(encoded.structure, bytes_of(encoded.values), "file");
}

/// Two relays, of which the first reaches the second through `synapses`.
Network joined(SynapseFormatPtr synapses) {
    return test::made(Network::make({.layers = {{"a", {synapses->sources()}, make_relay()},
                                                {"b", {synapses->targets()}, make_relay(), most_message_bits}},
                                     .connections = {{0, 1, 0, synapses, 3}},
                                     .inputs = {{0, 0}},
                                     .outputs = {1}}));
}

/// A neuron model of somebody who did not think of files.
class Unstored final : public NeuronModel {
public:
    [[nodiscard]] std::string_view kind() const override { return "unstored"; }
    [[nodiscard]] int neurons() const override { return 0; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return {}; }
    [[nodiscard]] std::span<const std::string_view> states() const override { return {}; }
    [[nodiscard]] int state_bits() const override { return 0; }
    [[nodiscard]] int parameter_bits() const override { return 0; }
    void begin(NeuronRange, std::span<std::int32_t>) const override {}
    [[nodiscard]] std::optional<int> fire(const SliceRound&) const override { return std::nullopt; }
};

}  // namespace

TEST_CASE("networks of every kind of neurons and synapses come back as they were stored") {
    std::set<std::string> models, formats;
    for (const char* file : {"networks.json", "neurons.json", "synapses.json"}) {
        const Json cases = test::made(read_json_file(std::string(TEPHRA_TEST_DATA "/spiking/") + file));
        for (const Json& one : test::array_of(cases)) {
            INFO(file << ": " << test::text_of(test::member(one, "name")));
            const Network network = test::network_of(one);
            for (const Layer& layer : network.layers()) models.emplace(layer.neurons->kind());
            for (const Connection& c : network.connections()) formats.emplace(c.synapses->kind());
            const auto encoded = test::made(encode_network(network));
            const Network back = test::made(decoded(encoded));
            test::check_same(network, back, 20);
            CHECK(content_hash(test::made(encode_network(back))) == content_hash(encoded));
        }
    }
    const auto all_models = neuron_kinds(), all_formats = synapse_kinds();
    CHECK(models == std::set<std::string>(all_models.begin(), all_models.end()));
    CHECK(formats == std::set<std::string>(all_formats.begin(), all_formats.end()));
}

TEST_CASE("each constant of a neuron may be its own, and arrays are as narrow as their values allow") {
    LifParameters p;
    p.threshold = NeuronConstant(std::vector<std::int32_t>{1, 127, 128});
    p.cuba.bias = NeuronConstant(std::vector<std::int32_t>{-4096, 0, 4095});
    p.clear = {.interval = 4, .offset = 1};
    const Network network = test::made(Network::make({.layers = {{"n", {3}, test::made(make_lif(p))}},
                                                      .connections = {},
                                                      .inputs = {{0, 1}, {0, 0}},
                                                      .outputs = {0}}));
    const auto encoded = test::made(encode_network(network));
    CHECK_THAT(encoded.structure, tephra::test::contains(R"("threshold":{"i16":3})"));
    CHECK_THAT(encoded.structure, tephra::test::contains(R"("refractory":0)"));
    CHECK(encoded.values.size() == 12);
    test::check_same(network, test::made(decoded(encoded)), 20);
}

TEST_CASE("convolutions keep their groups, and empty projections stay empty") {
    test::Draw draw(5);
    const Window window{{3, 2}, {2, 1}, {1, 0}, {1, 2}};
    const auto grouped = test::made(make_convolution(
        {5, 6, 4}, window, 6, 2, test::made(store_plain(draw(std::size_t{6 * 3 * 2 * 2}, -300, 300)))));
    for (const Network& network : {joined(grouped), joined(test::made(make_sparse(3, 2, {}, 8, 0)))})
        test::check_same(network, test::made(decoded(test::made(encode_network(network)))), 10);
}

TEST_CASE("another weight is another network; the names of files are not in its hash") {
    const auto hash_of = [](std::int32_t weight) {
        return content_hash(test::made(encode_network(
            joined(test::made(make_one_to_one(3, test::made(store_plain(std::vector<std::int32_t>{weight}))))))));
    };
    CHECK(hash_of(5) == hash_of(5));
    CHECK(hash_of(5) != hash_of(6));
}

TEST_CASE("what can't be stored is refused with its layer") {
    const auto make = [](std::string name, NeuronModelPtr model) {
        return test::made(Network::make(
            {.layers = {{std::move(name), {2}, std::move(model)}}, .connections = {}, .inputs = {}, .outputs = {}}));
    };
    CHECK(encode_network(make("n", std::make_shared<Unstored>())).error().place == "layer \"n\"");
    CHECK_THAT(encode_network(make("n", std::make_shared<Unstored>())).error().message,
               tephra::test::contains("kind \"unstored\" can't be stored"));
    CHECK_FALSE(encode_network(make("\x1b", make_relay())));
    CHECK_FALSE(encode_network(make("\xff", make_relay())));
    CHECK(encode_network(make("n", make_relay())));
}

TEST_CASE("a structure that no writer makes is refused with its place") {
    const auto dense = test::made(make_dense(2, 2, test::made(store_plain(std::vector<std::int32_t>{1, 2, 3, 4}))));
    const EncodedNetwork good = test::made(encode_network(joined(dense)));
    const auto refused = [&](const std::string& from, const std::string& to) {
        EncodedNetwork changed = good;
        const std::size_t at = changed.structure.find(from);
        REQUIRE(at != std::string::npos);
        changed.structure.replace(at, from.size(), to);
        const auto network = decoded(changed);
        if (network) return std::string("accepted");
        CHECK(network.error().code == ErrorCode::bad_input);
        CHECK(network.error().place.starts_with("file"));
        return to_string(network.error());
    };
    using tephra::test::contains;
    CHECK(refused("\"relay\"", "\"relay\"") == "accepted");
    CHECK_THAT(refused("\"relay\"", "\"realy\""),
               contains("file#/layers/0: there is no neuron model \"realy\" (did you mean \"relay\"?)"));
    CHECK_THAT(refused("\"dense\"", "\"denser\""), contains("file#/connections/0: there is no synapse format"));
    CHECK_THAT(refused("\"sources\":2", "\"sources\":3"), contains("file#/connections/0: 4 weights for 2 targets"));
    CHECK_THAT(refused("\"sources\":2", "\"sauces\":2"), contains("\"sources\": it is missing"));
    CHECK_THAT(refused("\"sources\":2", "\"sources\":2,\"x\":1"), contains("\"x\" is not known"));
    CHECK_THAT(refused("\"bits\":8", "\"bits\":17"), contains("it is 17 (it can be 1 to 16)"));
    CHECK_THAT(refused("\"bits\":8", "\"bits\":7"), contains("weight 0 is 1 (no core stores it in 7 bits)"));
    CHECK_THAT(refused("\"exponent\":0", "\"exponent\":8"), contains("weight exponent is 8"));
    CHECK_THAT(refused("\"exponent\":0", "\"exponent\":-9"), contains("weight exponent is -9"));
    CHECK_THAT(refused("{\"i8\":4}", "{\"i8\":3}"), contains("3 weights for 2 targets and 2 sources"));
    CHECK_THAT(refused("{\"i8\":4}", "{\"i8\":5}"),
               contains("file#/connections/0/parameters/weights: 5 values of 1 bytes, 4 bytes are left"));
    CHECK_THAT(refused("{\"i8\":4}", "{\"i8\":-1}"), contains("a count that is not 0 to 67108864"));
    CHECK_THAT(refused("{\"i8\":4}", "{\"i8\":67108864}"), contains("67108864 values of 1 bytes, 4 bytes"));
    CHECK_THAT(refused("{\"i8\":4}", "{\"i8\":67108865}"), contains("a count that is not 0 to 67108864"));
    CHECK_THAT(refused("{\"i8\":4}", "{\"u8\":4}"), contains("no type is called \"u8\""));
    CHECK_THAT(refused("{\"i8\":4}", "{\"i8\":4,\"i16\":0}"), contains("neither a number nor an object"));
    CHECK_THAT(refused("{\"i8\":4}", "[1,2,3,4]"), contains("neither a number nor an object"));
    CHECK_THAT(refused("\"sources\":2", "\"sources\":2.5"), contains("neither a number nor an object"));
    CHECK_THAT(refused("\"sources\":2", "\"sources\":4294967296"), contains("no integer of 32 bits"));
    CHECK_THAT(refused("\"shape\":[2]", "\"shape\":[\"2\"]"), contains("file#/layers/0/shape/0: no integer"));
    CHECK_THAT(refused("\"shape\":[2]", "\"shape\":[0]"), contains("file, layer \"a\": its shape has no neurons"));
    CHECK_THAT(refused("\"name\":\"b\"", "\"name\":\"a\""), contains("two layers are called \"a\""));
    CHECK_THAT(refused("\"message_bits\":32", "\"message_bits\":33"), contains("file#/layers/1/message_bits"));
    CHECK_THAT(refused("\"delay\":3", "\"delay\":63"), contains("file#/connections/0/delay"));
    CHECK(refused("\"delay\":3", "\"delay\":62") == "accepted");
    CHECK_THAT(refused("\"target\":1", "\"target\":2"), contains("there is no layer 2"));
    CHECK_THAT(refused("\"source\":0", "\"source\":-1"), contains("file#/connections/0/source"));
    CHECK_THAT(refused("\"port\":0,\"delay\"", "\"port\":1,\"delay\""), contains("has no port 1"));
    CHECK_THAT(refused("\"layer\":0", "\"layer\":2"), contains("file, inputs: there is no layer 2"));
    CHECK_THAT(refused("\"outputs\":[1]", "\"outputs\":[2]"), contains("file, outputs: there is no layer 2"));
    CHECK_THAT(refused("\"outputs\":[1]", "\"outputs\":[null]"), contains("file#/outputs/0: no integer"));
    CHECK_THAT(refused("\"parameters\":{}", "\"parameters\":[]"), contains("file#/layers/0/parameters: no object"));
    CHECK_THAT(refused("\"layers\"", "\"layer\""), contains("key \"layers\" is missing"));
    CHECK_THAT(refused("{\"layers\"", "[\"layers\""), contains("file"));
    const EncodedNetwork longer{good.structure, good.values + '\0'};
    CHECK_THAT(to_string(decoded(longer).error()), contains("file: 1 bytes of values belong to no parameter"));
}

}  // namespace tephra::spiking

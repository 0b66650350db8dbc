#pragma once
// Cases of tests/cases/spiking as networks: what a second implementation of Lava's fixed point was given, built with
// the factories of neuro/spiking. Every parameter of a case is used, or the test fails.
#include <algorithm>
#include <set>
#include <string>

#include "core/json.hpp"
#include "core/narrow.hpp"
#include "neuro/spiking/convolution.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/graded.hpp"
#include "neuro/spiking/leaky_readout.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/network.hpp"
#include "neuro/spiking/one_to_one.hpp"
#include "neuro/spiking/pool.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/resonate_fire.hpp"
#include "neuro/spiking/sigma_delta.hpp"
#include "neuro/spiking/sparse.hpp"
#include "neuro/spiking/ternary_lif.hpp"
#include "tests/catch.hpp"

namespace tephra::spiking::test {

using Row = std::vector<std::int32_t>;

inline const Json& member(const Json& object, const std::string& key) {
    const Json* found = object.find(key);
    if (found == nullptr) FAIL("a case without \"" + key + "\"");
    return *found;
}
inline std::int32_t integer_of(const Json& value) {
    REQUIRE(value.integer() != nullptr);
    return narrow<std::int32_t>(*value.integer());
}
inline const std::string& text_of(const Json& value) {
    REQUIRE(value.string() != nullptr);
    return *value.string();
}
inline const Json::Array& array_of(const Json& value) {
    REQUIRE(value.array() != nullptr);
    return *value.array();
}

/// The integers of nested arrays, in order.
inline void append(Row& row, const Json& value) {
    if (value.array() == nullptr) return row.push_back(integer_of(value));
    for (const Json& part : *value.array()) append(row, part);
}
inline Row flat(const Json& value) {
    Row row;
    append(row, value);
    return row;
}
inline std::vector<Row> rows_of(const Json& value) {
    std::vector<Row> rows;
    for (const Json& row : array_of(value)) rows.push_back(flat(row));
    return rows;
}

template <typename T>
T made(Result<T> result) {
    if (!result) FAIL(to_string(result.error()));
    return std::move(*result);
}

/// Parameters of a population or a connection, which knows the names that were asked for.
class Parameters {
public:
    explicit Parameters(const Json& object) : object_(object) { REQUIRE(object.object() != nullptr); }
    const Json* find(const std::string& key) {
        asked_.insert(key);
        return object_.find(key);
    }
    const Json& operator[](const std::string& key) {
        asked_.insert(key);
        return member(object_, key);
    }
    std::int32_t integer(const std::string& key, std::int32_t otherwise) {
        const Json* value = find(key);
        return value == nullptr ? otherwise : integer_of(*value);
    }
    std::string text(const std::string& key, const std::string& otherwise) {
        const Json* value = find(key);
        return value == nullptr ? otherwise : text_of(*value);
    }
    double real(const std::string& key) {
        const Json& value = (*this)[key];
        return value.real() != nullptr ? *value.real() : integer_of(value);
    }
    NeuronConstant constant(const std::string& key, std::int32_t otherwise) {
        const Json* value = find(key);
        if (value == nullptr) return otherwise;
        return value->array() == nullptr ? NeuronConstant(integer_of(*value)) : NeuronConstant(flat(*value));
    }
    std::array<int, 2> pair(const std::string& key, int otherwise) {
        const Json* value = find(key);
        if (value == nullptr) return {otherwise, otherwise};
        const Row row = flat(*value);
        REQUIRE(row.size() == 2);
        return {row[0], row[1]};
    }
    void check_all_asked() const {
        for (const auto& [key, value] : *object_.object()) {
            INFO(key);
            CHECK(asked_.contains(key));
        }
    }

private:
    const Json& object_;
    std::set<std::string> asked_;
};

inline ResetSchedule reset_of(Parameters& p) {
    return {p.integer("reset_interval", 0), p.integer("reset_offset", 0)};
}

inline Cuba cuba_of(Parameters& p) {
    return {.current_decay = p.constant("du", 0),
            .voltage_decay = p.constant("dv", 0),
            .drive = p.constant("drive", 0),
            .bias = p.constant("bias", 0),
            .bias_exponent = p.integer("bias_exp", 0)};
}

inline NeuronModelPtr lif_of(Parameters& p) {
    const std::string rule = p.text("rule", "above"), reset = p.text("reset", "to_zero");
    REQUIRE((rule == "above" || rule == "reached"));
    REQUIRE((reset == "to_zero" || reset == "by_subtraction"));
    return made(make_lif({.cuba = cuba_of(p),
                          .threshold = p.constant("vth", 0),
                          .threshold_rule = rule == "above" ? ThresholdRule::above : ThresholdRule::reached,
                          .reset_rule = reset == "to_zero" ? ResetRule::to_zero : ResetRule::by_subtraction,
                          .refractory = p.integer("refractory", 0),
                          .clear = reset_of(p)}));
}

inline NeuronModelPtr resonator_of(Parameters& p, ResonatorKind kind) {
    const int bits = p.integer("decay_bits", 12), shift = p.integer("state_exp", 0);
    const auto [cosine, sine] = resonator_rotation(p.real("period"), p.real("alpha"), bits);
    return made(make_resonator({.kind = kind,
                                .cosine = cosine,
                                .sine = sine,
                                .bits = bits,
                                .threshold = static_cast<std::int32_t>(p.real("vth") * (1 << shift)),
                                .input_shift = shift}));
}

inline NeuronModelPtr model_of(const std::string& name, Parameters& p) {
    const auto scale = [&] { return SigmaDeltaScale{p.integer("spike_exp", 0), p.integer("state_exp", 0)}; };
    if (name == "input") return make_relay();
    if (name == "lif") return lif_of(p);
    if (name == "ternary_lif")
        return made(make_ternary_lif({cuba_of(p), p.constant("vth_lo", 0), p.constant("vth_hi", 0)}));
    if (name == "readout") return made(make_leaky_readout(cuba_of(p)));
    if (name == "sigma") return make_sigma();
    if (name == "delta") return made(make_delta({scale(), p.constant("vth", 0)}));
    if (name == "sigma_delta") {
        const Json* relu = p.find("relu");
        return made(make_sigma_delta({scale(), p.constant("vth", 0), p.constant("bias", 0),
                                      relu != nullptr && relu->boolean() != nullptr && *relu->boolean()}));
    }
    if (name == "graded") return made(make_graded(p.constant("vth", 0)));
    if (name == "graded_relu") return made(make_graded_relu(p.constant("vth", 0)));
    if (name == "threshold") return made(make_threshold(p.constant("vth", 0)));
    if (name == "product") return made(make_product(p.constant("vth", 0), p.integer("exp", 0)));
    if (name == "resonate_fire") return resonator_of(p, ResonatorKind::crossing);
    if (name == "izhikevich") return resonator_of(p, ResonatorKind::reset);
    FAIL("no model \"" + name + "\"");
    return nullptr;
}

inline StoredWeights stored(Parameters& p) {
    const std::string mode = p.text("sign_mode", "auto");
    WeightPrecision precision{.bits = p.integer("weight_bits", most_weight_bits),
                              .exponent = p.integer("weight_exp", 0)};
    for (const SignMode sign : {SignMode::mixed, SignMode::excitatory, SignMode::inhibitory})
        if (mode == to_string(sign)) precision.sign = sign;
    REQUIRE((precision.sign || mode == "auto"));
    return made(store_weights(flat(p["weights"]), precision));
}

/// Single synapses of a matrix, with a delay each or one for all; also of dense matrices with delays.
inline SynapseFormatPtr sparse_of(Parameters& p, int sources, int targets) {
    const StoredWeights weights = stored(p);
    Row delays{0};
    if (const Json* given = p.find("delays")) delays = flat(*given);
    std::vector<Synapse> synapses;
    for (std::size_t i = 0; i < weights.values.size(); ++i)
        synapses.push_back({.source = static_cast<int>(i) % sources,
                            .target = static_cast<int>(i) / sources,
                            .weight = weights.values[i],
                            .delay = delays[delays.size() == 1 ? 0 : i]});
    return made(make_sparse(sources, targets, std::move(synapses), weights.bits, weights.exponent));
}

inline std::pair<Image, Window> window_of(Parameters& p) {
    const Row shape = flat(p["shape"]);
    REQUIRE(shape.size() == 3);
    return {{shape[0], shape[1], shape[2]},
            {.stride = p.pair("stride", 1), .padding = p.pair("padding", 0), .dilation = p.pair("dilation", 1)}};
}

/// A case's kernel is Lava's, which is flipped in x and y.
inline SynapseFormatPtr convolution_of(Parameters& p) {
    auto [image, window] = window_of(p);
    Row flipped;
    const Json::Array& outputs = array_of(p["weights"]);
    for (const Json& output : outputs) {
        const Json::Array& columns = array_of(output);
        window.kernel = {narrow<int>(std::ssize(columns)), narrow<int>(std::ssize(array_of(columns.front())))};
        for (auto column = columns.rbegin(); column != columns.rend(); ++column)
            for (auto tap = array_of(*column).rbegin(); tap != array_of(*column).rend(); ++tap) append(flipped, *tap);
    }
    return made(make_convolution(image, window, narrow<int>(std::ssize(outputs)), p.integer("groups", 1),
                                 made(store_plain(flipped))));
}

inline SynapseFormatPtr format_of(const std::string& name, Parameters& p, int sources, int targets) {
    if (name == "one_to_one") {
        REQUIRE(p.integer("neurons", targets) == targets);
        return made(make_one_to_one(targets, stored(p)));
    }
    if (name == "conv") return convolution_of(p);
    if (name == "pool") {
        auto [image, window] = window_of(p);
        window.kernel = p.pair("kernel", 1);
        return made(make_pool(image, window, p.integer("weight", 1), p.integer("weight_exp", 0)));
    }
    if (name == "sparse" || p.find("delays") != nullptr) return sparse_of(p, sources, targets);
    REQUIRE(name == "dense");
    return made(make_dense(sources, targets, stored(p)));
}

/// Bits of a population's messages: those that its connections ask for; where there are none, enough for any message.
inline int message_bits_of(const Json& network, const std::string& population) {
    std::set<std::int32_t> bits;
    for (const Json& c : array_of(member(network, "connections")))
        if (text_of(member(c, "from")) == population)
            bits.insert(Parameters(member(c, "parameters")).integer("message_bits", 0));
    REQUIRE(bits.size() <= 1);
    return bits.empty() ? most_message_bits : *bits.begin();
}

/// The network of a case, with an input for every population, and no other.
inline Network network_of(const Json& network) {
    NetworkParts parts;
    for (const Json& population : array_of(member(network, "populations"))) {
        Parameters p(member(population, "parameters"));
        const std::string& name = text_of(member(population, "name"));
        parts.inputs.push_back({narrow<int>(std::ssize(parts.layers)), 0});
        parts.layers.push_back({.name = name,
                                .shape = {integer_of(member(population, "n"))},
                                .neurons = model_of(text_of(member(population, "model")), p),
                                .message_bits = message_bits_of(network, name)});
        p.find("rows");  // of an input: offered from outside
        p.check_all_asked();
    }
    const auto index = [&](const Json& name) {
        const auto at = std::ranges::find(parts.layers, text_of(name), &Layer::name);
        REQUIRE(at != parts.layers.end());
        return narrow<int>(at - parts.layers.begin());
    };
    for (const Json& connection : array_of(member(network, "connections"))) {
        Parameters p(member(connection, "parameters"));
        const int source = index(member(connection, "from")), target = index(member(connection, "to"));
        const auto size = [&](int layer) { return parts.layers[static_cast<std::size_t>(layer)].size(); };
        parts.connections.push_back({source, target, integer_of(member(connection, "port")),
                                     format_of(text_of(member(connection, "format")), p, size(source), size(target)),
                                     p.integer("delay", 0)});
        p.find("message_bits");
        p.check_all_asked();
    }
    return made(Network::make(std::move(parts)));
}

}  // namespace tephra::spiking::test

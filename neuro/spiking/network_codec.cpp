#include "neuro/spiking/network_codec.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "core/bytes.hpp"
#include "core/json.hpp"
#include "core/narrow.hpp"
#include "core/object_reader.hpp"
#include "core/text.hpp"
#include "neuro/spiking/kinds.hpp"

namespace tephra::spiking {
namespace {

constexpr int largest = std::numeric_limits<int>::max();

// Element types of arrays.
constexpr const char *byte_type = "i8", *half_type = "i16", *word_type = "i32";

template <typename T>
bool fits(const std::vector<std::int32_t>& values) {
    return std::ranges::all_of(values, [](std::int32_t value) { return std::in_range<T>(value); });
}

class Encoder {
public:
    /// Parameters as JSON: one value is a number, others are {type: count} with the values in the narrowest type.
    Json parameters(const StoredParameters& stored) {
        Json::Object object;
        for (const auto& [name, values] : stored)
            object.emplace_back(name, values.size() == 1 ? Json(values.front()) : array(values));
        return object;
    }
    [[nodiscard]] std::string values() const { return out_.bytes(); }

private:
    template <typename T>
    Json put(const char* type, const std::vector<std::int32_t>& values) {
        for (const std::int32_t value : values) out_.put<T>(narrow<T>(value));
        return Json::Object{{type, narrow<std::int64_t>(values.size())}};
    }
    Json array(const std::vector<std::int32_t>& values) {
        if (fits<std::int8_t>(values)) return put<std::int8_t>(byte_type, values);
        if (fits<std::int16_t>(values)) return put<std::int16_t>(half_type, values);
        return put<std::int32_t>(word_type, values);
    }
    ByteWriter out_;
};

Json numbers(const std::vector<int>& values) {
    Json::Array array;
    for (const int value : values) array.emplace_back(value);
    return array;
}

tl::unexpected<Error> not_stored(std::string_view kind, const std::string& place) {
    return bad_input("kind \"" + std::string(kind) + "\" can't be stored", place,
                     "give it a store() and a line in neuro/spiking/kinds.cpp");
}

class Decoder {
public:
    Decoder(std::span<const std::byte> values, std::string place)
        : size_(values.size()), in_(values), place_(std::move(place)) {}

    Result<NetworkParts> parts(const Json& json) {
        ObjectReader in(json, place_ + "#");
        const auto &layers = in.array("layers"), &connections = in.array("connections"), &inputs = in.array("inputs"),
                   &outputs = in.array("outputs");
        if (auto good = in.finish(); !good) return tl::unexpected(good.error());
        for (std::size_t i = 0; i < layers.size() && !error_; ++i) layer(layers[i], item("layers", i));
        for (std::size_t i = 0; i < connections.size() && !error_; ++i)
            connection(connections[i], item("connections", i));
        for (std::size_t i = 0; i < inputs.size() && !error_; ++i) input(inputs[i], item("inputs", i));
        for (std::size_t i = 0; i < outputs.size() && !error_; ++i)
            if (const auto index = integer(outputs[i], item("outputs", i))) parts_.outputs.push_back(*index);
        if (!error_ && in_.position() != size_)
            fault(place_, std::to_string(size_ - in_.position()) + " bytes of values belong to no parameter");
        if (error_) return tl::unexpected(*error_);
        return std::move(parts_);
    }

private:
    [[nodiscard]] std::string item(const char* list, std::size_t index) const {
        return place_ + "#/" + list + "/" + std::to_string(index);
    }
    void fault(const std::string& place, std::string message) {
        if (!error_) error_ = {ErrorCode::bad_input, std::move(message), place, "write the file again"};
    }
    template <typename T>
    std::optional<T> accept(Result<T> result) {
        if (result) return std::move(*result);
        if (!error_) error_ = result.error();
        return std::nullopt;
    }
    bool good(const Result<void>& result) {
        if (!result && !error_) error_ = result.error();
        return result.has_value();
    }

    std::optional<int> integer(const Json& json, const std::string& place) {
        const std::int64_t* value = json.integer();
        if (value != nullptr && std::in_range<int>(*value)) return static_cast<int>(*value);
        fault(place, "no integer of 32 bits");
        return std::nullopt;
    }

    template <typename T>
    std::vector<std::int32_t> take(std::size_t count, const std::string& place) {
        if (count > (size_ - in_.position()) / sizeof(T)) {
            fault(place, std::to_string(count) + " values of " + std::to_string(sizeof(T)) + " bytes, " +
                             std::to_string(size_ - in_.position()) + " bytes are left");
            return {};
        }
        std::vector<T> values(count);
        in_.get_all(std::span(values));
        return {values.begin(), values.end()};
    }

    std::vector<std::int32_t> values(const Json& json, const std::string& place) {
        if (json.integer() != nullptr) {
            const auto value = integer(json, place);
            return {value.value_or(0)};
        }
        if (json.object() == nullptr || json.object()->size() != 1) {
            fault(place, "neither a number nor an object of one type and count");
            return {};
        }
        const auto& [type, number] = json.object()->front();
        const std::int64_t* count = number.integer();
        if (count == nullptr || *count < 0 || *count > most_stored_values) {
            fault(place, "a count that is not 0 to " + std::to_string(most_stored_values));
            return {};
        }
        const auto n = static_cast<std::size_t>(*count);
        if (type == byte_type) return take<std::int8_t>(n, place);
        if (type == half_type) return take<std::int16_t>(n, place);
        if (type == word_type) return take<std::int32_t>(n, place);
        fault(place, "no type is called \"" + type + "\"; there are i8, i16 and i32");
        return {};
    }

    StoredParameters parameters(const Json& json, const std::string& place) {
        StoredParameters out;
        if (json.object() == nullptr) {
            fault(place, "no object");
            return out;
        }
        for (const auto& [name, value] : *json.object()) {
            if (error_) break;
            out.push_back({name, values(value, place + "/" + pointer_part(name))});
        }
        return out;
    }

    void layer(const Json& json, const std::string& place) {
        ObjectReader in(json, place);
        Layer layer;
        layer.name = in.string("name");
        const Json::Array& shape = in.array("shape");
        const std::string kind = in.string("neurons");
        const Json& stored = in.value("parameters");
        layer.message_bits = static_cast<int>(in.integer("message_bits", 0, most_message_bits));
        if (!good(in.finish())) return;
        for (std::size_t axis = 0; axis < shape.size(); ++axis)
            if (const auto extent = integer(shape[axis], place + "/shape/" + std::to_string(axis)))
                layer.shape.push_back(*extent);
        auto given = parameters(stored, place + "/parameters");
        if (error_) return;
        if (auto made = accept(read_neurons(kind, std::move(given), place))) {
            layer.neurons = std::move(*made);
            parts_.layers.push_back(std::move(layer));
        }
    }

    void connection(const Json& json, const std::string& place) {
        ObjectReader in(json, place);
        Connection c;
        c.source = static_cast<int>(in.integer("source", 0, largest));
        c.target = static_cast<int>(in.integer("target", 0, largest));
        c.port = static_cast<int>(in.integer("port", 0, largest));
        const std::string kind = in.string("synapses");
        const Json& stored = in.value("parameters");
        c.delay = static_cast<int>(in.integer("delay", 0, longest_delay));
        if (!good(in.finish())) return;
        auto given = parameters(stored, place + "/parameters");
        if (error_) return;
        if (auto made = accept(read_synapses(kind, std::move(given), place))) {
            c.synapses = std::move(*made);
            parts_.connections.push_back(std::move(c));
        }
    }

    void input(const Json& json, const std::string& place) {
        ObjectReader in(json, place);
        const Input input{static_cast<int>(in.integer("layer", 0, largest)),
                          static_cast<int>(in.integer("port", 0, largest))};
        if (good(in.finish())) parts_.inputs.push_back(input);
    }

    std::size_t size_;
    ByteReader in_;
    std::string place_;
    NetworkParts parts_;
    std::optional<Error> error_;
};

}  // namespace

Result<EncodedNetwork> encode_network(const Network& network) {
    Encoder encoder;
    Json::Array layers, connections, inputs;
    for (const Layer& layer : network.layers()) {
        if (printable(layer.name) != layer.name)
            return bad_input("a layer's name holds control characters or is no UTF-8",
                             "layer \"" + printable(layer.name) + "\"", "call it otherwise");
        const auto stored = layer.neurons->store();
        if (!stored) return not_stored(layer.neurons->kind(), "layer \"" + layer.name + "\"");
        layers.emplace_back(Json::Object{{"name", layer.name},
                                         {"shape", numbers(layer.shape)},
                                         {"neurons", std::string(layer.neurons->kind())},
                                         {"parameters", encoder.parameters(*stored)},
                                         {"message_bits", layer.message_bits}});
    }
    for (const Connection& c : network.connections()) {
        const auto stored = c.synapses->store();
        if (!stored)
            return not_stored(c.synapses->kind(), "connection from \"" + network.layer(c.source).name + "\" to \"" +
                                                      network.layer(c.target).name + "\"");
        connections.emplace_back(Json::Object{{"source", c.source},
                                              {"target", c.target},
                                              {"port", c.port},
                                              {"delay", c.delay},
                                              {"synapses", std::string(c.synapses->kind())},
                                              {"parameters", encoder.parameters(*stored)}});
    }
    for (const Input& input : network.inputs())
        inputs.emplace_back(Json::Object{{"layer", input.layer}, {"port", input.port}});
    const Json structure = Json::Object{{"layers", std::move(layers)},
                                        {"connections", std::move(connections)},
                                        {"inputs", std::move(inputs)},
                                        {"outputs", numbers(network.outputs())}};
    return EncodedNetwork{structure.dump(-1), encoder.values()};
}

Result<Network> decode_network(const std::string& structure, std::span<const std::byte> values,
                               const std::string& place) {
    const auto json = parse_json(structure, place);
    if (!json) return tl::unexpected(json.error());
    auto parts = Decoder(values, place).parts(*json);
    if (!parts) return tl::unexpected(parts.error());
    auto network = Network::make(std::move(*parts));
    if (!network) network.error().place = network.error().place.empty() ? place : place + ", " + network.error().place;
    return network;
}

Hash128 content_hash(const EncodedNetwork& network) {
    ByteWriter hashes;
    for (const std::string* part : {&network.structure, &network.values}) {
        const Hash128 hash = hash128(*part);
        hashes.put(hash.low);
        hashes.put(hash.high);
    }
    return hash128(hashes.bytes());
}

}  // namespace tephra::spiking

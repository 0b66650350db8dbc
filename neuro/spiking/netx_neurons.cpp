#include "neuro/spiking/netx_neurons.hpp"

#include <algorithm>
#include <cmath>

#include "core/narrow.hpp"
#include "core/text.hpp"
#include "neuro/spiking/sigma_delta.hpp"

namespace tephra::spiking {
namespace {

constexpr int bias_exponent = 6;                    // of LIF neurons
constexpr SigmaDeltaScale sigma_delta_scale{6, 6};  // of SDNN neurons
constexpr int sigma_delta_message_bits = 16;
constexpr int sigma_message_bits = 24;

const std::vector<std::string> neuron_members = {"type",        "iDecay",   "vDecay", "vThMant",     "refDelay",
                                                 "gradedSpike", "wgtExp",   "theta",  "messageBits", "sigma_output",
                                                 "activation",  "scaleRho", "tauRho"};

Result<NetxNeurons> read_lif(const Hdf5Group& group, const NetxLayer& layer, const NeuronConstant& bias,
                             const NetxOptions& options, std::vector<std::string>& notes) {
    const auto current = group.integer("iDecay", 1, decay_one), voltage = group.integer("vDecay", 0, largest_decay),
               threshold = group.integer("vThMant", 0, largest_threshold);
    for (const auto* value : {&current, &voltage, &threshold})
        if (!*value) return tl::unexpected(value->error());
    if (group.has("refDelay")) {
        const auto refractory = group.number("refDelay");
        if (!refractory) return tl::unexpected(refractory.error());
        if (*refractory != 1)
            notes.push_back("layer " + layer.name + ": a refractory delay other than 1 is ignored, as lava-dl does");
    }
    LifParameters p;
    p.cuba = {narrow<std::int32_t>(*current - 1), narrow<std::int32_t>(*voltage), 0, bias, bias_exponent};
    p.threshold = narrow<std::int32_t>(*threshold);
    p.threshold_rule = options.threshold_rule;
    if (options.reset_interval > 0) p.clear = {options.reset_interval, options.reset_offset + 1 + layer.number};
    const auto model = with_place(group.place(), make_lif(std::move(p)));
    if (!model) return tl::unexpected(model.error());
    return NetxNeurons{*model, 0, 1};
}

Result<NetxNeurons> read_sdnn(const Hdf5Group& group, const NetxLayer& layer, const NeuronConstant& bias,
                              const NetxOptions& options) {
    if (options.reset_interval > 0)
        return bad_input("a reset interval for a network of SDNN neurons", group.place(),
                         "only LIF neurons are cleared");
    const auto threshold = group.integer("vThMant", 0, state_max >> sigma_delta_scale.shift());
    if (!threshold) return tl::unexpected(threshold.error());
    if (group.has("activation")) {
        const auto activation = group.string("activation");
        if (!activation) return tl::unexpected(activation.error());
        if (*activation != "relu")
            return bad_input("the activation is \"" + *activation + "\"", group.place("activation"),
                             "lava-dl loads every SDNN neuron with relu");
    }
    const auto sigma = group.has("sigma_output") ? group.integer("sigma_output", 0, 1) : Result<std::int64_t>(0);
    if (!sigma) return tl::unexpected(sigma.error());
    const auto vth = narrow<std::int32_t>(*threshold);
    if (*sigma == 0 || layer.input) {
        const auto model =
            with_place(group.place(), layer.input ? make_delta({sigma_delta_scale, vth})
                                                  : make_sigma_delta({sigma_delta_scale, vth, bias, true}));
        if (!model) return tl::unexpected(model.error());
        return NetxNeurons{*model, sigma_delta_message_bits, 0};
    }
    if (std::ranges::any_of(bias.values(), [](std::int32_t value) { return value != 0; }))
        return bad_input("biases of a layer with sigma_output", group.place("sigma_output"),
                         "lava-dl ignores them; set them to zero");
    return NetxNeurons{make_sigma(), sigma_message_bits, 0};
}

}  // namespace

Result<void> check_netx_members(const Hdf5Group& group, const std::vector<std::string>& known) {
    const auto names = group.names();
    if (!names) return tl::unexpected(names.error());
    for (const std::string& name : *names)
        if (std::ranges::find(known, name) == known.end())
            return bad_input("tephra does not know this member", group.place(name),
                             "remove it if the network means the same without it");
    return {};
}

Result<Integers> read_integers(const Hdf5Group& group, const std::string& name) {
    const Result<Hdf5Array> array = group.numbers(name);
    if (!array) return tl::unexpected(array.error());
    Integers out{array->shape, {}};
    out.values.reserve(array->values.size());
    for (const double value : array->values) {
        if (value != std::floor(value) || std::abs(value) > 2147483647.0)
            return bad_input("value " + std::to_string(out.values.size()) + " is " + number_text(value),
                             group.place(name),
                             "NetX files have integers of 32 bits here: export the quantized network");
        out.values.push_back(static_cast<std::int32_t>(value));
    }
    return out;
}

Result<NetxNeurons> read_netx_neurons(const Hdf5Group& group, const NetxLayer& layer, const NeuronConstant& bias,
                                      const NetxOptions& options, std::vector<std::string>& notes) {
    if (auto known = check_netx_members(group, neuron_members); !known) return tl::unexpected(known.error());
    const Result<std::string> type = group.string("type");
    if (!type) return tl::unexpected(type.error());
    const bool lif = *type == "CUBA" || *type == "LOIHI";
    if (!lif && *type != "SDNN")
        return bad_input("neurons of type \"" + *type + "\" are not read", group.place("type"),
                         "CUBA, LOIHI and SDNN are");
    Result<NetxNeurons> neurons =
        lif ? read_lif(group, layer, bias, options, notes) : read_sdnn(group, layer, bias, options);
    if (!neurons || !group.has("messageBits")) return neurons;
    const auto bits = group.integer("messageBits", 0, most_message_bits);
    if (!bits) return tl::unexpected(bits.error());
    neurons->message_bits = narrow<int>(*bits);
    return neurons;
}

}  // namespace tephra::spiking

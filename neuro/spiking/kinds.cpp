#include "neuro/spiking/kinds.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "core/text.hpp"
#include "neuro/spiking/convolution.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/graded.hpp"
#include "neuro/spiking/leaky_readout.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/one_to_one.hpp"
#include "neuro/spiking/pool.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/resonate_fire.hpp"
#include "neuro/spiking/sigma_delta.hpp"
#include "neuro/spiking/sparse.hpp"
#include "neuro/spiking/ternary_lif.hpp"

namespace tephra::spiking {
namespace {

template <typename Made>
struct Kind {
    std::string_view name;
    Result<Made> (*read)(ParameterReader& in);
};

constexpr std::array<Kind<NeuronModelPtr>, 12> models = {{
    {"delta", read_delta},
    {"graded", read_graded},
    {"graded_relu", read_graded_relu},
    {"leaky_readout", read_leaky_readout},
    {"lif", read_lif},
    {"product", read_product},
    {"relay", read_relay},
    {"resonate_fire", read_resonator},
    {"sigma", read_sigma},
    {"sigma_delta", read_sigma_delta},
    {"ternary_lif", read_ternary_lif},
    {"threshold", read_threshold},
}};

constexpr std::array<Kind<SynapseFormatPtr>, 5> formats = {{
    {"convolution", read_convolution},
    {"dense", read_dense},
    {"one_to_one", read_one_to_one},
    {"pool", read_pool},
    {"sparse", read_sparse},
}};

template <typename Made>
std::vector<std::string> names(std::span<const Kind<Made>> kinds) {
    std::vector<std::string> out;
    for (const Kind<Made>& kind : kinds) out.emplace_back(kind.name);
    return out;
}

template <typename Made>
Result<Made> read(std::span<const Kind<Made>> kinds, const std::string& what, std::string_view name,
                  StoredParameters parameters, const std::string& place) {
    const auto kind = std::ranges::find(kinds, name, &Kind<Made>::name);
    if (kind == kinds.end()) {
        const std::string nearest = nearest_name(name, names(kinds));
        return bad_input("there is no " + what + " \"" + std::string(name) + "\"", place,
                         nearest.empty() ? "one is \"" + std::string(kinds.front().name) + "\""
                                         : "did you mean \"" + nearest + "\"?");
    }
    ParameterReader in(std::move(parameters), place);
    Result<Made> made = kind->read(in);
    if (const auto good = in.finish(); !good) return tl::unexpected(good.error());
    return with_place(place, std::move(made));
}

}  // namespace

Result<NeuronModelPtr> read_neurons(std::string_view kind, StoredParameters parameters, const std::string& place) {
    return read<NeuronModelPtr>(models, "neuron model", kind, std::move(parameters), place);
}

Result<SynapseFormatPtr> read_synapses(std::string_view kind, StoredParameters parameters, const std::string& place) {
    return read<SynapseFormatPtr>(formats, "synapse format", kind, std::move(parameters), place);
}

std::vector<std::string> neuron_kinds() {
    return names<NeuronModelPtr>(models);
}

std::vector<std::string> synapse_kinds() {
    return names<SynapseFormatPtr>(formats);
}

}  // namespace tephra::spiking

#include "neuro/spiking/probes.hpp"

#include <algorithm>
#include <string_view>

#include "core/narrow.hpp"
#include "core/text.hpp"

namespace tephra::spiking {
namespace {

constexpr std::int64_t most_probed_bytes = std::int64_t{1} << 32;  // of a .npz file

Result<Probe> find_probe(const Network& network, const std::string& text, const std::string& place) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos)
        return fail(ErrorCode::usage, "'" + text + "' is no probe", place, "LAYER:spikes, LAYER:u, LAYER:v ...");
    const Result<int> layer = network.find(text.substr(0, colon));
    if (!layer) return fail(ErrorCode::usage, layer.error().message, place, layer.error().hint);
    const Layer& what = network.layer(*layer);
    Probe probe{text, *layer, -1, what.message_bits == 0, {}, {}};
    const std::string word = text.substr(colon + 1);
    if (word == "spikes") return probe;
    const auto states = what.neurons->states();
    const auto found = std::ranges::find(states, std::string_view(word));
    if (found == states.end()) {
        std::string names = "spikes";
        for (const std::string_view name : states) names += ", " + std::string(name);
        return fail(ErrorCode::usage, "layer \"" + what.name + "\" has no '" + word + "'", place, "it has " + names);
    }
    probe.word = narrow<int>(found - states.begin());
    probe.small = false;
    return probe;
}

}  // namespace

void Probe::resize(std::size_t values) {
    if (small)
        bytes.resize(values);
    else
        words.resize(values);
}

void Probe::set(std::size_t at, std::span<const std::int32_t> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        if (small)
            bytes[at + i] = narrow<std::int8_t>(values[i]);
        else
            words[at + i] = values[i];
}

Result<std::vector<Probe>> find_probes(const Network& network, const std::vector<std::string>& names, int steps,
                                       const std::string& place) {
    std::vector<std::string> wanted = names;
    if (wanted.empty())
        for (const int layer : network.outputs()) wanted.push_back(network.layer(layer).name + ":spikes");
    std::vector<Probe> probes;
    std::int64_t bytes = 0;
    for (const std::string& name : wanted) {
        auto probe = find_probe(network, name, place);
        if (!probe) return tl::unexpected(probe.error());
        if (std::ranges::find(probes, name, &Probe::name) != probes.end())
            return fail(ErrorCode::usage, "'" + name + "' is probed twice", place, "name it once");
        bytes += std::int64_t{network.layer(probe->layer).size()} * steps * (probe->small ? 1 : 4);
        probes.push_back(std::move(*probe));
    }
    if (bytes > most_probed_bytes)
        return fail(ErrorCode::usage, "the probes would record " + bytes_text(static_cast<std::uint64_t>(bytes)), place,
                    "probe fewer layers or steps: 4 GiB fit in a .npz file");
    for (Probe& probe : probes)
        probe.resize(static_cast<std::size_t>(network.layer(probe.layer).size()) * static_cast<std::size_t>(steps));
    return probes;
}

}  // namespace tephra::spiking

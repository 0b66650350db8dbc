#include "neuro/spiking/nir_synapses.hpp"

#include <algorithm>
#include <cmath>

#include "core/narrow.hpp"
#include "neuro/spiking/convolution.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/nir_shape.hpp"
#include "neuro/spiking/one_to_one.hpp"
#include "neuro/spiking/sparse.hpp"

namespace tephra::spiking {
namespace {

const NirNode& node_of(const NirGraph& graph, int index) {
    return graph.nodes[static_cast<std::size_t>(index)];
}

}  // namespace

bool is_convolution(const NirGraph& graph, const NirPath& path, const std::vector<double>& gain) {
    if (path.nodes.size() != 1) return false;
    const NirNode& only = node_of(graph, path.nodes.front());
    if (only.type != "Conv2d" && only.type != "Conv1d") return false;
    // A Flatten on the way would change what an image is.
    if (node_of(graph, path.target).shape != only.shape ||
        node_of(graph, path.source).shape != node_of(graph, only.from.front()).shape)
        return false;
    const auto channels = static_cast<std::size_t>(only.shape.front());
    for (std::size_t i = 0; i < gain.size(); ++i)
        if (gain[i] != gain[i % channels]) return false;
    return true;
}

Result<Connection> convolve(const NirGraph& graph, const NirPath& path, const std::vector<double>& gain,
                            double factor) {
    const NirNode& only = node_of(graph, path.nodes.front());
    const auto window = nir_window(only);
    if (!window) return tl::unexpected(window.error());
    const auto in = nir_image(node_of(graph, path.source).shape, only.place);
    if (!in) return tl::unexpected(in.error());
    const auto groups = nir_integer(only, "groups", 0, 1, most_neurons);
    if (!groups) return tl::unexpected(groups.error());
    const Hdf5Array& kernel = only.at("weight");
    const auto outputs = static_cast<std::size_t>(kernel.shape[0]), inputs = static_cast<std::size_t>(kernel.shape[1]);
    const auto kx = static_cast<std::size_t>(window->kernel[0]), ky = static_cast<std::size_t>(window->kernel[1]);
    std::vector<std::int32_t> weights;
    for (std::size_t o = 0; o < outputs; ++o)
        for (std::size_t x = 0; x < kx; ++x)
            for (std::size_t y = 0; y < ky; ++y)
                for (std::size_t c = 0; c < inputs; ++c)
                    weights.push_back(static_cast<std::int32_t>(
                        std::nearbyint(kernel.values[((o * inputs + c) * ky + y) * kx + x] * gain[o] * factor)));
    const auto stored = store_plain(weights);
    if (!stored) return tl::unexpected(stored.error());
    auto synapses = make_convolution(*in, *window, narrow<int>(outputs), *groups, *stored);
    if (!synapses) return tl::unexpected(synapses.error());
    return Connection{-1, -1, 0, std::move(*synapses), 0};
}

Result<Connection> join(const NirPath& path, int sources, int targets, const std::vector<std::int32_t>& weights,
                        int exponent) {
    const std::int32_t delay = path.entries.front().delay;
    const bool together = std::ranges::all_of(path.entries, [&](const PathEntry& e) { return e.delay == delay; });
    const bool straight = together && sources == targets && std::ssize(path.entries) == sources &&
                          std::ranges::all_of(path.entries, [](const PathEntry& e) { return e.source == e.target; });
    auto stored = store_plain(weights);
    if (!stored) return tl::unexpected(stored.error());
    stored->exponent = exponent;
    Result<SynapseFormatPtr> synapses = SynapseFormatPtr();
    if (straight) {
        if (std::ranges::all_of(stored->values, [&](std::int16_t w) { return w == stored->values.front(); }))
            stored->values.resize(1);
        synapses = make_one_to_one(sources, *stored);
    } else if (together && 2 * std::ssize(path.entries) >= std::int64_t{sources} * targets) {
        StoredWeights matrix = *stored;
        matrix.values.assign(static_cast<std::size_t>(std::int64_t{sources} * targets), 0);
        for (std::size_t i = 0; i < path.entries.size(); ++i)
            matrix.values[static_cast<std::size_t>(std::int64_t{path.entries[i].target} * sources +
                                                   path.entries[i].source)] = stored->values[i];
        synapses = make_dense(sources, targets, matrix);
    } else {
        std::vector<Synapse> list;
        for (std::size_t i = 0; i < path.entries.size(); ++i) {
            const PathEntry& e = path.entries[i];
            list.push_back({e.source, e.target, weights[i], together ? 0 : e.delay});
        }
        synapses = make_sparse(sources, targets, std::move(list), stored->bits, exponent);
    }
    if (!synapses) return tl::unexpected(synapses.error());
    return Connection{-1, -1, 0, std::move(*synapses), together ? delay : 0};
}

}  // namespace tephra::spiking

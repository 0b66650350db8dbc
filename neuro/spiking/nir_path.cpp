#include "neuro/spiking/nir_path.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "core/narrow.hpp"

namespace tephra::spiking {
namespace {

const std::vector<int>& input_shape(const NirGraph& graph, const NirNode& node) {
    return node.from.empty() ? node.shape : graph.nodes[static_cast<std::size_t>(node.from.front())].shape;
}

bool changes_nothing(const NirNode& node) {
    return node.type == "Input" || node.type == "Output" || node.type == "Flatten";
}

class PathFinder {
public:
    PathFinder(const NirGraph& graph, double dt) : graph_(graph), dt_(dt), to_(graph.nodes.size()) {
        for (std::size_t i = 0; i < graph.nodes.size(); ++i)
            for (const int from : graph.nodes[i].from) to_[static_cast<std::size_t>(from)].push_back(narrow<int>(i));
    }

    Result<std::vector<NirPath>> find() {
        for (int i = 0; i < std::ssize(graph_.nodes); ++i) {
            if (i != graph_.input && !at(i).is_neuron()) continue;
            std::vector<int> way;
            if (const auto done = follow(i, i, way); !done) return tl::unexpected(done.error());
        }
        for (NirPath& path : paths_)
            if (const auto done = join(path); !done) return tl::unexpected(done.error());
        return std::move(paths_);
    }

private:
    [[nodiscard]] const NirNode& at(int node) const { return graph_.nodes[static_cast<std::size_t>(node)]; }

    /// Follows all edges from `node`, which `source` reaches by `way`. No cycle has linear nodes alone.
    Result<void> follow(int source, int node, std::vector<int>& way) {
        for (const int next : to_[static_cast<std::size_t>(node)]) {
            if (at(next).is_neuron()) {
                if (std::ssize(paths_) == most_nir_paths)
                    return bad_input("over " + std::to_string(most_nir_paths) + " paths lead from neurons to neurons",
                                     at(next).place, "join linear nodes that stand side by side");
                paths_.push_back({source, next, way, {}});
                continue;
            }
            const bool kept = !changes_nothing(at(next));
            if (kept) way.push_back(next);
            if (auto done = follow(source, next, way); !done) return done;
            if (kept) way.pop_back();
        }
        return {};
    }

    Result<void> join(NirPath& path) const {
        std::vector<LinearMap> maps;
        std::vector<std::vector<int>> delays;
        for (const int node : path.nodes) {
            auto map = LinearMap::make(at(node), input_shape(graph_, at(node)));
            if (!map) return tl::unexpected(map.error());
            const auto steps = nir_delay_steps(at(node), *map, dt_);
            if (!steps) return tl::unexpected(steps.error());
            double error = 0;
            for (std::size_t i = 0; i < steps->size(); ++i)
                error = std::max(error, std::abs((*steps)[i] - map->delay()[i] / dt_));
            path.delay_error += error;
            maps.push_back(std::move(*map));
            delays.push_back(*steps);
        }
        std::map<std::pair<int, int>, double> reached, next;  // (element, delay): weight
        std::vector<LinearTap> taps;
        for (int element = 0; element < at(path.source).size(); ++element) {
            reached = {{{element, 0}, 1.0}};
            for (std::size_t i = 0; i < maps.size(); ++i) {
                next.clear();
                for (const auto& [where, weight] : reached) {
                    taps.clear();
                    maps[i].taps(where.first, taps);
                    for (const LinearTap& tap : taps) {
                        const int late = delays[i].empty() ? 0 : delays[i][static_cast<std::size_t>(tap.target)];
                        if (tap.weight != 0) next[{tap.target, where.second + late}] += weight * tap.weight;
                    }
                }
                std::swap(reached, next);
            }
            for (const auto& [where, weight] : reached)
                path.entries.push_back({neuron_of_element(at(path.source).shape, element),
                                        neuron_of_element(at(path.target).shape, where.first), weight, where.second});
            if (std::ssize(path.entries) > most_path_entries)
                return bad_input("the way from \"" + at(path.source).name + "\" to \"" + at(path.target).name +
                                     "\" has over " + std::to_string(most_path_entries) + " synapses",
                                 at(path.target).place, "use smaller layers");
        }
        std::ranges::sort(path.entries, {}, [](const PathEntry& e) { return std::tuple(e.source, e.target, e.delay); });
        return {};
    }

    const NirGraph& graph_;
    double dt_;
    std::vector<std::vector<int>> to_;
    std::vector<NirPath> paths_;
};

}  // namespace

int neuron_of_element(const std::vector<int>& shape, int element) {
    int neuron = 0, size = 1;
    for (const int extent : shape) size *= extent;
    // The first axis varies slowest in the file and fastest here.
    int rest = element, stride = size;
    std::vector<int> index;
    for (const int extent : shape) {
        stride /= extent;
        index.push_back(rest / stride);
        rest %= stride;
    }
    for (std::size_t axis = shape.size(); axis-- > 0;) neuron = neuron * shape[axis] + index[axis];
    return neuron;
}

Result<std::vector<NirPath>> find_nir_paths(const NirGraph& graph, double dt) {
    return PathFinder(graph, dt).find();
}

Result<std::vector<std::vector<double>>> nir_constants(const NirGraph& graph) {
    std::vector<std::vector<double>> values(graph.nodes.size()), constants(graph.nodes.size());
    const auto arriving = [&](const NirNode& node) {
        std::vector<double> sum;
        for (const int from : node.from) {
            const auto& more = values[static_cast<std::size_t>(from)];
            sum.resize(std::max(sum.size(), more.size()));
            for (std::size_t i = 0; i < more.size(); ++i) sum[i] += more[i];
        }
        return sum;
    };
    std::vector<LinearTap> taps;
    for (const int index : graph.order) {
        const NirNode& node = graph.nodes[static_cast<std::size_t>(index)];
        const auto map = LinearMap::make(node, input_shape(graph, node));
        if (!map) return tl::unexpected(map.error());
        const std::vector<double> in = arriving(node);
        std::vector<double> out = map->bias();
        for (std::size_t i = 0; i < in.size(); ++i) {
            if (in[i] == 0) continue;
            if (node.type == "Delay")
                return bad_input("a bias stands before the Delay \"" + node.name + "\"", node.place,
                                 "put the Delay before the weights");
            out.resize(static_cast<std::size_t>(node.size()));
            taps.clear();
            map->taps(static_cast<int>(i), taps);
            for (const LinearTap& tap : taps) out[static_cast<std::size_t>(tap.target)] += tap.weight * in[i];
        }
        values[static_cast<std::size_t>(index)] = std::move(out);
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const NirNode& node = graph.nodes[i];
        if (!node.is_neuron()) continue;
        const std::vector<double> sum = arriving(node);
        constants[i].resize(sum.size());
        for (std::size_t e = 0; e < sum.size(); ++e)
            constants[i][static_cast<std::size_t>(neuron_of_element(node.shape, narrow<int>(e)))] = sum[e];
    }
    return constants;
}

}  // namespace tephra::spiking

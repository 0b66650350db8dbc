#include "neuro/spiking/nir.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/narrow.hpp"
#include "core/text.hpp"
#include "neuro/spiking/image.hpp"
#include "neuro/spiking/nir_shape.hpp"
#include "neuro/spiking/trial.hpp"

namespace tephra::spiking {
namespace {

/// A primitive of NIR and its parameters; "?": may be missing.
struct Primitive {
    std::string type;
    std::vector<std::string> parameters;
    bool neuron = false;
};

const std::vector<Primitive>& primitives() {
    static const std::vector<Primitive> all = {
        {"Input", {"shape"}},
        {"Output", {"shape"}},
        {"Affine", {"weight", "bias"}},
        {"Linear", {"weight"}},
        {"Scale", {"scale"}},
        {"Conv1d", {"weight", "bias", "stride", "padding", "dilation", "groups", "input_shape?"}},
        {"Conv2d", {"weight", "bias", "stride", "padding", "dilation", "groups", "input_shape?"}},
        {"SumPool2d", {"kernel_size", "stride", "padding"}},
        {"AvgPool2d", {"kernel_size", "stride", "padding"}},
        {"Flatten", {"start_dim", "end_dim", "input_type?"}},
        {"Delay", {"delay"}},
        {"Threshold", {"threshold"}, true},
        {"I", {"r"}, true},
        {"IF", {"r", "v_threshold", "v_reset?"}, true},
        {"LI", {"tau", "r", "v_leak"}, true},
        {"LIF", {"tau", "r", "v_leak", "v_threshold", "v_reset?"}, true},
        {"CubaLI", {"tau_syn", "tau_mem", "r", "v_leak", "w_in?"}, true},
        {"CubaLIF", {"tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset?", "w_in?"}, true},
    };
    return all;
}

const Primitive* primitive_of(const std::string& type) {
    const auto& all = primitives();
    const auto found = std::ranges::find(all, type, &Primitive::type);
    return found == all.end() ? nullptr : &*found;
}

/// Reads nodes and edges of a graph and of the graphs within it.
class Reader {
public:
    Result<NirGraph> read(const Hdf5Group& root) {
        int input = -1, output = -1;
        if (const auto done = read_graph(root, "", 0, input, output); !done) return tl::unexpected(done.error());
        graph_.input = input;
        graph_.output = output;
        return std::move(graph_);
    }

private:
    Result<void> read_graph(const Hdf5Group& group, const std::string& prefix, int depth, int& input, int& output) {
        if (depth == deepest_nir_graph)
            return bad_input("graphs are nested too deeply", group.place(),
                             "at most " + std::to_string(deepest_nir_graph) + " levels are read");
        const auto nodes = group.group("nodes");
        if (!nodes) return tl::unexpected(nodes.error());
        const auto names = nodes->names();
        if (!names) return tl::unexpected(names.error());
        std::map<std::string, std::pair<int, int>> ends;  // of each node of this graph: where edges enter and leave
        for (const std::string& name : *names) {
            const auto node = nodes->group(name);
            if (!node) return tl::unexpected(node.error());
            const auto type = node->string("type");
            if (!type) return tl::unexpected(type.error());
            std::pair<int, int> end{-1, -1};
            if (*type == "NIRGraph") {
                if (auto done = read_graph(*node, prefix + name + "/", depth + 1, end.first, end.second); !done)
                    return done;
            } else {
                if (auto done = read_node(*node, prefix + name, *type); !done) return done;
                end = {last(), last()};
                if (*type == "Input" || *type == "Output") {
                    int& which = *type == "Input" ? input : output;
                    if (which >= 0)
                        return bad_input("a second node of type " + *type, node->place(),
                                         "a graph has one: join \"" +
                                             graph_.nodes[static_cast<std::size_t>(which)].name + "\" and \"" + prefix +
                                             name + "\"");
                    which = last();
                }
            }
            ends.emplace(name, end);
        }
        if (input < 0 || output < 0)
            return bad_input(std::string("a graph without an ") + (input < 0 ? "Input" : "Output"), nodes->place(),
                             "add a node of that type");
        return read_edges(group, ends);
    }

    Result<void> read_edges(const Hdf5Group& group, const std::map<std::string, std::pair<int, int>>& ends) {
        const auto edges = group.strings("edges");
        if (!edges) return tl::unexpected(edges.error());
        if (edges->shape.size() != 2 || edges->shape[1] != 2)
            return bad_input("edges that are no pairs of names", group.place("edges"),
                             "each row is a source and a target");
        std::vector<std::string> names;
        names.reserve(ends.size());
        for (const auto& [name, end] : ends) names.push_back(name);
        const auto find = [&](const std::string& name) { return ends.find(name); };
        for (std::size_t i = 0; i < edges->values.size(); i += 2) {
            const auto from = find(edges->values[i]), to = find(edges->values[i + 1]);
            if (from == ends.end() || to == ends.end()) {
                const std::string& missing = edges->values[from == ends.end() ? i : i + 1];
                const std::string nearest = nearest_name(missing, names);
                return bad_input("edge " + std::to_string(i / 2) + " names \"" + missing + "\", which is no node",
                                 group.place("edges"),
                                 nearest.empty() ? "every edge joins two nodes" : "did you mean \"" + nearest + "\"?");
            }
            std::vector<int>& sources = graph_.nodes[static_cast<std::size_t>(to->second.first)].from;
            if (std::ranges::find(sources, from->second.second) != sources.end())
                return bad_input("the edge from \"" + from->first + "\" to \"" + to->first + "\" is there twice",
                                 group.place("edges"), "remove one");
            sources.push_back(from->second.second);
        }
        return {};
    }

    Result<void> read_node(const Hdf5Group& group, const std::string& name, const std::string& type) {
        const Primitive* primitive = primitive_of(type);
        if (primitive == nullptr) {
            std::vector<std::string> names;
            for (const Primitive& p : primitives()) names.push_back(p.type);
            const std::string nearest = nearest_name(type, names);
            return bad_input("node \"" + name + "\" is of type \"" + type + "\", which is not read",
                             group.place("type"),
                             nearest.empty() ? "rewrite it by NIR's primitives, such as Affine, Conv2d, LIF"
                                             : "did you mean " + nearest + "?");
        }
        if (std::ssize(graph_.nodes) == most_nir_nodes)
            return bad_input("too many nodes", group.place(),
                             "at most " + std::to_string(most_nir_nodes) + " are read");
        NirNode node{name, type, group.place(), {}, {}, {}};
        std::set<std::string> known{"type", "metadata"};
        for (std::string parameter : primitive->parameters) {
            const bool optional = parameter.back() == '?';
            if (optional) parameter.pop_back();
            known.insert(parameter);
            if (optional && !group.has(parameter)) continue;
            const Result<Hdf5Array> value =
                parameter == "padding" && group.has("padding") ? read_padding(group) : group.numbers(parameter);
            if (!value) return tl::unexpected(value.error());
            if (value->values.empty())
                return bad_input("it has no values", group.place(parameter), "give it one, or one for each neuron");
            node.values.emplace(parameter, *value);
        }
        const auto members = group.names();
        if (!members) return tl::unexpected(members.error());
        for (const std::string& member : *members)
            if (!known.contains(member))
                return bad_input("a node of type " + type + " has no parameter \"" + member + "\"", group.place(member),
                                 "remove it if the network means the same without it");
        const auto complete = [&](const char* parameter, double value) {
            if (known.contains(parameter)) node.values.try_emplace(parameter, Hdf5Array{{}, {value}});
        };
        complete("v_reset", 0);
        complete("w_in", 1);
        graph_.nodes.push_back(std::move(node));
        return {};
    }

    /// Numbers, or "valid": none. "same" depends on the kernel; -1 stands for it.
    static Result<Hdf5Array> read_padding(const Hdf5Group& group) {
        const auto text = group.string("padding");
        if (!text) return group.numbers("padding");
        if (*text == "valid") return Hdf5Array{{}, {0}};
        if (*text == "same") return Hdf5Array{{}, {-1}};
        return bad_input("the padding is \"" + *text + "\"", group.place("padding"), "numbers, \"valid\" or \"same\"");
    }

    [[nodiscard]] int last() const { return narrow<int>(graph_.nodes.size()) - 1; }
    NirGraph graph_;
};

/// Orders the nodes that are no neurons. Errors: bad_input for a cycle among them.
Result<void> order_nodes(NirGraph& graph) {
    std::vector<int> open(graph.nodes.size());  // inputs that are no neurons and have no place in the order yet
    std::vector<std::vector<int>> to(graph.nodes.size());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        for (const int from : graph.nodes[i].from) {
            if (graph.nodes[static_cast<std::size_t>(from)].is_neuron()) continue;
            ++open[i];
            to[static_cast<std::size_t>(from)].push_back(narrow<int>(i));
        }
    std::vector<int> ready;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        if (open[i] == 0 && !graph.nodes[i].is_neuron()) ready.push_back(narrow<int>(i));
    while (!ready.empty()) {
        const int node = ready.back();
        ready.pop_back();
        graph.order.push_back(node);
        for (const int next : to[static_cast<std::size_t>(node)])
            if (--open[static_cast<std::size_t>(next)] == 0 && !graph.nodes[static_cast<std::size_t>(next)].is_neuron())
                ready.push_back(next);
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i)
        if (!graph.nodes[i].is_neuron() && open[i] > 0)
            return bad_input("node \"" + graph.nodes[i].name + "\" is in or behind a cycle without neurons",
                             graph.nodes[i].place, "put neurons into the cycle: they take a step");
    return {};
}

}  // namespace

int NirNode::size() const {
    std::int64_t size = 1;
    for (const int extent : shape) size *= extent;
    return narrow<int>(size);
}

bool NirNode::is_neuron() const {
    return primitive_of(type)->neuron;
}

static Result<NirGraph> read_graph(const std::string& path) {
    const auto file = Hdf5Group::open(path);
    if (!file) return tl::unexpected(file.error());
    const auto root = file->group("node");
    if (!root) return tl::unexpected(root.error());
    const auto type = root->string("type");
    if (!type) return tl::unexpected(type.error());
    if (*type != "NIRGraph")
        return bad_input("the outermost node is of type \"" + *type + "\"", root->place("type"),
                         "it should be NIRGraph");
    Result<NirGraph> graph = Reader().read(*root);
    if (!graph) return graph;
    if (const auto ordered = order_nodes(*graph); !ordered) return tl::unexpected(ordered.error());
    if (const auto shaped = find_nir_shapes(*graph); !shaped) return tl::unexpected(shaped.error());
    return graph;
}

Result<NirGraph> read_nir(const std::string& path) {
    return read_with_trial(path, [&] { return read_graph(path); });
}

}  // namespace tephra::spiking

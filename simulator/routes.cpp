#include "simulator/routes.hpp"

#include <algorithm>
#include <cassert>

#include "simulator/network.hpp"

namespace tephra {

const RouteTable::Known& RouteTable::known(LinkId id) {
    if (known_.empty()) known_.resize(static_cast<std::size_t>(topology_->links()));
    Known& known = known_[id.index()];
    if (known.kind == LinkKind::none) {
        const LinkEnds link = topology_->link(id);
        known = {ChipLinks{machine_, topology_, link.owner}.buffer({id, 0}), link.kind};
    }
    return known;
}

void RouteTable::add_entry(const Hop& hop, std::uint32_t children, std::uint32_t first_child) {
    const Known& link = known(hop.link);
    const std::uint32_t buffer = link.buffer + hop.channel;
    RouteEntry entry{};
    entry.buffer = buffer & ((1U << buffer_bits) - 1);
    entry.children = children & ((1U << branch_bits) - 1);
    entry.first_child = first_child;
    assert(entry.buffer == buffer && entry.children == children);
    entries_.push_back(entry);
    links_.push_back(hop.link);
    kinds_.push_back(link.kind);
}

std::uint32_t RouteTable::add_path(CoreId from, CoreId to, std::uint32_t number) {
    const auto first = static_cast<std::uint32_t>(entries_.size());
    path_.clear();
    topology_->route(from, to, path_);
    for (std::size_t k = 0; k < path_.size(); ++k) {
        const bool last = k + 1 == path_.size();
        add_entry(path_[k], last ? 0 : 1, last ? number : static_cast<std::uint32_t>(entries_.size()) + 1);
    }
    return first;
}

std::uint32_t RouteTable::add_tree(CoreId from, std::span<const CoreId> targets,
                                   std::span<const std::uint32_t> numbers) {
    const auto first = static_cast<std::uint32_t>(entries_.size());
    const std::vector<TreeHop> tree = topology_->tree(from, targets);
    std::vector<std::vector<std::size_t>> children(tree.size());
    for (std::size_t k = 1; k < tree.size(); ++k) children[static_cast<std::size_t>(tree[k].parent)].push_back(k);
    // Breadth first, so that the children of a node stand side by side.
    std::vector<std::size_t> order{0};
    for (std::size_t k = 0; k < order.size(); ++k) {
        const std::size_t node = order[k];
        if (!children[node].empty()) {
            const auto next = first + static_cast<std::uint32_t>(order.size());
            add_entry(tree[node].hop, static_cast<std::uint32_t>(children[node].size()), next);
            order.insert(order.end(), children[node].begin(), children[node].end());
            continue;
        }
        const auto target =
            std::ranges::find_if(targets, [&](CoreId core) { return topology_->eject(core) == tree[node].hop.link; });
        assert(target != targets.end());
        add_entry(tree[node].hop, 0, numbers[static_cast<std::size_t>(target - targets.begin())]);
    }
    return first;
}

}  // namespace tephra

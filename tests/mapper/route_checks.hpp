#pragma once
// What holds for the routes of every machine, with dead parts or without.
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "mapper/route.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

inline Topology topology_of(const Machine& machine) {
    auto topology = Topology::create(machine);
    REQUIRE(topology);
    return *topology;
}

/// Every end of routes: the cores whose routers the host reaches, and the host.
inline std::vector<CoreId> ends(const Topology& topology) {
    std::vector<CoreId> all;
    for (int c = 0; c <= topology.host().value; ++c)
        if (topology.reaches(topology.router_of(CoreId(c)))) all.emplace_back(c);
    return all;
}

/// Fails unless the path is made of working links that join, from `from` to `to`.
inline void check_path(const Topology& topology, CoreId from, CoreId to, const std::vector<Hop>& path) {
    REQUIRE(path.size() >= 2);
    CHECK(path.front().link == topology.inject(from));
    CHECK(path.back().link == topology.eject(to));
    for (std::size_t k = 0; k < path.size(); ++k) {
        const LinkEnds link = topology.link(path[k].link);
        REQUIRE(link.kind != LinkKind::none);
        CHECK(topology.works(path[k].link));
        CHECK(path[k].channel < topology.channels());
        if (k > 0) CHECK(link.from == topology.link(path[k - 1].link).to);
    }
}

/// Whether the waits-for relation of all paths has no cycle: repeatedly takes away what waits for nothing.
inline bool acyclic(const Topology& topology, bool channels = true) {
    std::map<std::pair<int, int>, std::set<std::pair<int, int>>> waits_for;
    std::map<std::pair<int, int>, int> waiting;
    for (const CoreId from : ends(topology))
        for (const CoreId to : ends(topology)) {
            const auto path = topology.route(from, to);
            for (std::size_t k = 0; k + 1 < path.size(); ++k) {
                const std::pair<int, int> a{path[k].link.value, channels ? path[k].channel : 0};
                const std::pair<int, int> b{path[k + 1].link.value, channels ? path[k + 1].channel : 0};
                waiting.try_emplace(b, 0);
                waiting.try_emplace(a, 0);
                if (waits_for[a].insert(b).second) ++waiting[b];
            }
        }
    std::vector<std::pair<int, int>> free;
    for (const auto& [node, count] : waiting)
        if (count == 0) free.push_back(node);
    std::size_t taken = 0;
    while (!free.empty()) {
        const auto node = free.back();
        free.pop_back();
        ++taken;
        for (const auto& next : waits_for[node])
            if (--waiting[next] == 0) free.push_back(next);
    }
    return taken == waiting.size();
}

}  // namespace tephra::test

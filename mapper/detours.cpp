// Ways around dead links and routers: up*/down* routing (Schroeder et al., Autonet, IEEE J. Sel. Areas Commun. 9(8),
// 1991), once among the parts of chips and once among the routers of a part whose mesh has dead links.
//
// Every node has a level, its distance from a root. A way first goes up, level by level, then only down: from a node to
// a common ancestor, the one that is fewest levels up, and on to the target. The meshes of routers and of chips have no
// odd cycles, so a wire always joins neighbouring levels, and no way of that kind is shorter. On a mesh of which little
// is dead it is as short as the straight path nearly always: then it is the negative-first rule of turn models.
//
// Why ways around cannot deadlock: a packet that heads for a link up to another part has channel `towards`, one that
// heads for a link down or for its target has `away`, and none changes back. The waits-for relation between (link,
// channel) pairs has no cycle, because
//   a. in `towards`, links of a part, then its links up, come before those of parts with lower levels; in `away`, links
//      of a part, then its links down, come before those of parts with higher levels; all of `towards` before `away`;
//   b. within a part and channel all packets go X then Y where the whole mesh works; elsewhere all go up, then down.
#include <algorithm>
#include <cassert>
#include <utility>

#include "mapper/route.hpp"

namespace tephra {
namespace {

/// Numbers all nodes that `neighbours` joins with a root by their distance from it; returns them, the nearest first.
template <typename Neighbours>
std::vector<int> spread(int root, std::vector<int>& level, const Neighbours& neighbours) {
    std::vector<int> reached{root};
    level[static_cast<std::size_t>(root)] = 0;
    for (std::size_t k = 0; k < reached.size(); ++k)
        neighbours(reached[k], [&](int next) {
            int& its = level[static_cast<std::size_t>(next)];
            if (its >= 0) return;
            its = level[static_cast<std::size_t>(reached[k])] + 1;
            reached.push_back(next);
        });
    return reached;
}

/// The ancestors of a node, a level at a time.
class Climb {
public:
    Climb(int start, const std::vector<int>& level) : level_(&level), below_(level.size(), -1), front_{start} {
        below_[static_cast<std::size_t>(start)] = start;
    }
    [[nodiscard]] int level() const { return (*level_)[static_cast<std::size_t>(front_.front())]; }
    [[nodiscard]] const std::vector<int>& front() const { return front_; }
    [[nodiscard]] bool passed(int node) const { return below_[static_cast<std::size_t>(node)] >= 0; }
    /// The node below, on the way to the start; the start's own is itself.
    [[nodiscard]] int below(int node) const { return below_[static_cast<std::size_t>(node)]; }

    template <typename Neighbours>
    void step(const Neighbours& neighbours) {
        const int next_level = level() - 1;
        std::vector<int> next;
        for (const int node : front_)
            neighbours(node, [&](int up) {
                if ((*level_)[static_cast<std::size_t>(up)] != next_level || passed(up)) return;
                below_[static_cast<std::size_t>(up)] = node;
                next.push_back(up);
            });
        assert(!next.empty());
        front_ = std::move(next);
    }

private:
    const std::vector<int>* level_;
    std::vector<int> below_;  ///< [node]; -1: not passed
    std::vector<int> front_;
};

/// The nodes of the shortest way that goes up, then down, both ends included; of equal ones the first that is found.
template <typename Neighbours>
std::vector<int> up_down(int from, int to, const std::vector<int>& level, const Neighbours& neighbours) {
    Climb a(from, level), b(to, level);
    while (a.level() > b.level()) a.step(neighbours);
    while (b.level() > a.level()) b.step(neighbours);
    auto top = a.front().end();
    while ((top = std::ranges::find_if(a.front(), [&](int node) { return b.passed(node); })) == a.front().end()) {
        a.step(neighbours);
        b.step(neighbours);
    }
    std::vector<int> way{*top};
    while (way.back() != from) way.push_back(a.below(way.back()));
    std::ranges::reverse(way);
    while (way.back() != to) way.push_back(b.below(way.back()));
    return way;
}

}  // namespace

template <typename Visit>
void Topology::visit_mesh_wires(RouterId router, const Visit& visit) const {
    const int first = chip_of(router).value * stride_ + router.value % tiles_ * mesh_directions;
    for (int direction = 0; direction < mesh_directions; ++direction) {
        const LinkEnds out = link(LinkId(first + direction));
        if (out.kind == LinkKind::none) continue;
        const LinkId back = mesh_step(out.to, out.from.value % tiles_, target_channel).hop.link;
        visit(out, works(LinkId(first + direction)) && works(back));
    }
}

template <typename Visit>
void Topology::visit_chip_wires(ChipId chip, const Visit& visit) const {
    for (int direction = 0; direction < chip_directions; ++direction) {
        const ChipId neighbour = chip_neighbour(chip, direction);
        if (!neighbour.valid()) continue;
        const LinkId out = chip_link(chip, neighbour);
        visit(link(out), works(out) && works(chip_link(neighbour, chip)));
    }
}

auto Topology::mesh_neighbours(int chip) const {
    return [this, chip](int tile, const auto& visit) {
        visit_mesh_wires(RouterId(chip * tiles_ + tile), [&](const LinkEnds& out, bool both) {
            if (both) visit(out.to.value % tiles_);
        });
    };
}

auto Topology::part_neighbours() const {
    return [this](int part, const auto& visit) {
        visit_chip_wires(remains_->chip_of[static_cast<std::size_t>(part)], [&](const LinkEnds& out, bool both) {
            if (both && part_of(out.from) == part) visit(part_of(out.to));
        });
    };
}

std::vector<bool> Topology::dead_links(const Machine& machine) const {
    std::vector<bool> dead(static_cast<std::size_t>(links()), false);
    for (const auto& [from, to] : machine.dead_links) dead[chip_link(from, to).index()] = true;
    for (const auto& [from, to] : machine.dead_mesh_links)
        dead[mesh_step(from, to.value % tiles_, target_channel).hop.link.index()] = true;
    for (const RouterId router : machine.dead_routers) {
        visit_mesh_wires(router, [&](const LinkEnds& out, bool) {
            dead[mesh_step(out.from, out.to.value % tiles_, target_channel).hop.link.index()] = true;
            dead[mesh_step(out.to, out.from.value % tiles_, target_channel).hop.link.index()] = true;
        });
        visit_chip_wires(chip_of(router), [&](const LinkEnds& out, bool) {
            if (out.from != router) return;
            dead[chip_link(out.owner, out.receiver).index()] = true;
            dead[chip_link(out.receiver, out.owner).index()] = true;
        });
        for (int k = 0; k < cores_per_tile_; ++k) {
            const CoreId core(router.value * cores_per_tile_ + k);
            dead[inject(core).index()] = dead[eject(core).index()] = true;
        }
    }
    return dead;
}

void Topology::find_remains(const Machine& machine) {
    if (!machine.dead_links.empty() || !machine.dead_mesh_links.empty() || !machine.dead_routers.empty()) {
        auto remains = std::make_shared<Remains>();
        remains->dead = dead_links(machine);
        remains->mesh_of.assign(static_cast<std::size_t>(shape_.chips()), -1);
        remains_ = remains;  // works() asks it
        for (int c = 0; c < shape_.chips(); ++c) remains->chip_of.emplace_back(c);
        for (const auto& link : machine.dead_mesh_links) remains->mesh_of[chip_of(link.from).index()] = 0;
        for (const RouterId router : machine.dead_routers) remains->mesh_of[chip_of(router).index()] = 0;
        find_parts(*remains);
    }
    takes_work_.resize(static_cast<std::size_t>(machine.cores()));
    for (int c = 0; c < machine.cores(); ++c)
        takes_work_[static_cast<std::size_t>(c)] = machine.usable(CoreId(c)) && reaches(router_of(CoreId(c)));
}

void Topology::find_parts(Remains& remains) const {
    const auto tiles = static_cast<std::size_t>(tiles_);
    for (int c = 0; c < shape_.chips(); ++c) {
        int& mesh_of = remains.mesh_of[static_cast<std::size_t>(c)];
        if (mesh_of < 0) continue;
        mesh_of = static_cast<int>(remains.meshes.size());
        Remains::Mesh mesh{std::vector<int>(tiles, -1), std::vector<int>(tiles, -1)};
        bool first = true;
        for (int tile = 0; tile < tiles_; ++tile) {
            const RouterId router(c * tiles_ + tile);
            if (mesh.level[static_cast<std::size_t>(tile)] >= 0 ||
                !works(inject(CoreId(router.value * cores_per_tile_))))
                continue;
            int part = c;
            if (!std::exchange(first, false)) {
                part = static_cast<int>(remains.chip_of.size());
                remains.chip_of.emplace_back(c);
            }
            for (const int reached : spread(tile, mesh.level, mesh_neighbours(c)))
                mesh.part[static_cast<std::size_t>(reached)] = part;
        }
        remains.meshes.push_back(std::move(mesh));
    }
    remains.level.assign(remains.chip_of.size(), -1);
    if (const int host = part_of(router_of(this->host())); host >= 0) spread(host, remains.level, part_neighbours());
}

int Topology::part_of(RouterId router) const {
    const int chip = router.value / tiles_;
    const int mesh = remains_->mesh_of[static_cast<std::size_t>(chip)];
    if (mesh < 0) return chip;
    return remains_->meshes[static_cast<std::size_t>(mesh)].part[static_cast<std::size_t>(router.value % tiles_)];
}

bool Topology::reaches(RouterId router) const {
    if (remains_ == nullptr) return true;
    const int part = part_of(router);
    return part >= 0 && remains_->level[static_cast<std::size_t>(part)] >= 0;
}

std::vector<CoreId> Topology::working_cores(ChipId chip) const {
    std::vector<CoreId> cores;
    const int per_chip = tiles_ * cores_per_tile_;
    for (int core = chip.value * per_chip; core < (chip.value + 1) * per_chip; ++core)
        if (takes_work(CoreId(core))) cores.emplace_back(core);
    return cores;
}

RouterId Topology::walk(RouterId from, RouterId to, std::uint8_t channel, std::vector<Hop>& path) const {
    const int chip = from.value / tiles_;
    const int mesh = remains_->mesh_of[static_cast<std::size_t>(chip)];
    const auto step_to = [&](int tile) {
        const Step taken = mesh_step(from, tile, channel);
        path.push_back(taken.hop);
        from = taken.to;
    };
    if (mesh < 0)
        while (from != to) step_to(to.value % tiles_);
    else
        for (const int tile : up_down(from.value % tiles_, to.value % tiles_,
                                      remains_->meshes[static_cast<std::size_t>(mesh)].level, mesh_neighbours(chip)))
            if (tile != from.value % tiles_) step_to(tile);
    return from;
}

void Topology::detour(RouterId from, CoreId target, std::vector<Hop>& path) const {
    const RouterId last = router_of(target);
    assert(reaches(from) && reaches(last));
    const std::vector<int> parts = up_down(part_of(from), part_of(last), remains_->level, part_neighbours());
    for (std::size_t k = 1; k < parts.size(); ++k) {
        const auto before = static_cast<std::size_t>(parts[k - 1]), next = static_cast<std::size_t>(parts[k]);
        const ChipId chip = remains_->chip_of[before];
        const int direction = chip_direction(chip, remains_->chip_of[next]);
        const auto channel = detour_channel(remains_->level[next] < remains_->level[before] ? towards : away);
        from = walk(from, RouterId(chip.value * tiles_ + border_tile(direction)), channel, path);
        const Step taken = chip_step(chip, direction, channel);
        path.push_back(taken.hop);
        from = taken.to;
    }
    walk(from, last, detour_channel(away), path);
    path.push_back({eject(target), target_channel});
}

std::string Topology::mend_hint(CoreId core) const {
    const RouterId router = router_of(core);
    assert(!reaches(router));
    // The routers that wires join with this one, and what lies around them, of which something must be dead.
    std::vector<bool> joined(static_cast<std::size_t>(routers()), false);
    std::vector<RouterId> all{router};
    joined[router.index()] = true;
    std::vector<std::string> names, near_host;
    const auto is_dead = [&](RouterId end) { return !works(inject(CoreId(end.value * cores_per_tile_))); };
    const auto visit_all = [&](RouterId from, const auto& visit) {
        visit_mesh_wires(from, visit);
        visit_chip_wires(chip_of(from), [&](const LinkEnds& out, bool both) {
            if (out.from == from) visit(out, both);
        });
    };
    const auto visit = [&](const LinkEnds& out, bool both) {
        if (both) {
            if (!joined[out.to.index()]) joined[out.to.index()] = true, all.push_back(out.to);
            return;
        }
        const auto ends = [](const char* what, int a, int b) {
            return std::string("the link between ") + what + " " + std::to_string(std::min(a, b)) + " and " +
                   std::to_string(std::max(a, b));
        };
        std::string name = out.kind == LinkKind::chip ? ends("chips", out.owner.value, out.receiver.value)
                                                      : ends("routers", out.from.value, out.to.value);
        bool near = reaches(out.to);
        for (const RouterId end : {out.to, out.from})
            if (is_dead(end)) name = "router " + std::to_string(end.value);
        if (is_dead(out.to)) visit_all(out.to, [&](const LinkEnds& beyond, bool) { near |= reaches(beyond.to); });
        std::vector<std::string>& list = near ? near_host : names;
        if (std::ranges::count(list, name) == 0) list.push_back(std::move(name));
    };
    for (std::size_t k = 0; k < all.size(); ++k) visit_all(all[k], visit);
    // What joins it with reached routers helps at once; where there is nothing of the kind, more than one must be
    // mended.
    const std::vector<std::string>& list = near_host.empty() ? names : near_host;
    constexpr std::size_t most = 4;
    std::string text = "mend what cuts core " + std::to_string(core.value) + " off: ";
    for (std::size_t k = 0; k < std::min(most, list.size()); ++k) text += (k == 0 ? "" : ", ") + list[k];
    return list.size() > most ? text + " and " + std::to_string(list.size() - most) + " more" : text;
}

}  // namespace tephra

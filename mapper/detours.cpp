// Ways around dead chip links: over one intermediate chip, straight to it and straight on.
#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <numeric>
#include <tuple>
#include <utility>

#include "mapper/route.hpp"

namespace tephra {
namespace {

constexpr int blocked = -1;  // instead of the length of a straight path over a dead link

}  // namespace

ChipId Topology::detour(ChipId from, ChipId to) const {
    const auto found = std::ranges::lower_bound(detours_, std::tuple(from, to), {},
                                                [](const Detour& d) { return std::tuple(d.from, d.to); });
    return found != detours_.end() && found->from == from && found->to == to ? found->via : ChipId();
}

std::vector<int> Topology::straight_lengths(const Machine& machine) const {
    const int chips = shape_.chips();
    const auto n = static_cast<std::size_t>(chips);
    std::vector<std::array<bool, chip_directions>> dead(n);
    for (const auto& [from, to] : machine.dead_links)
        dead[from.index()][static_cast<std::size_t>(chip_direction(from, to))] = true;
    std::vector<int> lengths(n * n, blocked);
    const auto outward = [](int from, int size) {  // positions along an axis, the nearest first
        std::vector<int> positions(static_cast<std::size_t>(size));
        std::iota(positions.begin(), positions.end(), 0);
        std::ranges::stable_sort(positions, {}, [from](int p) { return std::abs(p - from); });
        return positions;
    };
    for (int b = 0; b < chips; ++b) {
        const auto [to_x, to_y, to_z] = position(ChipId(b));
        const auto xs = outward(to_x, shape_.x), ys = outward(to_y, shape_.y), zs = outward(to_z, shape_.z);
        for (const int z : zs)
            for (const int y : ys)
                for (const int x : xs) {
                    const ChipId from = chip_at(x, y, z);
                    int& length = lengths[from.index() * n + static_cast<std::size_t>(b)];
                    if (from.value == b) {
                        length = 0;
                        continue;
                    }
                    const int direction = chip_direction(from, ChipId(b));
                    if (dead[from.index()][static_cast<std::size_t>(direction)]) continue;
                    const ChipId step = chip_neighbour(from, direction);
                    const int rest = lengths[step.index() * n + static_cast<std::size_t>(b)];
                    if (rest != blocked) length = rest + 1;
                }
    }
    return lengths;
}

ChipId Topology::best_via(const std::vector<int>& lengths, int from, int to) const {
    const auto a = position(ChipId(from)), b = position(ChipId(to));
    const auto n = static_cast<std::size_t>(shape_.chips());
    int best = INT_MAX;
    ChipId via;
    const auto try_chips = [&](int margin) {
        const auto along = [&](std::size_t axis, int size) {  // first and last position
            const auto [low, high] = std::minmax(a[axis], b[axis]);
            return std::pair(std::max(0, low - margin), std::min(size - 1, high + margin));
        };
        const auto [first_x, last_x] = along(0, shape_.x);
        const auto [first_y, last_y] = along(1, shape_.y);
        const auto [first_z, last_z] = along(2, shape_.z);
        best = INT_MAX;
        for (int z = first_z; z <= last_z; ++z)
            for (int y = first_y; y <= last_y; ++y)
                for (int x = first_x; x <= last_x; ++x) {
                    const ChipId chip = chip_at(x, y, z);
                    if (chip.value == from || chip.value == to) continue;
                    const int there = lengths[static_cast<std::size_t>(from) * n + chip.index()];
                    const int on = lengths[chip.index() * n + static_cast<std::size_t>(to)];
                    if (there != blocked && on != blocked && there + on < best) best = there + on, via = chip;
                }
    };
    // A chip k steps outside of the box between the two costs 2 k more links than the straight path.
    const int straight = links_between(a, b);
    const int widest = std::max({shape_.x, shape_.y, shape_.z});
    int margin = 1;
    try_chips(margin);
    while (best > straight + 2 * margin && margin < widest) try_chips(margin *= 2);
    return via;
}

Result<void> Topology::find_detours(const Machine& machine) {
    if (machine.dead_links.empty()) return {};
    const int chips = shape_.chips();
    const auto n = static_cast<std::size_t>(chips);
    const std::vector<int> lengths = straight_lengths(machine);
    for (int a = 0; a < chips; ++a)
        for (int b = 0; b < chips; ++b) {
            if (lengths[static_cast<std::size_t>(a) * n + static_cast<std::size_t>(b)] != blocked) continue;
            const ChipId via = best_via(lengths, a, b);
            if (!via.valid())
                return bad_input("the dead links cut chip " + std::to_string(b) + " off from chip " + std::to_string(a),
                                 "dead_links", "packets go along X, Y, Z, or so over one intermediate chip");
            detours_.push_back({ChipId(a), ChipId(b), via});
        }
    return {};
}

}  // namespace tephra

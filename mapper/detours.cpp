// Ways around dead chip links: over one intermediate chip, straight to it and straight on.
#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <numeric>
#include <tuple>

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
        const auto target = coordinates(ChipId(b));
        const auto xs = outward(target.x, shape_.x), ys = outward(target.y, shape_.y), zs = outward(target.z, shape_.z);
        for (const int z : zs)
            for (const int y : ys)
                for (const int x : xs) {
                    const ChipId from(x + shape_.x * (y + shape_.y * z));
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
    const auto a = coordinates(ChipId(from)), b = coordinates(ChipId(to));
    const auto n = static_cast<std::size_t>(shape_.chips());
    int best = INT_MAX;
    ChipId via;
    const auto try_chips = [&](int margin) {
        best = INT_MAX;
        for (int z = std::max(0, std::min(a.z, b.z) - margin); z <= std::min(shape_.z - 1, std::max(a.z, b.z) + margin);
             ++z)
            for (int y = std::max(0, std::min(a.y, b.y) - margin);
                 y <= std::min(shape_.y - 1, std::max(a.y, b.y) + margin); ++y)
                for (int x = std::max(0, std::min(a.x, b.x) - margin);
                     x <= std::min(shape_.x - 1, std::max(a.x, b.x) + margin); ++x) {
                    const ChipId chip(x + shape_.x * (y + shape_.y * z));
                    if (chip.value == from || chip.value == to) continue;
                    const int first = lengths[static_cast<std::size_t>(from) * n + chip.index()];
                    const int second = lengths[chip.index() * n + static_cast<std::size_t>(to)];
                    if (first != blocked && second != blocked && first + second < best)
                        best = first + second, via = chip;
                }
    };
    // A chip k steps outside of the box between the two costs 2 k more links than the straight path.
    const int straight = std::abs(a.x - b.x) + std::abs(a.y - b.y) + std::abs(a.z - b.z);
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

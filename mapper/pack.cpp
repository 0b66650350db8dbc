#include "mapper/pack.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/narrow.hpp"

namespace tephra {
namespace {

/// Cores that a program needs under the options; none when a neuron exceeds a core.
std::optional<int> cores_needed(const Program& program, const Machine& machine, const MapOptions& options) {
    Clusters clusters(program, machine, options);
    if (!clusters.find_least_cores()) return {};
    return cores_needed(pack(clusters, machine.limits));
}

/// "take 2-bit synapses or a larger machine": what would need fewer cores than `needed`.
std::string remedies(const Program& program, const Machine& machine, const MapOptions& options, int needed) {
    std::vector<std::string> all;
    const auto try_option = [&](const char* name, const MapOptions& changed) {
        const auto cores = cores_needed(program, machine, changed);
        if (cores && *cores < needed) all.emplace_back(name);
    };
    MapOptions changed = options;
    if (std::ranges::count(machine.formats, WeightStorage::ternary2) != 0) {
        changed.format = WeightStorage::ternary2;
        try_option("2-bit synapses", changed);
    }
    changed = options;
    changed.head_on_host = true;
    try_option("the head on the host", changed);
    changed = options;
    changed.streams = 1;
    try_option("fewer streams", changed);
    if (options.cores_per_chip > 0 && options.cores_per_chip < machine.mesh.usable_cores)
        all.emplace_back("more cores of each chip");
    all.emplace_back("a larger machine");
    std::string text = "take ";
    for (std::size_t k = 0; k < all.size(); ++k) text += (k == 0 ? "" : (k + 1 == all.size() ? " or " : ", ")) + all[k];
    return text;
}

/// Cores that would take work if the host reached them, and how to reach the first of them.
struct CutOff {
    int cores = 0;
    std::string hint;
};

CutOff cut_off(const Machine& machine, const Topology& topology) {
    CutOff cut;
    for (int c = 0; c < machine.cores(); ++c) {
        const CoreId core(c);
        if (!machine.usable(core) || topology.takes_work(core)) continue;
        if (cut.cores++ == 0) cut.hint = topology.mend_hint(core);
    }
    return cut;
}

/// The error of a program that needs `needed` cores, of which the machine has `usable`.
Error lack_of_cores(const Program& program, const Machine& machine, const Topology& topology, const MapOptions& options,
                    int needed, int usable) {
    const CutOff cut = cut_off(machine, topology);
    const auto error = [&](const std::string& message, std::string hint) {
        return Error{ErrorCode::does_not_fit, message, program.model_name, std::move(hint)};
    };
    if (usable == 0)
        return error("no core of " + machine.name + " takes work: all are dead" +
                         (cut.cores > 0 ? ", reserved or cut off from the host" : " or reserved"),
                     "take some off dead_cores, or raise usable_cores" + (cut.cores > 0 ? ", or " + cut.hint : ""));
    int per_chip = machine.mesh.usable_cores;
    std::string limited;
    if (options.cores_per_chip > 0 && options.cores_per_chip < per_chip) {
        per_chip = options.cores_per_chip;
        limited = ", " + std::to_string(per_chip) + " cores of each in use";
    }
    const int chips = (needed + per_chip - 1) / per_chip;
    const std::string what =
        chips > machine.chips()
            ? std::to_string(chips) + " chips of this kind" + limited + ", it has " + std::to_string(machine.chips())
            : std::to_string(needed) + " cores, it has " + std::to_string(usable) + " that take work";
    const std::string off =
        cut.cores > 0 ? "; " + std::to_string(cut.cores) + " more are cut off from the host" : std::string();
    return error("does not fit " + machine.name + ": needs " + what + off,
                 remedies(program, machine, options, needed) + (cut.cores > 0 ? ", or " + cut.hint : ""));
}

/// The fastest `needed` of the cores, in order. Only as many chips are taken as the first `needed` lie on: another one
/// would cost more than a slow core.
std::vector<CoreId> fastest(const Machine& machine, std::span<const CoreId> cores, std::size_t needed) {
    std::size_t within = needed;
    while (needed > 0 && within < cores.size() && machine.chip_of(cores[within]) == machine.chip_of(cores[needed - 1]))
        ++within;
    std::vector<std::size_t> ranked(within);
    std::iota(ranked.begin(), ranked.end(), std::size_t{0});
    std::ranges::stable_sort(ranked, {}, [&](std::size_t k) { return machine.slowness(cores[k]); });
    ranked.resize(needed);
    std::ranges::sort(ranked);
    std::vector<CoreId> chosen;
    chosen.reserve(needed);
    for (const std::size_t k : ranked) chosen.push_back(cores[k]);
    return chosen;
}

}  // namespace

std::vector<PackedPart> pack(const Clusters& clusters, const CoreLimits& limits) {
    std::vector<PackedPart> parts;
    CoreUse used;  // of the core that is being filled
    int core = 0;
    for (std::size_t c = 0; c < clusters.all.size(); ++c) {
        const Cluster& cluster = clusters.all[c];
        for (int k = 0; k < cluster.least; ++k) {
            const NeuronRange rows = cluster.part(k, cluster.least);
            const CoreUse part = clusters.part_use(cluster, rows);
            used += part;
            if (!parts.empty() && (k > 0 || !fits(used, limits))) {
                ++core;
                used = part;
            }
            parts.push_back({narrow<int>(c), rows, core});
        }
    }
    return parts;
}

int cores_needed(const std::vector<PackedPart>& parts) {
    return parts.empty() ? 0 : parts.back().core + 1;
}

Result<Mapping> place_packed(const Program& program, const Machine& machine, const Topology& topology,
                             const MapOptions& options, Clusters& clusters, const std::vector<CoreId>& cores) {
    for (Cluster& cluster : clusters.all) cluster.cores = cluster.least;
    const auto parts = pack(clusters, machine.limits);
    if (std::cmp_greater(cores_needed(parts), cores.size()))
        return tl::unexpected(
            lack_of_cores(program, machine, topology, options, cores_needed(parts), narrow<int>(cores.size())));
    const auto chosen = fastest(machine, cores, static_cast<std::size_t>(cores_needed(parts)));
    Mapping mapping;
    mapping.slices.resize(program.populations.size());
    for (const PackedPart& part : parts)
        for (const PopulationId member : clusters.all[static_cast<std::size_t>(part.cluster)].members)
            mapping.slices[member.index()].push_back(
                {chosen[static_cast<std::size_t>(part.core)], part.rows.begin, part.rows.end});
    return mapping;
}

}  // namespace tephra

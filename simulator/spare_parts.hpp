#pragma once
// Spare parts: what may die of a machine, and the machine without some of it.
#include <cstdint>
#include <string>
#include <vector>

#include "mapper/machine.hpp"
#include "mapper/route.hpp"

namespace tephra {

/// What dies: cores that would take work, links between chips or on their meshes in both directions, or routers with
/// their links and cores (that of the host's link aside).
enum class SparePart : std::uint8_t { cores, links, mesh_links, routers };
const std::vector<std::string>& spare_part_names();  ///< "cores", "links", "mesh-links", "routers": as the enumerators

/// What so many parts of a kind are called: "cores that take work", "pairs of linked chips" ...
const std::string& spare_part_words(SparePart part);

/// Neighbouring chips, each pair once, with a link in one direction at least; in the order of the chips.
std::vector<Machine::DeadLink> chip_wires(const Machine& machine);

/// Neighbouring routers of a chip likewise, of which neither is dead; in the order of the routers.
std::vector<Machine::DeadMeshLink> mesh_wires(const Machine& machine);

/// The parts of a kind that a machine has. Keeps a pointer to it.
class SpareParts {
public:
    SpareParts(const Machine& machine, const Topology& topology, SparePart part);
    SpareParts(const Machine&& machine, const Topology& topology, SparePart part) = delete;

    [[nodiscard]] int count() const;
    /// The number of part `index`, from 0: of a core or router in the machine; of a pair of links its place in
    /// chip_wires() or mesh_wires().
    [[nodiscard]] int name(int index) const;
    /// The machine without the parts of these numbers.
    [[nodiscard]] Machine without(const std::vector<int>& names) const;

private:
    const Machine* machine_;
    SparePart part_;
    std::vector<int> numbers_;  ///< of cores or routers
    std::vector<Machine::DeadLink> chip_wires_;
    std::vector<Machine::DeadMeshLink> mesh_wires_;
};

}  // namespace tephra

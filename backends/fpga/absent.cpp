// Stands in for the simulated core in a build without Verilator.
#include <cassert>

#include "backends/fpga/simulated_core.hpp"

namespace tephra::fpga {

std::span<const CoreShape> built_shapes() {
    return {};
}

std::unique_ptr<SimulatedCore> make_core(std::size_t /*shape*/) {
    assert(false && "no shape was built");
    return nullptr;
}

}  // namespace tephra::fpga

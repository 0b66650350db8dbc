#include "backends/repeat_row.hpp"

#include "backends/fpga/designs.hpp"
#include "simulator/lm/repeat_tokens.hpp"
#include "simulator/spiking/repeat_network.hpp"

namespace tephra {

Result<RowResult> repeat_row(const LedgerRow& row, int threads) {
    if (row.recipe == "language-model") return repeat_tokens(row, threads);
    if (row.recipe == "network") return repeat_network(row, threads);
    if (row.recipe == "network-file") return repeat_network_file(row, threads);
    if (row.recipe == "idle") return repeat_idle(row);
    if (row.recipe == "event") return repeat_event(row);
    if (row.recipe == "barrier") return repeat_barrier(row);
    if (row.recipe == "fpga-design") return fpga::repeat_design(row);
    return repeat_later(row);
}

}  // namespace tephra

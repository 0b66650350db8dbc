#pragma once
// What a core takes of an FPGA: from cores that Yosys has synthesised (machines/fpgas/families/*.json), a plane through
// them for the others.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backends/fpga/core_shape.hpp"
#include "core/error.hpp"
#include "simulator/cost_table.hpp"

namespace tephra::fpga {

struct Resources {
    double luts = 0;  ///< in the family's unit
    double registers = 0;
    double dsps = 0;
    double block_rams = 0;  ///< of 18 kbit
};

/// A core that was synthesised, with the address bits that CoreShape has by default.
struct MeasuredCore {
    int lanes = 0;
    Packing packing = Packing::two_bits;
    int streams = 1;
    Resources needs;
};

struct FamilyTable {
    std::string family;  ///< "ecp5"
    std::string tool;    ///< "Yosys 0.23 (...)"
    std::string unit;    ///< what a LUT is: "LUT4 + 2 CCU2C + ..."
    std::vector<MeasuredCore> cores;
    double lane_luts = 0, lane_registers = 0;    ///< of the product of one stream, from 16 to 64 lanes
    double trits_luts = 0, trits_registers = 0;  ///< of the decoder of a byte of five trits
    std::int64_t lut_ram_depth = 0;  ///< activations of so many words or fewer stand in LUTs, deeper ones in block RAMs
    Price placed;                    ///< LUTs after place and route, over those of synthesis
};

/// Reads machines/fpgas/families/*.json. Errors: bad_input with file and JSON pointer; also where the cores that the
/// plane goes through are missing: two bits with 16 lanes and 64 lanes of one stream, 16 lanes of several.
Result<FamilyTable> parse_family(std::string_view text, const std::string& place);
Result<FamilyTable> find_family(const std::string& name_or_path);

/// Needs of a core: those of 16 lanes and one stream, and for each lane, each stream and each lane of a further stream
/// what the measured cores and products say. Block RAMs: of the core's memories, by the widths that a block has.
Resources resources_of(const FamilyTable& family, const CoreShape& shape);

/// Blocks of 18 kbit that a memory of `depth` words of `width` bits takes: one port to write, one to read.
std::int64_t block_rams_of(std::int64_t width, std::int64_t depth);

}  // namespace tephra::fpga

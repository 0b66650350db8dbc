#pragma once
// What an FPGA board has: logic, memories, a clock, a power. Read from machines/fpgas/*.json (docs/formats.md); every
// number carries its kind and source.
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/object_reader.hpp"
#include "simulator/cost_table.hpp"

namespace tephra::fpga {

/// A memory that can hold the image of a model.
struct FpgaMemory {
    std::string name;  ///< "SDRAM", "on chip"
    Price bytes;       ///< what it holds
    Price mb_per_s;    ///< peak rate, in 1e6 bytes a second
    Price efficiency;  ///< of the peak, for one sequential stream with refresh
};

struct FpgaDevice {
    std::string device;  ///< "ULX3S 85F"
    std::string part;    ///< "LFE5U-85F"
    std::string family;  ///< of the measured resources: a name in machines/fpgas/families
    PowerScope scope = PowerScope::board;
    Price luts;  ///< in the family's unit
    Price registers;
    Price dsps;
    Price block_rams;                  ///< of 18 kbit
    Price usable;                      ///< share of the LUTs that a design may fill and still be routed
    Price clock_mhz;                   ///< of the core
    Price watts;                       ///< of the running board, with its range
    std::vector<FpgaMemory> memories;  ///< the first one is used where none is named
};

/// Reads {"value", "low", "high", "kind", "source"} at `key`, within [least, most]; low and high together or not at
/// all. Errors: bad_input with file and JSON pointer.
Result<Price> read_entry(ObjectReader& parent, const std::string& key, double least, double most);

/// Errors: bad_input with file and JSON pointer.
Result<FpgaDevice> parse_fpga(std::string_view text, const std::string& place);

/// A device by path, or by the name of a file in machines/fpgas that ships ("ulx3s-85f").
Result<FpgaDevice> find_fpga(const std::string& name_or_path);

/// The devices that ship, by name of their files.
Result<std::vector<FpgaDevice>> shipped_fpgas();

/// The memory of this name; "": the first one. Errors: bad_input, with the names.
Result<FpgaMemory> find_memory(const FpgaDevice& device, const std::string& name);

}  // namespace tephra::fpga

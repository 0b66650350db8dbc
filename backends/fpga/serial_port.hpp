#pragma once
// A serial device of the operating system as a transport: a USB serial adapter, or the pseudo-terminal of a simulated
// board.
#include <memory>
#include <string>

#include "backends/fpga/link.hpp"

namespace tephra::fpga {

/// Opens `path` at `baud` bits a second, eight bits, no parity, one stop bit, no flow control. A pseudo-terminal has no
/// rate. Errors: device (it is not there, may not be opened, is no terminal, or does not know the rate).
Result<std::unique_ptr<Transport>> open_serial_port(const std::string& path, int baud);

}  // namespace tephra::fpga

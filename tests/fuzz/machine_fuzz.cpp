// Fuzz target: any bytes as a machine description give a machine whose canonical JSON reads back, or one error.
#include <cstdlib>
#include <string_view>

#include "mapper/machine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto machine = tephra::parse_machine({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (!machine) {
        if (machine.error().message.empty() || machine.error().place.empty()) std::abort();
        return 0;
    }
    const auto again = tephra::parse_machine(tephra::machine_json(*machine), "again");
    if (!again || !(again->hash == machine->hash)) std::abort();
    return 0;
}

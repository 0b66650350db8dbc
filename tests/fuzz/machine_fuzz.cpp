// Fuzz target: any bytes as a machine description give a machine whose canonical JSON reads back, that holds a small
// model or says why not, and that computes a token as the golden engine does; or one error.
#include "mapper/machine.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/json_mutator.hpp"

using namespace tephra;
using namespace tephra::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto machine = parse_machine(text_of(data, size), "fuzz");
    if (!accepted_text(machine)) return 0;
    const auto again = parse_machine(machine_json(*machine), "again");
    require(again && again->hash == machine->hash);
    // Larger machines find memory and time, not faults.
    constexpr int cores = 2048, chips = 64;
    if (machine->chips() > chips || machine->cores() > cores) return 0;
    MapOptions options;
    options.format = machine->formats.front();
    options.improve = data[size / 2] % 2 == 0;
    const auto mapping = map_program(tiny_model().program, *machine, options);
    if (!accepted(mapping)) return 0;
    require(check_mapping(tiny_model().program, *machine, *mapping).empty());
    run_one_token(*machine, *mapping);
    return 0;
}

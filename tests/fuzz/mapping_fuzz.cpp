// Fuzz target: any bytes as a mapping give a mapping whose JSON reads back; one that passes the check of a small model
// on a shipped machine can be scheduled and computes a token as the golden engine does; the rest gives one error.
#include "mapper/mapping.hpp"

#include "simulator/schedule.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/json_mutator.hpp"

using namespace tephra;
using namespace tephra::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto mapping = parse_mapping(text_of(data, size), "fuzz");
    if (!accepted_text(mapping)) return 0;
    const auto again = parse_mapping(mapping_json(*mapping), "again");
    require(again && mapping_hash(*again) == mapping_hash(*mapping));
    static const Machine machine = find_machine("oheo-gulch").value();
    const Program& program = tiny_model().program;
    // The hashes of model and machine would stop every input here.
    mapping->model = program.model;
    mapping->machine = machine.hash;
    if (!check_mapping(program, machine, *mapping).empty()) {
        TokenOptions options;
        options.prompts = {{3}};
        accepted(simulate_tokens(program, machine, *mapping, options));
        return 0;
    }
    for (const bool self_timed : {false, true})
        require(make_schedule(program, machine, *mapping, self_timed).has_value());
    run_one_token(machine, *mapping);
    return 0;
}

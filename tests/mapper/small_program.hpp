#pragma once
// Programs of chosen shape for tests: a lowered language model whose weights are blank.
#include "mapper/mapping.hpp"
#include "neuro/lower.hpp"
#include "neuro/synth.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

inline Program small_program(int hidden, int layers, int intermediate, int vocab, const std::string& name = "small") {
    SynthOptions options = synth_shape(hidden, layers, intermediate, vocab);
    options.name = name;
    return lower(make_blank_model(options));
}

inline std::size_t population_index(const Program& program, const std::string& name) {
    const auto found = std::ranges::find(program.populations, name, &Population::name);
    REQUIRE(found != program.populations.end());
    return static_cast<std::size_t>(found - program.populations.begin());
}

inline Mapping map(const Program& program, const Machine& machine, const MapOptions& options = {}) {
    auto mapping = map_program(program, machine, options);
    INFO((mapping ? "" : to_string(mapping.error())));
    REQUIRE(mapping);
    return *mapping;
}

}  // namespace tephra::test

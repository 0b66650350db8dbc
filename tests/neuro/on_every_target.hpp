#pragma once
// Runs a check on every instruction set that this processor has.
#include <string>

#include "neuro/simd.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

template <typename Check>
void on_every_target(const Check& check) {
    for (const SimdTarget target : supported_simd_targets()) {
        force_simd_target(target);
        INFO("target " << std::string(to_string(target)));
        check();
    }
    release_simd_target();
}

}  // namespace tephra::test

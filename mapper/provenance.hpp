#pragma once
// Provenance: where a number of a machine description comes from.
#include <string>

namespace tephra {

struct Provenance {
    std::string pointer;  ///< JSON pointer of the number
    std::string kind;     ///< measured, cited, derived or assumed
    std::string source;   ///< publication or the derivation's place in docs/validation.md
};

}  // namespace tephra

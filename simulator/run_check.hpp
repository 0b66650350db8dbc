#pragma once
// Whether the records of a run agree with each other.
#include "simulator/run.hpp"

namespace tephra {

/// Rules that no single number can break: tokens in order and all of a stream, times within the elapsed time, cores and
/// chips that exist, sums that fit 64 bits, counts of cores, populations and chip links that agree (docs/formats.md
/// lists them). Every run that simulate makes keeps them. Errors: bad_input; places start with `place` ("run.json#").
Result<void> check_run(const Run& run, const std::string& place);

}  // namespace tephra

#pragma once
// The longest time that a mapped program can take for a token: what keeps simulated time within 64 bits.
#include "core/error.hpp"
#include "mapper/mapping.hpp"
#include "neuro/program.hpp"

namespace tephra {

struct Schedule;

/// Time per token if no two things ever happened at once: weights x synop time + neurons x their evaluation +
/// packets x their service and travel + barriers and management. Barrier runs evaluate every neuron in every step. No
/// order of events takes longer, so a run of T tokens ends within T times this. Errors: bad_input, "times too long for
/// this model", when it reaches longest_time.
///
/// The first form knows the program only, and leaves out packets and barriers: it makes sure that a schedule's own
/// service times fit.
Result<Picoseconds> longest_token_time(const Program& program, const Machine& machine);
Result<Picoseconds> longest_token_time(const Program& program, const Schedule& schedule);

}  // namespace tephra

#pragma once
// What the kernels can compute, and on which devices. make_cuda_engine() refuses everything else by these functions.
#include <string>

#include "core/error.hpp"

namespace tephra {
struct Deployment;
}

namespace tephra::cuda {

/// A norm of a batch: a block of norm_threads threads holds a token's vector, each thread norm_most_quads times four
/// columns at most. The longest vector follows: hidden and intermediate size.
inline constexpr int norm_threads = 256, norm_most_quads = 16;
inline constexpr int most_columns = 4 * norm_threads * norm_most_quads;

/// Tokens of a vocabulary: the greedy choice packs a logit and a token into one word (candidate(), reduce.cuh).
inline constexpr int most_vocabulary = 1 << 24;

/// Streams of a batch: a grid has a block for each token along an axis of at most 65,535 blocks.
inline constexpr int most_streams = 65535;

/// Fraction bits of every state: 0 to this (the sigmoid's table, states.cuh).
inline constexpr int most_fraction_bits = 23;

/// The products of two states, t = g silu(h) and y = silu(z1) z2, lose at least so many bits: the result then fits 32
/// bits before it is saturated. quantize() keeps to it (docs/numerics.md 6.2).
inline constexpr int least_product_shift = 16;

/// Errors (does_not_fit): a size of the model, or a format of its states, is beyond what the kernels hold.
Result<void> check_model(const Deployment& model);

/// Errors (bad_input): no stream, or more than most_streams.
Result<void> check_streams(int streams);

/// Compute capabilities as 10 major + minor. Older devices lack the integer tensor instructions.
inline constexpr int least_capability = 80, hopper_capability = 90;

/// The one place that says which devices run the kernels for Hopper: `decode`, `step` and the warpgroup products. They
/// were run and compared on capability 9.0 alone. Every other device, newer ones too, runs the kernels for all devices,
/// whose instructions later devices have as well (docs/decisions/0008).
constexpr bool runs_hopper_kernels(int capability) {
    return capability == hopper_capability;
}

/// Errors (device): the GPU called `name` is too old.
Result<void> check_capability(const std::string& name, int capability);

/// How the code that the device runs was compiled: a kernel reports it.
struct CompiledCode {
    bool hopper = false;  ///< for 9.0 with the features of that device alone ("90a")
};

/// Errors (device): the code for this device lacks what its kernels need. They would do nothing.
Result<void> check_code(const CompiledCode& code, int capability);

}  // namespace tephra::cuda

#pragma once
// Two engines token by token: the first value in which they differ is an error that names it.
#include <memory>

#include "neuro/lm/engine.hpp"

namespace tephra::fpga {

/// Runs every token on `reference` and then on `device`, and compares each tap, the logits and, after each token, the
/// state. Both start from equal states; their streams are as many. Results are the device's.
/// Errors of decode() and prefill(): comparison_failed, "token 3 of stream 0, block 2, h, element 17: 5, the golden
/// engine has 6"; what either engine refuses.
std::unique_ptr<Engine> make_lockstep_engine(std::unique_ptr<Engine> device, std::unique_ptr<Engine> reference,
                                             std::shared_ptr<const Deployment> model);

}  // namespace tephra::fpga

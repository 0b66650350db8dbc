#pragma once
// One run of a network, as the bindings of runs and spares share it.
#include <functional>
#include <utility>
#include <vector>

#include "neuro/spiking/network_input.hpp"
#include "neuro/spiking/probes.hpp"
#include "python/bindings/network_objects.hpp"

namespace tephra::python {

/// Input and probes of one run of a network, as the options input, events, steps and probe say.
struct NetworkTask {
    NetworkObject object;
    spiking::NetworkInput input;
    int steps = 0;
    std::vector<spiking::Probe> probes;
    std::function<void(std::int64_t, std::int64_t)> progress;
    bool used = false;

    /// What probes recorded leaves with the first run.
    void use() {
        if (std::exchange(used, true)) refuse("it has run already", "task", "make another one");
    }
};

}  // namespace tephra::python

#pragma once
// Probes: what a run of a network records, by name.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/spiking/network.hpp"

namespace tephra::spiking {

/// What a probe records: a layer's messages, or one of its state words.
struct Probe {
    std::string name;                 ///< "LAYER:spikes", "LAYER:u"
    int layer = 0, word = -1;         ///< -1: messages
    bool small = false;               ///< spikes: a byte each
    std::vector<std::int8_t> bytes;   ///< [steps][neurons]
    std::vector<std::int32_t> words;  ///< likewise
    /// Makes room for so many values.
    void resize(std::size_t values);
    /// Puts values from element `at` on.
    void set(std::size_t at, std::span<const std::int32_t> values);
};

/// Probes by name, with room for so many steps; without names those of the outputs' messages. `place`: for errors,
/// which are usage: a name that is no probe, unknown or twice, more than 4 GiB of values.
Result<std::vector<Probe>> find_probes(const Network& network, const std::vector<std::string>& names, int steps,
                                       const std::string& place);

}  // namespace tephra::spiking

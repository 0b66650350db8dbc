#pragma once
// A round: what goes through a program once, and what it is called. Everything that shows a figure of rounds takes its
// words from here.
#include <cstdint>
#include <string>
#include <vector>

namespace tephra {

enum class RoundKind : std::uint8_t {
    token,      ///< of a language model
    time_step,  ///< of a spiking or graded network
};

/// Names in files, in the order of the enumerators: "token", "time step".
const std::vector<std::string>& round_kind_names();

/// How rounds and figures of them are called in texts, pages, messages and files.
struct RoundWords {
    std::string one, many;   ///< "time step", "time steps"
    std::string rate;        ///< "time steps/s"
    std::string energy;      ///< unit of the energy of a round: "mJ/token", "uJ/time step"
    double energy_of_joule;  ///< such units in a joule a round: 1e3, 1e6
    std::string key;         ///< in JSON: "token", "time_step"
    std::string rate_key;    ///< "tokens_per_s"
    std::string energy_key;  ///< "mj_per_token"
    std::string fired;       ///< neurons whose round was computed: "neurons that fired", "neurons updated"
    std::string firings;     ///< as a unit: "firings", "updates"
};
const RoundWords& round_words(RoundKind kind);

}  // namespace tephra

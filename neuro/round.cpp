#include "neuro/round.hpp"

namespace tephra {

const std::vector<std::string>& round_kind_names() {
    static const std::vector<std::string> names = {round_words(RoundKind::token).one,
                                                   round_words(RoundKind::time_step).one};
    return names;
}

const RoundWords& round_words(RoundKind kind) {
    static const RoundWords token = {"token", "tokens",       "tokens/s",     "mJ/token",           1e3,
                                     "token", "tokens_per_s", "mj_per_token", "neurons that fired", "firings"};
    static const RoundWords time_step = {
        "time step", "time steps",       "time steps/s",     "uJ/time step",    1e6,
        "time_step", "time_steps_per_s", "uj_per_time_step", "neurons updated", "updates"};
    return kind == RoundKind::token ? token : time_step;
}

}  // namespace tephra

#pragma once
// Puts what a core shows, cycle by cycle, back into the vectors of a token, for taps (neuro/lm/engine.hpp).
#include <array>
#include <cstdint>
#include <vector>

#include "backends/fpga/simulated_core.hpp"
#include "neuro/lm/engine.hpp"

namespace tephra::fpga {

/// Values of one token of all streams of a core. Phases of a token: one that only normalises the embedded x, four a
/// block (recurrence, residual, gated unit, residual), and the head's.
class TapCollector final : public CoreObserver {
public:
    TapCollector(const ModelConfig& config, int streams);

    void phase() override;
    void scaled(int op, int row, std::int32_t value) override;
    void h(std::int32_t value) override;
    void state(std::int32_t value) override;
    void activation(std::int32_t value) override;
    void embedded(std::int32_t value) override;

    /// Forgets the token before.
    void clear();
    /// Shows the token to `tap` as `stream`, in the order of the golden engine. `slot`: its place in the core;
    /// `embedded_slot`: among the streams that had a token.
    void show(const Tap& tap, int stream, int slot, int embedded_slot) const;

private:
    using Values = std::vector<std::int32_t>;
    struct Phase {
        std::array<Values, 3> scaled;  ///< by row: f, i, g; z1, z2; the logits
        Values h, state, q;
    };

    [[nodiscard]] Values of_stream(const Values& values, int slot) const;
    [[nodiscard]] Values activations(const Phase& phase, int slot, std::size_t outputs, std::size_t k) const;

    std::size_t blocks_, width_, streams_;
    std::size_t begun_ = 0;      ///< phases whose rows have begun
    std::vector<Phase> phases_;  ///< [2 + 4 blocks]
    Values embedded_;
};

}  // namespace tephra::fpga

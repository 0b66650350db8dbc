#include "neuro/spiking/difference.hpp"

namespace tephra::spiking {
namespace {

class Difference {
public:
    static constexpr std::string_view kind = "difference";
    static constexpr std::array<std::string_view, 1> ports{"input"};
    static constexpr std::array<std::string_view, 1> states{"last"};
    [[nodiscard]] int neurons() const { return 0; }
    [[nodiscard]] int state_bits() const { return 32; }
    [[nodiscard]] int parameter_bits() const { return 0; }
    [[nodiscard]] std::array<std::int32_t, 1> begin(std::size_t) const { return {}; }
    struct Step {
        std::int32_t operator()(std::size_t, const std::array<std::int32_t, 1>& in, std::array<std::int32_t, 1>& state,
                                bool&) const {
            const std::uint32_t change = static_cast<std::uint32_t>(in[0]) - static_cast<std::uint32_t>(state[0]);
            state[0] = in[0];
            return static_cast<std::int32_t>(change);
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {}; }
};

}  // namespace

NeuronModelPtr make_difference() {
    return std::make_shared<PerNeuron<Difference>>(Difference());
}

}  // namespace tephra::spiking

#include "neuro/spiking/scripted.hpp"

#include <cmath>

#include "core/philox.hpp"

namespace tephra::spiking {
namespace {

class Scripted final : public NeuronModel {
public:
    explicit Scripted(const ScriptedParameters& parameters)
        : p_(parameters), limit_(static_cast<std::uint64_t>(std::llround(parameters.share * 0x1p32))) {}
    [[nodiscard]] std::string_view kind() const override { return "scripted"; }
    [[nodiscard]] NeuronProgram program() const override { return p_.program; }
    [[nodiscard]] int neurons() const override { return 0; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return port_names; }
    [[nodiscard]] std::span<const std::string_view> states() const override { return {}; }
    [[nodiscard]] int state_bits() const override { return p_.state_bits; }
    [[nodiscard]] int parameter_bits() const override { return 0; }
    void begin(NeuronRange, std::span<std::int32_t>) const override {}
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override {
        for (int i = 0; i < slice.neurons.size(); ++i) {
            const auto neuron = static_cast<std::uint32_t>(slice.neurons.begin + i);
            const auto word = random_words(p_.seed, neuron, static_cast<std::uint64_t>(slice.round), 0)[0];
            slice.messages[static_cast<std::size_t>(i)] = word < limit_ ? 1 : 0;
        }
        return std::nullopt;
    }

private:
    static constexpr std::array<std::string_view, 1> port_names = {"input"};
    ScriptedParameters p_;
    std::uint64_t limit_;  ///< words below it send
};

}  // namespace

Result<NeuronModelPtr> make_scripted(const ScriptedParameters& parameters) {
    if (!(parameters.share >= 0 && parameters.share <= 1))
        return bad_input("a share of " + std::to_string(parameters.share) + " of the neurons", "",
                         "it lies between 0 and 1");
    return std::make_shared<Scripted>(parameters);
}

}  // namespace tephra::spiking

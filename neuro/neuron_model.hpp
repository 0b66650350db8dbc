#pragma once
// NeuronModel: what the neurons of a population compute. An open set: a model is a class in a file of its own, and
// nobody asks which one it is. Engines and neurocores make one virtual call a slice and round.
#include <array>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "neuro/stored_parameters.hpp"

namespace tephra {

/// Neurons [begin, end) of a population, such as those of a slice.
struct NeuronRange {
    int begin = 0, end = 0;
    [[nodiscard]] constexpr int size() const { return end - begin; }
    friend constexpr auto operator<=>(const NeuronRange&, const NeuronRange&) = default;
};

/// One round of a slice of n neurons: a token, or a time step.
struct SliceRound {
    NeuronRange neurons;
    std::int64_t round = 0;                                ///< counts from 0
    std::span<const std::span<const std::int32_t>> ports;  ///< by input port: [n] sums; empty: all of them are zero
    std::span<std::int32_t> state;                         ///< [word][n]
    std::span<std::int32_t> messages;  ///< [n], written; 0: nothing is sent. Empty: the population sends records alone
    std::span<const std::span<const std::uint32_t>> records = {};  ///< by input port of records: [words]
    std::span<std::uint32_t> record = {};                          ///< [words], written; empty: none
};

/// What a neurocore runs to evaluate a neuron, by what it costs. A closed list: machines have a time for each.
enum class NeuronProgram : std::uint8_t {
    fixed_function,  ///< wired into the core: leaky integrate-and-fire
    microcode,       ///< a short program: additions, products, shifts, comparisons
    special,         ///< a long one: norms, sigmoids
    count_           ///< number of programs
};
inline constexpr std::size_t neuron_programs = static_cast<std::size_t>(NeuronProgram::count_);

/// Immutable; made by a factory that checks its parameters.
class NeuronModel {
public:
    NeuronModel() = default;
    NeuronModel(const NeuronModel&) = delete;
    NeuronModel& operator=(const NeuronModel&) = delete;
    virtual ~NeuronModel() = default;

    /// Name of the model, for tables and messages.
    [[nodiscard]] virtual std::string_view kind() const = 0;
    /// What a neurocore runs for it.
    [[nodiscard]] virtual NeuronProgram program() const { return NeuronProgram::microcode; }
    /// Neurons that the model has parameters for; 0: any number, all with the same parameters.
    [[nodiscard]] virtual int neurons() const = 0;
    /// Names of the input ports.
    [[nodiscard]] virtual std::span<const std::string_view> ports() const = 0;
    /// Names of the state words of a neuron, 32 bits each in memory.
    [[nodiscard]] virtual std::span<const std::string_view> states() const = 0;
    /// Bits that a neurocore keeps for one neuron: state that lasts from round to round, and constants.
    [[nodiscard]] virtual int state_bits() const = 0;
    [[nodiscard]] virtual int parameter_bits() const = 0;
    /// Writes the state before the first round, [word][n].
    virtual void begin(NeuronRange neurons, std::span<std::int32_t> state) const = 0;
    /// Fires the neurons once. Returns the first neuron whose values left the range that its law is defined for; what
    /// it wrote then has no meaning. None: all is well.
    [[nodiscard]] virtual std::optional<int> fire(const SliceRound& slice) const = 0;
    /// What the reader of its kind makes an equal model of (neuro/spiking/kinds.hpp); none: it can't be stored.
    [[nodiscard]] virtual std::optional<StoredParameters> store() const { return std::nullopt; }
};

/// A constant of each neuron, or one that all of them share.
class NeuronConstant {
public:
    NeuronConstant(std::int32_t shared = 0) : values_(1, shared) {}  // NOLINT: a number is such a constant
    explicit NeuronConstant(std::vector<std::int32_t> values) : values_(std::move(values)) {
        assert(!values_.empty());
        if (values_.size() > 1) each_ = 1;
    }
    [[nodiscard]] std::int32_t operator[](std::size_t neuron) const { return values_[neuron * each_]; }
    [[nodiscard]] std::span<const std::int32_t> values() const { return values_; }
    /// Neurons that it has values for; 0: one value for any number.
    [[nodiscard]] std::size_t neurons() const { return values_.size() * each_; }

private:
    std::vector<std::int32_t> values_;
    std::size_t each_ = 0;
};

/// A model that is one function of one neuron, inlined in a loop over the slice. `Neuron` has
///   static constexpr std::string_view kind;
///   static constexpr NeuronProgram program; may be left out: microcode
///   static constexpr std::array<std::string_view, P> ports;
///   static constexpr std::array<std::string_view, S> states;
///   int neurons(), state_bits(), parameter_bits() const;
///   std::array<std::int32_t, S> begin(std::size_t neuron) const;
///   Step at(std::int64_t round) const: what is the same for all neurons of a round, with
///     std::int32_t Step::operator()(std::size_t neuron, const std::array<std::int32_t, P>& inputs,
///                                   std::array<std::int32_t, S>& state, bool& overflow) const: the message
/// and, where it can be stored,
///   StoredParameters store() const;
template <typename Neuron>
class PerNeuron final : public NeuronModel {
public:
    explicit PerNeuron(Neuron neuron) : neuron_(std::move(neuron)) {}
    [[nodiscard]] std::string_view kind() const override { return Neuron::kind; }
    [[nodiscard]] NeuronProgram program() const override {
        if constexpr (requires { Neuron::program; }) return Neuron::program;
        return NeuronModel::program();
    }
    [[nodiscard]] int neurons() const override { return neuron_.neurons(); }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return Neuron::ports; }
    [[nodiscard]] std::span<const std::string_view> states() const override { return Neuron::states; }
    [[nodiscard]] int state_bits() const override { return neuron_.state_bits(); }
    [[nodiscard]] int parameter_bits() const override { return neuron_.parameter_bits(); }
    [[nodiscard]] const Neuron& neuron() const { return neuron_; }
    [[nodiscard]] std::optional<StoredParameters> store() const override {
        if constexpr (requires { neuron_.store(); })
            return neuron_.store();
        else
            return std::nullopt;
    }

    void begin(NeuronRange neurons, std::span<std::int32_t> state) const override {
        const auto n = static_cast<std::size_t>(neurons.size());
        for (std::size_t i = 0; i < n; ++i) {
            const auto words = neuron_.begin(static_cast<std::size_t>(neurons.begin) + i);
            for (std::size_t w = 0; w < words.size(); ++w) state[w * n + i] = words[w];
        }
    }

    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override {
        constexpr std::size_t ports = Neuron::ports.size(), words = Neuron::states.size();
        const auto n = static_cast<std::size_t>(slice.neurons.size());
        const auto first = static_cast<std::size_t>(slice.neurons.begin);
        const auto step = neuron_.at(slice.round);
        std::array<const std::int32_t*, ports> inputs;
        for (std::size_t p = 0; p < ports; ++p)
            inputs[p] = p < slice.ports.size() && !slice.ports[p].empty() ? slice.ports[p].data() : nullptr;
        std::int32_t* const state = slice.state.data();
        for (std::size_t i = 0; i < n; ++i) {
            std::array<std::int32_t, ports> input;
            for (std::size_t p = 0; p < ports; ++p) input[p] = inputs[p] == nullptr ? 0 : inputs[p][i];
            std::array<std::int32_t, words> now;
            for (std::size_t w = 0; w < words; ++w) now[w] = state[w * n + i];
            bool overflow = false;
            slice.messages[i] = step(first + i, input, now, overflow);
            for (std::size_t w = 0; w < words; ++w) state[w * n + i] = now[w];
            if (overflow) return static_cast<int>(first + i);
        }
        return std::nullopt;
    }

private:
    Neuron neuron_;
};

}  // namespace tephra

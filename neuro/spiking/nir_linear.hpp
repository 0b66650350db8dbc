#pragma once
// Primitives of NIR that are linear: each is a sparse matrix, a bias and, of Delay, a time. The float simulation and
// the import to fixed point both go through here, so that they mean the same.
#include <functional>

#include "neuro/spiking/nir.hpp"

namespace tephra::spiking {

/// What one input element adds to one output element.
struct LinearTap {
    int target = 0;
    double weight = 0;
};

/// A linear node as a function of its input. Elements are in the order of the file.
class LinearMap {
public:
    /// `in`: shape of the node's input; the node is no neuron and its shapes are checked.
    static Result<LinearMap> make(const NirNode& node, const std::vector<int>& in);

    /// Appends the taps of one input element.
    void taps(int source, std::vector<LinearTap>& out) const { taps_(source, out); }
    /// Added to each output element; empty: nothing.
    [[nodiscard]] const std::vector<double>& bias() const { return bias_; }
    /// Seconds that each element is late; empty: none.
    [[nodiscard]] const std::vector<double>& delay() const { return delay_; }

private:
    std::function<void(int, std::vector<LinearTap>&)> taps_;
    std::vector<double> bias_, delay_;
};

}  // namespace tephra::spiking

#pragma once
// Dense ternary weights: one or several matrices of one shape that read int8 activations of the same messages.
#include <memory>
#include <vector>

#include "neuro/lm/ternary.hpp"
#include "neuro/synapse_format.hpp"

namespace tephra {

struct TernaryInput {
    TernaryMatrix matrix;  ///< [targets x sources]
    int field = 0;         ///< which activation of a message feeds it
};

class DenseTernary final : public SynapseFormat {
public:
    /// `inputs`: one or more, all of one shape. `storage` keeps the matrices alive.
    DenseTernary(std::vector<TernaryInput> inputs, std::shared_ptr<const void> storage);

    [[nodiscard]] std::string_view kind() const override { return "dense ternary"; }
    [[nodiscard]] int sources() const override { return inputs_.front().matrix.cols; }
    [[nodiscard]] int targets() const override { return inputs_.front().matrix.rows; }
    [[nodiscard]] NeuronRanges sources_of(NeuronRange) const override { return {{0, sources()}}; }
    [[nodiscard]] Inbox inbox() const override { return Inbox::bytes; }
    [[nodiscard]] int fields() const override { return fields_; }
    [[nodiscard]] std::size_t field_bytes() const override;
    [[nodiscard]] int sums() const override { return static_cast<int>(inputs_.size()); }
    [[nodiscard]] int weight_bits() const override { return 2; }
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override;
    [[nodiscard]] bool uniform() const override { return true; }
    [[nodiscard]] std::int64_t synops(int, NeuronRange targets) const override {
        return std::int64_t{sums()} * targets.size();
    }
    /// A message of magnitude one holds activations of up to 128.
    [[nodiscard]] std::int64_t largest_product() const override { return 128; }
    void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const override;

    [[nodiscard]] const std::vector<TernaryInput>& inputs() const { return inputs_; }

private:
    std::vector<TernaryInput> inputs_;
    std::shared_ptr<const void> storage_;
    int fields_ = 0;
};

}  // namespace tephra

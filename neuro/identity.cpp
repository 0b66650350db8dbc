#include "neuro/identity.hpp"

#include <algorithm>
#include <cassert>

namespace tephra {
namespace {

class Identity final : public SynapseFormat {
public:
    explicit Identity(const IdentityShape& shape) : shape_(shape) {
        assert(shape.from.begin >= 0 && shape.from.size() >= 0 && shape.from.end <= shape.sources);
        assert(shape.to >= 0 && shape.to + shape.from.size() <= shape.targets);
    }
    [[nodiscard]] std::string_view kind() const override { return "identity"; }
    [[nodiscard]] int sources() const override { return shape_.sources; }
    [[nodiscard]] int targets() const override { return shape_.targets; }
    [[nodiscard]] NeuronRanges sources_of(NeuronRange targets) const override {
        const NeuronRange sources{std::max(targets.begin + shift(), shape_.from.begin),
                                  std::min(targets.end + shift(), shape_.from.end)};
        return sources.size() > 0 ? NeuronRanges{sources} : NeuronRanges{};
    }
    [[nodiscard]] Inbox inbox() const override { return Inbox::words; }
    [[nodiscard]] int shift() const override { return shape_.from.begin - shape_.to; }
    [[nodiscard]] int buffer_bits(int message_bits) const override { return message_bits; }
    [[nodiscard]] bool passes_within_core() const override { return shape_.within_core; }
    [[nodiscard]] int weight_bits() const override { return 0; }
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override {
        return {0, 0, total_size(sources_of(targets))};
    }
    [[nodiscard]] bool uniform() const override { return true; }
    [[nodiscard]] std::int64_t synops(int, NeuronRange) const override { return 0; }
    [[nodiscard]] std::int64_t largest_product() const override { return 1; }
    void accumulate(const Arrived& arrived, NeuronRange, std::span<std::int32_t> sums) const override {
        std::ranges::copy(arrived.words, sums.begin());
    }

private:
    IdentityShape shape_;
};

}  // namespace

std::shared_ptr<const SynapseFormat> make_identity(const IdentityShape& shape) {
    return std::make_shared<Identity>(shape);
}

std::shared_ptr<const SynapseFormat> make_identity(int neurons) {
    return make_identity({neurons, neurons, {0, neurons}, 0, true});
}

}  // namespace tephra

#include "backends/cuda/decode/runner.hpp"

#include "backends/cuda/limits.hpp"

namespace tephra::cuda {
namespace {

/// Cuts memory into arrays, 16 bytes apart at least.
class Carver {
public:
    explicit Carver(std::uint8_t* memory) : memory_(memory) {}
    template <typename T>
    T* take(int count) {
        auto* const part = reinterpret_cast<T*>(memory_ + bytes_);
        bytes_ += (static_cast<std::size_t>(count) * sizeof(T) + 15) / 16 * 16;
        return part;
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    std::uint8_t* memory_;
    std::size_t bytes_ = 0;
};

Exchanges carve(Carver& carver, const DecodePlan& plan, const StageShape (&stages)[stage_count]) {
    Exchanges exchanges{};
    for (int s = 0; s < stage_count; ++s) {
        ExchangeView& view = exchanges.stages[s];
        view.writers = plan.writers[s];
        view.columns = round_up(stages[s].cols, tile_rows);
        view.pitch = stages[s].chunks() * tile_columns;
        view.p = carver.take<std::uint32_t>(inputs_of(s) * view.pitch);
        view.sums = carver.take<std::uint64_t>((view.writers + 1) * plan.blocks);
    }
    exchanges.candidates = carver.take<std::uint64_t>(serving_warps * plan.blocks);
    return exchanges;
}

}  // namespace

Result<void> DecodeRunner::prepare(const DeviceInfo& device) {
    if (config_.num_layers == 0 || !runs_hopper_kernels(device.capability)) return {};
    const BlockShapes shapes = block_shapes(config_);
    const StageShape stages[stage_count] = {shapes.mixer, shapes.output, shapes.gate, shapes.down, head_shape(config_)};
    const auto plan = plan_decode(stages, device.multiprocessors, device.shared_bytes);
    if (!plan) return {};
    Carver sizes(nullptr);
    static_cast<void>(carve(sizes, *plan, stages));
    if (auto ok = memory_.allocate(sizes.bytes()); !ok) return ok;
    Carver carver(memory_.data());
    exchanges_ = carve(carver, *plan, stages);
    if (auto ok = logits_.allocate(static_cast<std::size_t>(config_.vocab_size)); !ok) return ok;
    if (auto ok = first_.allocate(1); !ok) return ok;
    if (auto ok = chosen_.allocate(most_steps); !ok) return ok;
    plan_ = plan;
    return {};
}

std::size_t DecodeRunner::bytes() const {
    return memory_.bytes() + logits_.bytes() + first_.bytes() + chosen_.bytes();
}

DecodeArguments DecodeRunner::arguments(std::int32_t* h, int steps) {
    DecodeArguments a{};
    const BlockView& first = model_.blocks[0];
    a.plan = *plan_;
    a.exchanges = exchanges_;
    a.blocks = model_.device_blocks.data();
    a.layers = config_.num_layers;
    a.tiles[mixer_stage] = first.mixer.tiles;
    a.tiles[output_stage] = first.output.tiles;
    a.tiles[gate_stage] = first.gate.tiles;
    a.tiles[down_stage] = first.down.tiles;
    a.tiles[head_stage] = model_.head.tiles;
    a.block_bytes = block_bytes(block_shapes(config_));
    a.head = model_.head;
    a.head_norm = model_.head_norm;
    a.embedding = model_.embedding;
    a.h = h;
    a.first = first_.data();
    a.steps = steps;
    a.version = version_;
    a.head_version = head_version_;
    version_ += static_cast<std::uint32_t>(steps) * static_cast<std::uint32_t>(config_.num_layers);
    head_version_ += static_cast<std::uint32_t>(steps);
    return a;
}

Result<void> DecodeRunner::start(std::int32_t first, const DecodeArguments& arguments, CUstream_st* stream) {
    if (auto ok = checked(cudaMemcpyAsync(first_.data(), &first, sizeof(first), cudaMemcpyHostToDevice, stream),
                          "send a token");
        !ok)
        return ok;
    return checked(static_cast<cudaError_t>(launch_decode(arguments, stream)), "start decode");
}

Result<void> DecodeRunner::decode(std::int32_t id, std::int32_t* h, bool wanted, CUstream_st* stream) {
    DecodeArguments a = arguments(h, 1);
    a.logits = wanted ? logits_.data() : nullptr;
    return start(id, a, stream);
}

Result<void> DecodeRunner::generate(std::int32_t first, std::int32_t* h, int steps, CUstream_st* stream) {
    DecodeArguments a = arguments(h, steps);
    a.chosen = chosen_.data();
    return start(first, a, stream);
}

}  // namespace tephra::cuda

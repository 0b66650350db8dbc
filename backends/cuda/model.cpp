#include "backends/cuda/model.hpp"

#include <cstring>

#include "neuro/team.hpp"

namespace tephra::cuda {
namespace {

StageView stage_view(const StageShape& shape, const std::uint8_t* tiles) {
    return {tiles, shape.matrices, shape.rows, shape.chunks(), shape.padded_packs()};
}

/// Gathers vectors in one host buffer, padded with zeros, before one upload.
template <typename T>
class Arena {
public:
    std::size_t add(std::span<const T> values, int padding) {
        const std::size_t offset = values_.size();
        values_.insert(values_.end(), values.begin(), values.end());
        values_.resize(offset + static_cast<std::size_t>(round_up(static_cast<int>(values.size()), padding)));
        return offset;
    }
    [[nodiscard]] const std::vector<T>& values() const { return values_; }

private:
    std::vector<T> values_;
};

/// Offsets of a norm's vectors in the arena of gains.
struct NormOffsets {
    std::size_t rms = 0;
    std::array<std::size_t, 3> gain{};
};

NormOffsets add_norm(Arena<std::int16_t>& arena, const NormParameters& norm) {
    NormOffsets offsets;
    offsets.rms = arena.add(norm.rms_gain, tile_columns);
    for (std::size_t k = 0; k < static_cast<std::size_t>(norm.outputs); ++k)
        offsets.gain[k] = arena.add(norm.gain[k], tile_columns);
    return offsets;
}

NormView norm_view(const NormParameters& norm, const NormOffsets& offsets, const std::int16_t* gains) {
    NormView view{};
    view.size = norm.size;
    view.outputs = norm.outputs;
    view.rms_gain = gains + offsets.rms;
    view.constants.epsilon = norm.epsilon;
    view.constants.second_epsilon = norm.second_epsilon;
    for (std::size_t k = 0; k < static_cast<std::size_t>(norm.outputs); ++k) {
        view.gain[k] = gains + offsets.gain[k];
        view.constants.factor[k] = norm.factor[k];
    }
    return view;
}

/// One stage to pack: where it goes, and from what.
struct Job {
    StageShape shape;
    std::vector<TernaryMatrix> matrices;
    std::size_t offset = 0;
};

std::vector<Job> packing_jobs(const LayerGraph& graph, std::size_t& bytes) {
    std::vector<Job> jobs;
    bytes = 0;
    const auto add = [&](const StageShape& shape, std::vector<TernaryMatrix> matrices) {
        jobs.push_back({shape, std::move(matrices), bytes});
        bytes += shape.bytes();
    };
    const BlockShapes shapes = block_shapes(graph.config);
    for (const Block& block : graph.blocks) {
        add(shapes.mixer, {block.f_proj.weight, block.i_proj.weight, block.g_proj.weight});
        add(shapes.output, {block.o_proj.weight});
        const TernaryMatrix& gate = block.gate_proj.weight;
        const int half = gate.rows / 2;
        add(shapes.gate, {gate.row_range(0, half), gate.row_range(half, gate.rows)});
        add(shapes.down, {block.down_proj.weight});
    }
    add(head_shape(graph.config), {graph.lm_head.weight});
    return jobs;
}

Result<void> upload_weights(const LayerGraph& graph, int threads, Buffer<std::uint8_t>& weights) {
    std::size_t bytes = 0;
    const std::vector<Job> jobs = packing_jobs(graph, bytes);
    if (auto ok = weights.allocate(bytes); !ok) return ok;
    std::vector<std::uint8_t> packed(bytes);
    return with_threads([&] {
        parallel_for(jobs.size(), threads, [&](std::size_t index, int) {
            const Job& job = jobs[index];
            pack_stage(job.shape, job.matrices, std::span(packed).subspan(job.offset, job.shape.bytes()));
        });
        return send(weights.data(), packed.data(), bytes, "upload weights");
    });
}

void fill_block(BlockView& view, const QuantizedBlock& block, const BlockShapes& shapes, const std::uint8_t* tiles) {
    const BlockFormats& formats = block.formats;
    view.mixer = stage_view(shapes.mixer, tiles);
    view.output = stage_view(shapes.output, tiles += shapes.mixer.bytes());
    view.gate = stage_view(shapes.gate, tiles += shapes.output.bytes());
    view.down = stage_view(shapes.down, tiles + shapes.gate.bytes());
    view.recurrence = {formats.f, formats.i, formats.g, formats.h, formats.t};
    view.z_bits = formats.z;
    view.y_bits = formats.y;
    view.attended_shift = formats.x_in - formats.x_mid;
    view.residual_shift = formats.x_mid - formats.x_out;
}

}  // namespace

BlockShapes block_shapes(const ModelConfig& config) {
    const int d = config.hidden_size, f = config.intermediate_size;
    return {{3, d, d}, {1, d, d}, {2, f, d}, {1, d, f}};
}

StageShape head_shape(const ModelConfig& config) {
    return {1, config.vocab_size, config.hidden_size};
}

std::size_t block_bytes(const BlockShapes& shapes) {
    return shapes.mixer.bytes() + shapes.output.bytes() + shapes.gate.bytes() + shapes.down.bytes();
}

Result<DeviceModel> upload_model(const Deployment& model, int threads) {
    DeviceModel out;
    const LayerGraph& graph = model.graph;
    const QuantizedModel& quantized = model.quantized;
    if (auto ok = upload_weights(graph, threads, out.weights); !ok) return tl::unexpected(ok.error());

    Arena<std::int16_t> gains;
    Arena<std::int32_t> lower;
    std::vector<std::array<NormOffsets, 4>> offsets;
    std::vector<std::size_t> lower_offsets;
    for (const QuantizedBlock& block : quantized.blocks) {
        offsets.push_back({add_norm(gains, block.token_norm), add_norm(gains, block.output_norm),
                           add_norm(gains, block.channel_norm), add_norm(gains, block.down_norm)});
        lower_offsets.push_back(lower.add(block.one_minus_lower, tile_rows));
    }
    const NormOffsets head_offsets = add_norm(gains, quantized.head_norm);
    if (auto ok = out.gains.upload(gains.values()); !ok) return tl::unexpected(ok.error());
    if (auto ok = out.lower.upload(lower.values()); !ok) return tl::unexpected(ok.error());
    const auto embeddings = graph.embeddings.data;
    if (auto ok = out.embeddings.upload({reinterpret_cast<const std::uint8_t*>(embeddings.data()), embeddings.size()});
        !ok)
        return tl::unexpected(ok.error());

    const BlockShapes shapes = block_shapes(graph.config);
    for (std::size_t b = 0; b < quantized.blocks.size(); ++b) {
        const QuantizedBlock& block = quantized.blocks[b];
        BlockView& view = out.blocks.emplace_back();
        fill_block(view, block, shapes, out.weights.data() + b * block_bytes(shapes));
        view.norms[token_norm] = norm_view(block.token_norm, offsets[b][0], out.gains.data());
        view.norms[output_norm] = norm_view(block.output_norm, offsets[b][1], out.gains.data());
        view.norms[channel_norm] = norm_view(block.channel_norm, offsets[b][2], out.gains.data());
        view.norms[down_norm] = norm_view(block.down_norm, offsets[b][3], out.gains.data());
        view.one_minus_lower = out.lower.data() + lower_offsets[b];
    }
    if (auto ok = out.device_blocks.upload(out.blocks); !ok) return tl::unexpected(ok.error());
    out.head = stage_view(head_shape(graph.config), out.weights.data() + quantized.blocks.size() * block_bytes(shapes));
    out.head_norm = norm_view(quantized.head_norm, head_offsets, out.gains.data());
    out.embedding = {graph.embeddings.type, out.embeddings.data(), graph.embeddings.rows, graph.embeddings.cols,
                     quantized.x_embedding};
    return out;
}

}  // namespace tephra::cuda

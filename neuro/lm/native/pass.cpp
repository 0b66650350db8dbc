#include "neuro/lm/native/pass.hpp"

#include "neuro/lm/kernels.hpp"

namespace tephra {

void Forward::Pass::run() {
    embed();
    const std::size_t blocks = all.model_->graph.blocks.size();
    for (std::size_t l = 0; l < blocks; ++l) {
        token_mixer(l);
        show(static_cast<int>(l), "x_mid", all.x_, all.width_, all.width_);
        channel_mixer(l);
        show(static_cast<int>(l), "x", all.x_, all.width_, all.width_);
    }
    if (!batch.logits.empty()) head();
}

void Forward::Pass::embed() {
    const LayerGraph& graph = all.model_->graph;
    for (std::size_t t = static_cast<std::size_t>(index); t < tokens; t += workers.size())
        graph.embeddings.fixed_row(batch.ids[t], all.model_->quantized.x_embedding, all.x_.row(t, all.width_));
    wait_for_all();
    show(-1, "x", all.x_, all.width_, all.width_);
}

/// Statistics of this worker's channels of x.
void Forward::Pass::record(const NormParameters& norm, const AlignedBuffer<std::int32_t>& x, std::size_t stride,
                           Range part) {
    for (std::size_t t = 0; t < tokens; ++t)
        me.records[t].merge(
            norm_statistics(norm, x.row(t, stride).subspan(part.begin, part.size()), static_cast<int>(part.begin)));
}

/// From the records of all workers to scales, activations and their sums, for the tokens from `first` on.
void Forward::Pass::normalize(const NormParameters& norm, const AlignedBuffer<std::int32_t>& x, std::size_t stride,
                              Range part, ActivationBuffers& out, std::size_t first) {
    wait_for_all();
    for (std::size_t t = first; t < tokens; ++t) {
        NormRecord record;
        for (const Worker& worker : workers) record.merge(worker.records[t]);
        me.scales[t] = norm_scales(norm, record);
        const std::span<const std::int32_t> values = x.row(t, stride).subspan(part.begin, part.size());
        for (std::size_t k = 0; k < static_cast<std::size_t>(norm.outputs); ++k) {
            const std::span<std::int8_t> q = out.q[k].row(t, out.stride).subspan(part.begin, part.size());
            me.part_sums[k][t] = quantize_states(values, std::span(norm.gain[k]).subspan(part.begin, part.size()),
                                                 me.scales[t].quantize[k], q);
        }
    }
    wait_for_all();
    std::fill(me.records.begin(), me.records.end(), NormRecord{});
    for (std::size_t k = 0; k < static_cast<std::size_t>(norm.outputs); ++k)
        for (std::size_t t = first; t < tokens; ++t) {
            me.sums[k][t] = 0;
            for (const Worker& worker : workers) me.sums[k][t] += worker.part_sums[k][t];
        }
}

/// The codes that this worker reads first behind block l.
const std::uint8_t* Forward::Pass::behind(std::size_t l) const {
    const LayerGraph& graph = all.model_->graph;
    if (l + 1 < graph.blocks.size()) return codes_from(graph.blocks[l + 1].f_proj.weight, narrow.begin);
    return codes_from(graph.lm_head.weight, part_of(all.vocabulary_, index, parts).begin);
}

/// Accumulators of some rows for all tokens from `first` on.
void Forward::Pass::product(const TernaryMatrix& weight, Range rows, const ActivationBuffers& in, std::size_t vector,
                            std::size_t scratch, const std::uint8_t* next, std::size_t first) {
    const std::size_t count = tokens - first;
    const std::span<const std::int8_t> q =
        std::span<const std::int8_t>(in.q[vector].span()).subspan(first * in.stride, count * in.stride);
    const std::span<std::int32_t> out = me.accumulators[scratch].span().first(count * rows.size());
    const int begin = static_cast<int>(rows.begin), end = static_cast<int>(rows.end);
    if (count == 1)
        ternary_matvec(weight, begin, end, q, me.sums[vector][first], out, next);
    else
        ternary_matmul(weight, begin, end, q, std::span(me.sums[vector]).subspan(first, count), out, rows.size(), next);
}

void Forward::Pass::token_mixer(std::size_t l) {
    const Block& block = all.model_->graph.blocks[l];
    const QuantizedBlock& quantized = all.model_->quantized.blocks[l];
    const int number = static_cast<int>(l);
    record(quantized.token_norm, all.x_, all.width_, narrow);
    normalize(quantized.token_norm, all.x_, all.width_, narrow, all.narrow_);
    show(number, "q_f", all.narrow_.q[0], all.narrow_.stride, all.width_);
    show(number, "q_i", all.narrow_.q[1], all.narrow_.stride, all.width_);
    show(number, "q_g", all.narrow_.q[2], all.narrow_.stride, all.width_);
    for (std::size_t row = narrow.begin; row < narrow.end; row += chunk_rows(tokens))
        mix_tokens(l, {row, std::min(row + chunk_rows(tokens), narrow.end)});
    normalize(quantized.output_norm, all.t_, all.width_, narrow, all.narrow_);
    show(number, "f", all.shown_.f, all.width_, all.width_);
    show(number, "i", all.shown_.i, all.width_, all.width_);
    show(number, "g", all.shown_.g, all.width_, all.width_);
    show(number, "h", all.shown_.h, all.width_, all.width_);
    show(number, "t", all.t_, all.width_, all.width_);
    show(number, "q_o", all.narrow_.q[0], all.narrow_.stride, all.width_);
    add_projection(block.o_proj.weight, all.narrow_, quantized.formats.x_in - quantized.formats.x_mid,
                   codes_from(block.gate_proj.weight, broad.begin));
}

/// Products and recurrence of some channels, token by token in order.
void Forward::Pass::mix_tokens(std::size_t l, Range rows) {
    const Block& block = all.model_->graph.blocks[l];
    const QuantizedBlock& quantized = all.model_->quantized.blocks[l];
    const std::size_t size = rows.size();
    product(block.f_proj.weight, rows, all.narrow_, 0, 0, codes_from(block.i_proj.weight, rows.begin));
    product(block.i_proj.weight, rows, all.narrow_, 1, 1, codes_from(block.g_proj.weight, rows.begin));
    product(block.g_proj.weight, rows, all.narrow_, 2, 2,
            after(rows, narrow, block.f_proj.weight, codes_from(block.o_proj.weight, narrow.begin)));
    for (std::size_t t = 0; t < tokens; ++t) {
        const auto& scales = me.scales[t].dequantize;
        const std::span<std::int32_t> h =
            states[static_cast<std::size_t>(batch.stream(t))].row(l, all.width_).subspan(rows.begin, size);
        const std::span<std::int32_t> out = all.t_.row(t, all.width_).subspan(rows.begin, size);
        const RecurrenceSlice slice{accumulated(0, t, size),
                                    accumulated(1, t, size),
                                    accumulated(2, t, size),
                                    std::span(quantized.one_minus_lower).subspan(rows.begin, size),
                                    h,
                                    out};
        me.records[t].second += gated_recurrence(quantized.formats, scales, slice);
        me.records[t].merge(norm_statistics(quantized.output_norm, out, static_cast<int>(rows.begin)));
        keep(all.shown_.f, all.width_, t, rows.begin, slice.f_acc, scales[0]);
        keep(all.shown_.i, all.width_, t, rows.begin, slice.i_acc, scales[1]);
        keep(all.shown_.g, all.width_, t, rows.begin, slice.g_acc, scales[2]);
        if (tap) std::copy(h.begin(), h.end(), all.shown_.h.row(t, all.width_).subspan(rows.begin).begin());
    }
}

void Forward::Pass::channel_mixer(std::size_t l) {
    const Block& block = all.model_->graph.blocks[l];
    const QuantizedBlock& quantized = all.model_->quantized.blocks[l];
    const int number = static_cast<int>(l);
    record(quantized.channel_norm, all.x_, all.width_, narrow);
    normalize(quantized.channel_norm, all.x_, all.width_, narrow, all.narrow_);
    show(number, "q_gate", all.narrow_.q[0], all.narrow_.stride, all.width_);
    for (std::size_t row = broad.begin; row < broad.end; row += chunk_rows(tokens))
        mix_channels(l, {row, std::min(row + chunk_rows(tokens), broad.end)});
    normalize(quantized.down_norm, all.y_, all.wide_, broad, all.broad_);
    show(number, "z", all.shown_.z, 2 * all.wide_, 2 * all.wide_);
    show(number, "y", all.y_, all.wide_, all.wide_);
    show(number, "q_down", all.broad_.q[0], all.broad_.stride, all.wide_);
    add_projection(block.down_proj.weight, all.broad_, quantized.formats.x_mid - quantized.formats.x_out, behind(l));
}

/// Products of the same rows of both halves, and their gated unit.
void Forward::Pass::mix_channels(std::size_t l, Range rows) {
    const Block& block = all.model_->graph.blocks[l];
    const QuantizedBlock& quantized = all.model_->quantized.blocks[l];
    const std::size_t size = rows.size();
    product(block.gate_proj.weight, rows, all.narrow_, 0, 0,
            codes_from(block.gate_proj.weight, all.wide_ + rows.begin));
    product(block.gate_proj.weight, {all.wide_ + rows.begin, all.wide_ + rows.end}, all.narrow_, 0, 1,
            after(rows, broad, block.gate_proj.weight, codes_from(block.down_proj.weight, narrow.begin)));
    for (std::size_t t = 0; t < tokens; ++t) {
        const Scale scale = me.scales[t].dequantize[0];
        const std::span<std::int32_t> out = all.y_.row(t, all.wide_).subspan(rows.begin, size);
        gated_unit(quantized.formats, scale, accumulated(0, t, size), accumulated(1, t, size), out);
        me.records[t].merge(norm_statistics(quantized.down_norm, out, static_cast<int>(rows.begin)));
        keep(all.shown_.z, 2 * all.wide_, t, rows.begin, accumulated(0, t, size), scale);
        keep(all.shown_.z, 2 * all.wide_, t, all.wide_ + rows.begin, accumulated(1, t, size), scale);
    }
}

/// x of this worker's channels, in another format, plus W q. The caller's next barrier makes it visible.
void Forward::Pass::add_projection(const TernaryMatrix& weight, const ActivationBuffers& in, int shift,
                                   const std::uint8_t* next) {
    for (std::size_t row = narrow.begin; row < narrow.end; row += chunk_rows(tokens)) {
        const Range rows{row, std::min(row + chunk_rows(tokens), narrow.end)};
        product(weight, rows, in, 0, 0, after(rows, narrow, weight, next));
        for (std::size_t t = 0; t < tokens; ++t) {
            const std::span<std::int32_t> x = all.x_.row(t, all.width_).subspan(rows.begin, rows.size());
            tephra::add_residual(x, shift, accumulated(0, t, rows.size()), me.scales[t].dequantize[0], x);
        }
    }
    if (tap) wait_for_all();
}

void Forward::Pass::head() {
    const NormParameters& norm = all.model_->quantized.head_norm;
    const TernaryMatrix& weight = all.model_->graph.lm_head.weight;
    record(norm, all.x_, all.width_, narrow);
    normalize(norm, all.x_, all.width_, narrow, all.narrow_, batch.first_logits);
    show(-1, "q_head", all.narrow_.q[0], all.narrow_.stride, all.width_, batch.first_logits);
    const Range mine = part_of(all.vocabulary_, index, parts);
    const std::uint8_t* first_block = codes_from(all.model_->graph.blocks.front().f_proj.weight, narrow.begin);
    for (std::size_t row = mine.begin; row < mine.end; row += chunk_rows(tokens)) {
        const Range rows{row, std::min(row + chunk_rows(tokens), mine.end)};
        product(weight, rows, all.narrow_, 0, 0, after(rows, mine, weight, first_block), batch.first_logits);
        for (std::size_t t = batch.first_logits; t < tokens; ++t)
            read_out(accumulated(0, t - batch.first_logits, rows.size()), me.scales[t].dequantize[0],
                     batch.logits.subspan((t - batch.first_logits) * all.vocabulary_ + rows.begin, rows.size()));
    }
    if (!tap) return;
    wait_for_all();
    if (index == 0)
        for (std::size_t t = batch.first_logits; t < tokens; ++t)
            tap(batch.stream(t), -1, "logits",
                batch.logits.subspan((t - batch.first_logits) * all.vocabulary_, all.vocabulary_));
}

}  // namespace tephra

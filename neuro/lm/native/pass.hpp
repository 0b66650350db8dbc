#pragma once
// What one worker of the native engine does in one pass of a batch; for forward.cpp and pass.cpp only.
#include <algorithm>

#include "neuro/lm/native/forward.hpp"

namespace tephra {

/// Rows of one product of all tokens: as many as keep the accumulators in the second cache, about 2^15, but not so few
/// that what the kernels prepare for each group of tokens would cost too much.
inline std::size_t chunk_rows(std::size_t tokens) {
    return std::max<std::size_t>(1344, (std::size_t{1} << 15) / tokens / 64 * 64);
}

/// Codes of the rows of a matrix from row `row` on.
inline const std::uint8_t* codes_from(const TernaryMatrix& weight, std::size_t row) {
    return weight.codes.data() + row * static_cast<std::size_t>(ternary_row_bytes(weight.cols));
}

/// What is read after `rows` of a matrix, of which `all` are read in order: its further rows, then `next`.
inline const std::uint8_t* after(Range rows, Range all, const TernaryMatrix& weight, const std::uint8_t* next) {
    return rows.end < all.end ? codes_from(weight, rows.end) : next;
}

/// One worker's share of one batch.
struct Forward::Pass {
    Forward& all;
    const Batch& batch;
    std::span<AlignedBuffer<std::int32_t>> states;
    const Tap& tap;
    int index;
    int parts;  ///< workers that share the batch: the team, or one
    std::span<Worker> workers = std::span(all.workers_).first(static_cast<std::size_t>(parts));
    Worker& me = workers[static_cast<std::size_t>(index)];
    std::size_t tokens = batch.ids.size();
    Range narrow = part_of(all.width_, index, parts);  ///< channels of the residual and the token mixer
    Range broad = part_of(all.wide_, index, parts);    ///< channels of the channel mixer

    void run();
    void wait_for_all() {
        if (parts > 1) all.team_.barrier();
    }
    void embed();
    void token_mixer(std::size_t l);
    void mix_tokens(std::size_t l, Range rows);
    void channel_mixer(std::size_t l);
    void mix_channels(std::size_t l, Range rows);
    void add_projection(const TernaryMatrix& weight, const ActivationBuffers& in, int shift, const std::uint8_t* next);
    void head();

    void record(const NormParameters& norm, const AlignedBuffer<std::int32_t>& x, std::size_t stride, Range part);
    void normalize(const NormParameters& norm, const AlignedBuffer<std::int32_t>& x, std::size_t stride, Range part,
                   ActivationBuffers& out, std::size_t first = 0);
    [[nodiscard]] const std::uint8_t* behind(std::size_t l) const;
    void product(const TernaryMatrix& weight, Range rows, const ActivationBuffers& in, std::size_t vector,
                 std::size_t scratch, const std::uint8_t* next, std::size_t first = 0);
    /// Accumulators of `product` of token t (counted from its first), `size` rows.
    [[nodiscard]] std::span<std::int32_t> accumulated(std::size_t scratch, std::size_t t, std::size_t size) const {
        return me.accumulators[scratch].row(t, size);
    }

    template <typename Value>
    void show(int block, std::string_view name, const AlignedBuffer<Value>& values, std::size_t stride,
              std::size_t size, std::size_t first = 0);
    void keep(AlignedBuffer<std::int32_t>& shown, std::size_t stride, std::size_t t, std::size_t row,
              std::span<const std::int32_t> acc, Scale scale) {
        if (tap) read_out(acc, scale, shown.row(t, stride).subspan(row, acc.size()));
    }
};

/// Shows `size` values of each token from `first` on; only worker 0 does, between two barriers that keep them still.
template <typename Value>
void Forward::Pass::show(int block, std::string_view name, const AlignedBuffer<Value>& values, std::size_t stride,
                         std::size_t size, std::size_t first) {
    if (!tap || index != 0) return;
    const std::span<std::int32_t> line = all.shown_.line.span().first(size);
    for (std::size_t t = first; t < tokens; ++t) {
        const std::span<const Value> row = values.row(t, stride).first(size);
        std::copy(row.begin(), row.end(), line.begin());
        tap(batch.stream(t), block, name, line);
    }
}

}  // namespace tephra

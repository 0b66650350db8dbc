#include "backends/fpga/image.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace tephra::fpga {
namespace {

using Header = std::array<std::uint32_t, header_units>;

enum class Op : std::uint8_t { residual = 0, recurrence = 1, gated_unit = 2, logits = 3 };

std::uint32_t bits_of(Scale scale) {
    return std::uint32_t{scale.mantissa} | std::uint32_t{static_cast<std::uint16_t>(scale.exponent)} << 16;
}

std::uint32_t pair(std::int16_t low, std::int16_t high) {
    return std::uint32_t{static_cast<std::uint16_t>(low)} | std::uint32_t{static_cast<std::uint16_t>(high)} << 16;
}

/// A field of two's complement.
std::uint32_t field(int value, int bits, int position) {
    return (static_cast<std::uint32_t>(value) & ((1U << bits) - 1)) << position;
}

/// Collects what goes into whole words.
class Writer {
public:
    Writer(Image& image, const CoreShape& shape) : image_(image), shape_(shape) {}

    [[nodiscard]] std::uint32_t address() const { return image_.words(); }

    /// Units, then zeros up to a word.
    void put(std::span<const std::uint32_t> units) {
        image_.data.insert(image_.data.end(), units.begin(), units.end());
        while (image_.data.size() % static_cast<std::size_t>(image_.units) != 0) image_.data.push_back(0);
    }

    void put_row(const TernaryMatrix& matrix, int row) {
        weights_.assign(static_cast<std::size_t>(shape_.row_words(matrix.cols) * shape_.lanes), 0);
        unpack_ternary_row(matrix.row(row), std::span(weights_).first(static_cast<std::size_t>(matrix.cols)));
        shape_.packing == Packing::five_trits ? put_trits() : put_two_bits();
    }

private:
    void put_two_bits() {
        for (std::size_t c = 0; c < weights_.size(); c += 16) {
            std::uint32_t unit = 0;
            for (std::size_t k = 0; k < 16; ++k) {
                const std::int8_t w = weights_[c + k];
                unit |= (w == 0 ? 0U : w > 0 ? 1U : 3U) << (2 * k);
            }
            image_.data.push_back(unit);
        }
    }

    void put_trits() {
        for (std::size_t c = 0; c < weights_.size(); c += 20) {
            std::uint32_t unit = 0;
            for (std::size_t b = 0; b < 4; ++b) {
                std::uint32_t v = 0;
                for (std::size_t k = 0; k < 5; ++k) v = v * 3 + static_cast<std::uint32_t>(weights_[c + 5 * b + k] + 1);
                unit |= (256 * v + 242) / 243 << (8 * b);
            }
            image_.data.push_back(unit);
        }
    }

    Image& image_;
    const CoreShape& shape_;
    std::vector<std::int8_t> weights_;
};

/// A phase: the rows of its matrices, and how its result is normalised next.
struct Phase {
    Op op{};
    const NormParameters* input = nullptr;   ///< whose activations the rows meet; none: no product
    const NormParameters* behind = nullptr;  ///< of the result; none: logits
    std::vector<const TernaryMatrix*> matrices{};
    std::size_t elements = 0;
    int f_bits = 0, i_bits = 0, h_bits = 0;
    int shift = 0;         ///< of x, or from i's format to h's
    int result_shift = 0;  ///< of the product that makes t or y
    const std::vector<std::int32_t>* one_minus_lower = nullptr;
    bool last = false;  ///< of the blocks
};

void put_phase(Writer& writer, const CoreShape& shape, const Phase& phase) {
    const int outputs = phase.behind == nullptr ? 0 : phase.behind->outputs;
    const bool wide = phase.one_minus_lower != nullptr || outputs > 1;
    const int units = outputs == 0 ? 0 : wide ? 2 : 1;
    Header header{};
    header[0] = static_cast<std::uint32_t>(phase.op) | field(phase.input == nullptr ? 0 : phase.input->outputs, 2, 4) |
                field(outputs, 2, 8) | field(units, 2, 12) | field(phase.last ? 1 : 0, 1, 16);
    header[1] = static_cast<std::uint32_t>(phase.elements);
    if (phase.input != nullptr) {
        header[2] = static_cast<std::uint32_t>(phase.input->size);
        header[3] = static_cast<std::uint32_t>(shape.row_words(phase.input->size));
        header[6] = static_cast<std::uint32_t>(phase.input->epsilon);
        header[7] = static_cast<std::uint32_t>(phase.input->epsilon >> 32);
        header[8] = bits_of(phase.input->second_epsilon);
        for (std::size_t k = 0; k < 3; ++k) header[9 + k] = bits_of(phase.input->factor[k]);
    }
    header[4] = field(phase.f_bits, 5, 0) | field(phase.i_bits, 5, 8) | field(phase.h_bits, 5, 16);
    header[5] = field(phase.shift, 7, 0) | field(phase.result_shift, 6, 8);
    writer.put(header);

    for (std::size_t j = 0; j < phase.elements; ++j) {
        if (units > 0) {
            const NormParameters& norm = *phase.behind;
            std::array<std::uint32_t, 2> record{};
            const std::uint32_t gains = pair(norm.rms_gain[j], norm.gain[0][j]);
            if (phase.one_minus_lower != nullptr)
                record = {static_cast<std::uint32_t>((*phase.one_minus_lower)[j]), gains};
            else
                record = {gains, outputs == 3 ? pair(norm.gain[1][j], norm.gain[2][j]) : 0};
            writer.put(std::span(record).first(static_cast<std::size_t>(units)));
        }
        const int row = static_cast<int>(j);
        for (const TernaryMatrix* matrix : phase.matrices) writer.put_row(*matrix, row);
        // The gated unit's second row is of the same matrix.
        if (phase.op == Op::gated_unit) writer.put_row(*phase.matrices[0], row + static_cast<int>(phase.elements));
    }
}

/// The phases of one token but for the head's.
std::vector<Phase> block_phases(const Deployment& model) {
    const auto d = static_cast<std::size_t>(model.graph.config.hidden_size);
    const auto f = static_cast<std::size_t>(model.graph.config.intermediate_size);
    const QuantizedModel& quantized = model.quantized;
    const std::size_t blocks = quantized.blocks.size();
    const auto norm_of = [&](std::size_t l) {
        return l < blocks ? &quantized.blocks[l].token_norm : &quantized.head_norm;
    };
    std::vector<Phase> phases;
    Phase first{.op = Op::residual};
    first.behind = norm_of(0);
    first.elements = d;
    first.last = blocks == 0;
    phases.push_back(first);
    for (std::size_t l = 0; l < blocks; ++l) {
        const Block& block = model.graph.blocks[l];
        const QuantizedBlock& q = quantized.blocks[l];
        const BlockFormats& format = q.formats;
        phases.push_back({.op = Op::recurrence,
                          .input = &q.token_norm,
                          .behind = &q.output_norm,
                          .matrices = {&block.f_proj.weight, &block.i_proj.weight, &block.g_proj.weight},
                          .elements = d,
                          .f_bits = format.f,
                          .i_bits = format.i,
                          .h_bits = format.h,
                          .shift = format.i - format.h,
                          .result_shift = format.g + format.h - format.t,
                          .one_minus_lower = &q.one_minus_lower});
        phases.push_back({.op = Op::residual,
                          .input = &q.output_norm,
                          .behind = &q.channel_norm,
                          .matrices = {&block.o_proj.weight},
                          .elements = d,
                          .shift = format.x_in - format.x_mid});
        phases.push_back({.op = Op::gated_unit,
                          .input = &q.channel_norm,
                          .behind = &q.down_norm,
                          .matrices = {&block.gate_proj.weight},
                          .elements = f,
                          .h_bits = format.z,
                          .result_shift = 2 * format.z - format.y});
        phases.push_back({.op = Op::residual,
                          .input = &q.down_norm,
                          .behind = norm_of(l + 1),
                          .matrices = {&block.down_proj.weight},
                          .elements = d,
                          .shift = format.x_mid - format.x_out,
                          .last = l + 1 == blocks});
    }
    return phases;
}

/// Stored bits of the embedding table, each row padded to whole words. Returns the words of a row.
std::uint32_t put_embedding(Writer& writer, const EmbeddingTable& table) {
    const std::uint32_t begin = writer.address();
    const auto cols = static_cast<std::size_t>(table.cols);
    std::vector<std::uint32_t> row;
    for (std::size_t r = 0; r < static_cast<std::size_t>(table.rows); ++r) {
        row.clear();
        for (std::size_t c = 0; c < cols; ++c) {
            const std::uint32_t bits = element_bits(table.type, table.data, r * cols + c);
            if (element_bytes(table.type) == 4 || c % 2 == 0)
                row.push_back(bits);
            else
                row.back() |= bits << 16;
        }
        writer.put(row);
    }
    return (writer.address() - begin) / static_cast<std::uint32_t>(table.rows);
}

/// Units of an image of this shape, an upper bound: rows and records as words, headers.
std::int64_t most_words(const Deployment& model, const CoreShape& shape) {
    const ModelConfig& c = model.graph.config;
    const std::int64_t d_words = shape.row_words(c.hidden_size), f_words = shape.row_words(c.intermediate_size);
    const std::int64_t d = c.hidden_size, f = c.intermediate_size, vocabulary = c.vocab_size;
    const std::int64_t block = d * (4 * d_words + 6) + f * (2 * d_words + 2) + d * f_words + 4 * header_units;
    return c.num_layers * block + vocabulary * (d_words + d) + 3 * d + 4 * header_units;
}

}  // namespace

Result<Image> pack_image(const Deployment& model, const CoreShape& shape) {
    if (auto fits = check_fits(model, shape); !fits) return tl::unexpected(fits.error());
    if (most_words(model, shape) >= std::int64_t{1} << 32)
        return fail(ErrorCode::does_not_fit, "the memory image has more than 2^32 words", "fpga image",
                    "take more lanes: a word of memory is what they use in a cycle");
    Image image;
    image.units = shape.word_bits() / 32;
    Writer writer(image, shape);
    writer.put(Header{});  // of the token, when the addresses are known
    const std::vector<Phase> phases = block_phases(model);
    const std::uint32_t blocks = writer.address();
    for (const Phase& phase : phases) put_phase(writer, shape, phase);
    const std::uint32_t head = writer.address();
    put_phase(writer, shape,
              {.op = Op::logits,
               .input = &model.quantized.head_norm,
               .matrices = {&model.graph.lm_head.weight},
               .elements = static_cast<std::size_t>(model.graph.config.vocab_size)});
    const std::uint32_t embedding = writer.address();
    const std::uint32_t row_words = put_embedding(writer, model.graph.embeddings);
    const Header token{
        image_magic,
        static_cast<std::uint32_t>(model.graph.config.hidden_size),
        static_cast<std::uint32_t>(model.graph.embeddings.type) | field(model.quantized.x_embedding, 5, 8),
        embedding,
        row_words,
        blocks,
        head - blocks,
        head,
        embedding - head,
        static_cast<std::uint32_t>(model.graph.config.vocab_size),
        static_cast<std::uint32_t>(model.graph.config.num_layers),
        static_cast<std::uint32_t>(model.graph.config.intermediate_size)};
    std::copy(token.begin(), token.end(), image.data.begin());
    return image;
}

}  // namespace tephra::fpga

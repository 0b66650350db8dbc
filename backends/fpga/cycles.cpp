#include "backends/fpga/cycles.hpp"

#include <algorithm>

#include "backends/fpga/image.hpp"

namespace tephra::fpga {
namespace {

using Cycles = std::uint64_t;

// Latencies of rtl/, from an input to its result.
constexpr Cycles scaler_latency = 6, residual_latency = 3, recurrence_latency = 29, norm_latency = 5;
constexpr Cycles quantizer_latency = 8, logits_latency = 9, embedding_drain = 8;
constexpr Cycles product_latency = 4;  ///< and a level of the adder tree for each bit of the lanes

/// What tells a phase's time.
struct Phase {
    Cycles elements = 0;
    Cycles inputs = 0;  ///< outputs of the norm that the rows read; 0: no product
    Cycles columns = 0;
    Cycles rows = 0;     ///< of an element
    Cycles outputs = 0;  ///< of the norm behind; 0: logits
    Cycles record_units = 0;
    Cycles latency = 0;  ///< of what the element becomes
};

class Counter {
public:
    explicit Counter(const CoreShape& shape)
        : shape_(shape),
          streams_(static_cast<Cycles>(shape.streams)),
          header_words_((header_units + units() - 1) / units()) {
        while ((1 << tree_levels_) < shape.lanes) ++tree_levels_;
    }

    CycleCount count;

    void token(Cycles width, FloatType type) {
        // The command of the header and the check; the command of the embedding.
        count.control += 10 + header_words_;
        count.embedding += streams_ * width + embedding_drain;
        const Cycles row_units = type == FloatType::f32 ? width : (width + 1) / 2;
        count.words += header_words_ + streams_ * ((row_units + units() - 1) / units());
    }

    void phase(const Phase& phase) {
        count.control += header_words_ + 1;
        count.words += header_words_;
        if (phase.inputs > 0) {
            ++count.products;
            count.scales += 1 + streams_ * (42 + 30 * phase.inputs);
            count.quantize += phase.inputs * phase.columns * streams_ + quantizer_latency + 1;
        }
        const Cycles beats =
            phase.rows == 0 ? 0 : static_cast<Cycles>(shape_.row_words(static_cast<int>(phase.columns)));
        const Cycles record = (phase.record_units + units() - 1) / units();
        const Cycles feed = record + phase.rows * beats;
        count.words += phase.elements * feed;
        count.weight_words += phase.elements * phase.rows * beats;
        count.rows += phase.elements * feed;
        // The last element is complete when the stream has brought it or when those before it have been issued.
        const Cycles last = last_issue(phase, record, beats);
        const Cycles end = phase.outputs == 0
                               ? last + logits_latency
                               : last + scaler_latency + phase.latency + phase.outputs - 1 + norm_latency;
        count.drain += end + 1 - phase.elements * feed;
    }

private:
    [[nodiscard]] Cycles units() const { return static_cast<Cycles>(shape_.word_bits() / 32); }

    /// Cycle, from the start of the rows, in which the last element of the last stream is issued. Rows wait for each
    /// other as customers of one server do: each takes a cycle a stream, the last of an element one for each output.
    [[nodiscard]] Cycles last_issue(const Phase& phase, Cycles record, Cycles beats) const {
        const Cycles final_spacing = std::max<Cycles>(phase.outputs, 1);
        Cycles arrival = 0, free = 0, last = 0;
        for (Cycles j = 0; j < phase.elements; ++j) {
            arrival += record;
            for (Cycles m = 0; m < std::max<Cycles>(phase.rows, 1); ++m) {
                arrival += beats;
                const bool final_row = m + 1 >= phase.rows;
                const Cycles there = arrival + (phase.rows == 0 ? 1 : product_latency + tree_levels_);
                const Cycles begin = std::max(there, free), spacing = final_row ? final_spacing : 1;
                last = begin + (streams_ - 1) * spacing;
                free = last + spacing;
            }
        }
        return last;
    }

    const CoreShape& shape_;
    Cycles streams_;
    Cycles header_words_;
    Cycles tree_levels_ = 0;
};

}  // namespace

CycleCount count_cycles(const ModelConfig& config, FloatType embedding, const CoreShape& shape, HeadMode head) {
    const auto d = static_cast<Cycles>(config.hidden_size), f = static_cast<Cycles>(config.intermediate_size);
    const int blocks = config.num_layers;
    Counter counter(shape);
    counter.token(d, embedding);
    const auto gains = [&](int after) { return after < blocks ? Cycles{3} : Cycles{1}; };
    const auto units = [](Cycles outputs) { return outputs > 1 ? Cycles{2} : Cycles{1}; };
    counter.phase({d, 0, 0, 0, gains(0), units(gains(0)), residual_latency});
    for (int l = 0; l < blocks; ++l) {
        counter.phase({d, 3, d, 3, 1, 2, recurrence_latency});
        counter.phase({d, 1, d, 1, 1, 1, residual_latency});
        counter.phase({f, 1, d, 2, 1, 1, recurrence_latency});
        counter.phase({d, 1, f, 1, gains(l + 1), units(gains(l + 1)), residual_latency});
    }
    if (head != HeadMode::none) counter.phase({static_cast<Cycles>(config.vocab_size), 1, d, 1, 0, 0, 0});
    return counter.count;
}

std::uint64_t memory_cycles(const CycleCount& count, double cycles_per_word, double buffered) {
    const double late =
        static_cast<double>(count.words) * (cycles_per_word - 1) - buffered * static_cast<double>(count.products);
    return count.total() + static_cast<std::uint64_t>(std::max(0.0, late));
}

std::uint64_t image_words(const ModelConfig& config, FloatType embedding, const CoreShape& shape) {
    CoreShape one = shape;
    one.streams = 1;
    const std::uint64_t read = count_cycles(config, embedding, one, HeadMode::greedy).words;
    const auto units = static_cast<Cycles>(shape.word_bits() / 32), d = static_cast<Cycles>(config.hidden_size);
    const Cycles row_units = embedding == FloatType::f32 ? d : (d + 1) / 2;
    return read + (static_cast<Cycles>(config.vocab_size) - 1) * ((row_units + units - 1) / units);
}

double sdram_cycles_per_word() {
    // Of rtl/tephra_sdram.sv, in cycles of the SDRAM: a page and what it takes to open the next; a refresh and what it
    // takes to go on after it.
    constexpr double page = 512, page_change = 5, refresh_every = 750, refresh = 14;
    return (page + page_change) / page * refresh_every / (refresh_every - refresh);
}

std::uint64_t sdram_cycles(const CycleCount& count) {
    constexpr double buffered = 64;  // of rtl/tephra_memory.sv
    return memory_cycles(count, sdram_cycles_per_word(), buffered + fetched_words);
}

}  // namespace tephra::fpga

#include "neuro/neurocore.hpp"

#include <algorithm>
#include <cassert>

#include "neuro/neuron_math.hpp"

namespace tephra {
namespace {

void append_sum(std::vector<std::uint32_t>& words, std::uint64_t sum) {
    words.push_back(static_cast<std::uint32_t>(sum));
    words.push_back(static_cast<std::uint32_t>(sum >> 32));
}

std::uint64_t sum_at(std::span<const std::uint32_t> words, int sum) {
    const auto k = static_cast<std::size_t>(2 * sum);
    return words[k] | std::uint64_t{words[k + 1]} << 32;
}

void write_record(const NormParameters& norm, const NormRecord& record, std::vector<std::uint32_t>& words) {
    words.clear();
    append_sum(words, record.sum);
    if (record_sums(norm) == 2) append_sum(words, record.second);
    words.insert(words.end(), record.peak.begin(), record.peak.begin() + norm.outputs);
    assert(words.size() == static_cast<std::size_t>(record_words(norm)));
}

NormRecord read_record(const NormParameters& norm, std::span<const std::uint32_t> words) {
    NormRecord record;
    record.sum = sum_at(words, 0);
    const int sums = record_sums(norm);
    if (sums == 2) record.second = sum_at(words, 1);
    for (int k = 0; k < norm.outputs; ++k)
        record.peak[static_cast<std::size_t>(k)] = words[static_cast<std::size_t>(2 * sums + k)];
    return record;
}

/// Fires one slice; an overload a neuron model.
struct Firing {
    int begin;
    std::size_t n;
    std::span<const PortInput> inputs;
    std::span<std::int32_t> state;
    SliceOutput& out;

    [[nodiscard]] std::span<const std::int32_t> accumulators(std::size_t port, std::size_t matrix) const {
        return std::span(inputs[port].values).subspan(matrix * n, n);
    }
    [[nodiscard]] Scale scale(std::size_t port, std::size_t word) const { return word_scale(inputs[port].words[word]); }

    /// Room for n states; messages carry them in two's complement.
    [[nodiscard]] std::span<std::int32_t> states() const {
        out.messages.resize(n);
        return {reinterpret_cast<std::int32_t*>(out.messages.data()), n};
    }
    void record(const NormParameters* norm, std::span<const std::int32_t> x, std::uint64_t second = 0) const {
        if (norm == nullptr) return;
        NormRecord partial = norm_statistics(*norm, x, begin);
        partial.second = second;
        write_record(*norm, partial, out.record);
    }

    void operator()(const Normalizer& model) const {
        const NormScales scales = norm_scales(*model.norm, read_record(*model.norm, inputs[0].words));
        const auto outputs = static_cast<std::size_t>(model.norm->outputs);
        out.record.resize(2 * outputs);
        for (std::size_t k = 0; k < outputs; ++k) {
            out.record[k] = scale_word(scales.quantize[k]);
            out.record[outputs + k] = scale_word(scales.dequantize[k]);
        }
    }
    void operator()(const Quantizer& model) const {
        out.messages.assign(n, 0);
        std::vector<std::int8_t> q(n);
        for (std::size_t k = 0; k < static_cast<std::size_t>(model.norm->outputs); ++k) {
            const auto gain = std::span(model.norm->gain[k]).subspan(static_cast<std::size_t>(begin), n);
            quantize_states(inputs[0].values, gain, scale(1, k), q);
            for (std::size_t j = 0; j < n; ++j)
                out.messages[j] |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(q[j])) << (8 * k);
        }
    }
    void operator()(const GatedRecurrence& model) const {
        const auto lower = std::span(model.block->one_minus_lower).subspan(static_cast<std::size_t>(begin), n);
        const auto t = states();
        const std::uint64_t second =
            gated_recurrence(model.block->formats, {scale(1, 0), scale(1, 1), scale(1, 2)},
                             {accumulators(0, 0), accumulators(0, 1), accumulators(0, 2), lower, state, t});
        record(model.norm, t, second);
    }
    void operator()(const Residual& model) const {
        const auto x = states();
        add_residual(inputs[2].values, model.shift, accumulators(0, 0), scale(1, 0), x);
        record(model.norm, x);
    }
    void operator()(const GatedUnit& model) const {
        const auto y = states();
        gated_unit(model.block->formats, scale(1, 0), accumulators(0, 0), accumulators(0, 1), y);
        record(model.norm, y);
    }
    void operator()(const Readout&) const { read_out(accumulators(0, 0), scale(1, 0), states()); }
    void operator()(const TokenSource&) const { assert(false && "a TokenSource fires through emit_token"); }
    void operator()(const TokenSink&) const { assert(false && "a TokenSink does not fire"); }
};

}  // namespace

void fire(const Population& population, int begin, int end, std::span<const PortInput> inputs,
          std::span<std::int32_t> state, SliceOutput& output) {
    output.messages.clear();
    output.record.clear();
    std::visit(Firing{begin, static_cast<std::size_t>(end - begin), inputs, state, output}, population.model);
}

void emit_token(const Population& source, std::int32_t token, SliceOutput& output) {
    output.messages.clear();
    output.record.clear();
    const auto& model = std::get<TokenSource>(source.model);
    const Firing firing{0, static_cast<std::size_t>(source.size), {}, {}, output};
    const auto x = firing.states();
    model.embeddings->fixed_row(token, model.fraction_bits, x);
    firing.record(model.norm, x);
}

int record_sums(const NormParameters& norm) {
    return norm.second_epsilon.mantissa != 0 ? 2 : 1;
}

int record_words(const NormParameters& norm) {
    return 2 * record_sums(norm) + norm.outputs;
}

void merge_record(std::span<std::uint32_t> into, std::span<const std::uint32_t> record, int sums) {
    const auto head = static_cast<std::size_t>(2 * sums);
    for (int k = 0; k < sums; ++k) {
        const std::uint64_t sum = sum_at(into, k) + sum_at(record, k);
        into[static_cast<std::size_t>(2 * k)] = static_cast<std::uint32_t>(sum);
        into[static_cast<std::size_t>(2 * k + 1)] = static_cast<std::uint32_t>(sum >> 32);
    }
    for (std::size_t k = head; k < into.size(); ++k) into[k] = std::max(into[k], record[k]);
}

}  // namespace tephra

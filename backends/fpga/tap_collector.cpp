#include "backends/fpga/tap_collector.hpp"

#include <cassert>

namespace tephra::fpga {

TapCollector::TapCollector(const ModelConfig& config, int streams)
    : blocks_(static_cast<std::size_t>(config.num_layers)),
      width_(static_cast<std::size_t>(config.hidden_size)),
      streams_(static_cast<std::size_t>(streams)),
      phases_(2 + 4 * blocks_) {}

void TapCollector::phase() {
    ++begun_;
    assert(begun_ <= phases_.size());
}

void TapCollector::scaled(int /*op*/, int row, std::int32_t value) {
    phases_[begun_ - 1].scaled[static_cast<std::size_t>(row)].push_back(value);
}

void TapCollector::h(std::int32_t value) {
    phases_[begun_ - 1].h.push_back(value);
}

void TapCollector::state(std::int32_t value) {
    phases_[begun_ - 1].state.push_back(value);
}

void TapCollector::activation(std::int32_t value) {
    phases_[begun_].q.push_back(value);  // of the phase to come
}

void TapCollector::embedded(std::int32_t value) {
    embedded_.push_back(value);
}

void TapCollector::clear() {
    begun_ = 0;
    embedded_.clear();
    for (Phase& phase : phases_) {
        for (Values& values : phase.scaled) values.clear();
        phase.h.clear();
        phase.state.clear();
        phase.q.clear();
    }
}

TapCollector::Values TapCollector::of_stream(const Values& values, int slot) const {
    Values out;
    out.reserve(values.size() / streams_);
    for (std::size_t n = static_cast<std::size_t>(slot); n < values.size(); n += streams_) out.push_back(values[n]);
    return out;
}

TapCollector::Values TapCollector::activations(const Phase& phase, int slot, std::size_t outputs, std::size_t k) const {
    const std::size_t size = phase.q.size() / (streams_ * outputs);
    const std::size_t begin = (static_cast<std::size_t>(slot) * outputs + k) * size;
    const std::span<const std::int32_t> all(phase.q);
    const auto part = all.subspan(begin, size);
    return {part.begin(), part.end()};
}

void TapCollector::show(const Tap& tap, int stream, int slot, int embedded_slot) const {
    const std::span<const std::int32_t> x(embedded_);
    tap(stream, -1, "x", x.subspan(static_cast<std::size_t>(embedded_slot) * width_, width_));
    for (std::size_t l = 0; l < blocks_; ++l) {
        const Phase* const phase = &phases_[1 + 4 * l];
        const auto show_as = [&](const char* name, const Values& values) {
            tap(stream, static_cast<int>(l), name, values);
        };
        show_as("q_f", activations(phase[0], slot, 3, 0));
        show_as("q_i", activations(phase[0], slot, 3, 1));
        show_as("q_g", activations(phase[0], slot, 3, 2));
        show_as("f", of_stream(phase[0].scaled[0], slot));
        show_as("i", of_stream(phase[0].scaled[1], slot));
        show_as("g", of_stream(phase[0].scaled[2], slot));
        show_as("h", of_stream(phase[0].h, slot));
        show_as("t", of_stream(phase[0].state, slot));
        show_as("q_o", activations(phase[1], slot, 1, 0));
        show_as("x_mid", of_stream(phase[1].state, slot));
        show_as("q_gate", activations(phase[2], slot, 1, 0));
        Values z = of_stream(phase[2].scaled[0], slot);
        const Values z2 = of_stream(phase[2].scaled[1], slot);
        z.insert(z.end(), z2.begin(), z2.end());
        show_as("z", z);
        show_as("y", of_stream(phase[2].state, slot));
        show_as("q_down", activations(phase[3], slot, 1, 0));
        show_as("x", of_stream(phase[3].state, slot));
    }
    if (begun_ < phases_.size()) return;  // no head
    const Phase& head = phases_.back();
    tap(stream, -1, "q_head", activations(head, slot, 1, 0));
    tap(stream, -1, "logits", of_stream(head.scaled[0], slot));
}

}  // namespace tephra::fpga

#include "simulator/slice_engine.hpp"

#include <algorithm>

#include "neuro/kernels.hpp"
#include "neuro/record.hpp"

namespace tephra {

SliceEngine::SliceEngine(const Program& program, const Schedule& schedule, const ScheduledSlice& plan, int streams,
                         std::int64_t slots)
    : population_(&program[plan.population]), begin_(plan.begin), end_(plan.end) {
    const auto n = static_cast<std::size_t>(plan.size());
    for (std::uint32_t p = 0; p < plan.inputs; ++p) {
        const SliceInput& input = schedule.inputs[plan.first_input + p];
        Port port;
        port.projection = &program[input.projection];
        port.kind = input.kind;
        port.sources = input.sources;
        port.begin = plan.begin;
        port.slots = static_cast<std::uint32_t>(std::clamp<std::int64_t>(slots, 1, port.projection->slots));
        const std::size_t count = port.slots;
        switch (input.kind) {
            case SynapseKind::ternary: {
                const int cols = program[port.projection->source].size;
                port.fields = 1 + *std::ranges::max_element(port.projection->fields);
                port.padded = padded_activations(cols);
                port.width = port.padded * static_cast<std::size_t>(port.fields);
                port.activations.resize(count * port.width);
                break;
            }
            case SynapseKind::identity:
                port.width = n;
                port.values.resize(count * port.width);
                break;
            case SynapseKind::reduce:
            case SynapseKind::broadcast:
                port.width = static_cast<std::size_t>(port.projection->words);
                port.words.resize(count * port.width);
                break;
            case SynapseKind::credit:
                break;
        }
        port.tokens.assign(count, -1);
        port.lasts.assign(count, 0);
        ports_.push_back(std::move(port));
    }
    if (population_->model == nullptr) return;
    const std::size_t words = population_->model->states().size() * n;
    state_.resize(static_cast<std::size_t>(streams) * words);
    for (std::size_t s = 0; s < static_cast<std::size_t>(streams); ++s)
        population_->model->begin({begin_, end_}, std::span(state_).subspan(s * words, words));
}

bool SliceEngine::claim(Port& port, std::uint32_t token) {
    const std::size_t at = slot(port, token);
    if (port.tokens[at] < 0) port.tokens[at] = token;
    if (port.tokens[at] != token) return false;
    port.token = token;
    port.slot_activations = port.activations.data() + at * port.width;
    port.slot_values = port.values.data() + at * port.width;
    return true;
}

bool SliceEngine::deliver(std::uint32_t p, std::uint32_t token, std::uint32_t neuron, std::uint32_t value) {
    Port& port = ports_[p];
    if (port.token != token && !claim(port, token)) return false;
    if (port.fields == 0) {
        port.slot_values[static_cast<int>(neuron) - port.begin] = static_cast<std::int32_t>(value);
        return true;
    }
    std::int8_t* activation = port.slot_activations + neuron;
    for (int f = 0; f < port.fields; ++f, activation += port.padded) *activation = message_field(value, f);
    return true;
}

bool SliceEngine::deliver(std::uint32_t p, std::uint32_t token, std::span<const std::uint32_t> words) {
    Port& port = ports_[p];
    if (!claim(port, token)) return false;
    const auto into = std::span(port.words).subspan(slot(port, token) * port.width, port.width);
    if (port.kind == SynapseKind::reduce)
        merge_record(into, words.first(port.width), port.projection->sums);
    else
        std::ranges::copy(words.first(port.width), into.begin());
    return true;
}

bool SliceEngine::complete(std::uint32_t p, std::uint32_t token, const PathPoint& from) {
    Port& port = ports_[p];
    if (port.kind == SynapseKind::credit) {
        ++port.credits;
    } else {
        claim(port, token);  // a marker may be all that comes
        ++port.lasts[slot(port, token)];
    }
    if (token == next_token_ || port.kind == SynapseKind::credit) trigger_ = from;
    return ready();
}

bool SliceEngine::ready() const {
    for (const Port& port : ports_) {
        if (port.kind == SynapseKind::credit) {
            if (port.credits <= std::int64_t{next_token_} - port.projection->lag) return false;
            continue;
        }
        const std::size_t at = slot(port, next_token_);
        if (port.tokens[at] != next_token_ || port.lasts[at] != port.sources) return false;
    }
    return true;
}

void SliceEngine::gather(Port& port) {
    const std::size_t at = slot(port, next_token_);
    const std::size_t base = at * port.width;
    switch (port.kind) {
        case SynapseKind::ternary: {
            const auto n = static_cast<std::size_t>(end_ - begin_);
            const Projection& projection = *port.projection;
            port.sums.resize(projection.matrices.size() * n);
            for (std::size_t m = 0; m < projection.matrices.size(); ++m) {
                const auto field = static_cast<std::size_t>(projection.fields[m]);
                const auto q = std::span(port.activations).subspan(base + field * port.padded, port.padded);
                ternary_matvec(projection.matrices[m], begin_, end_, q, activation_sum(q),
                               std::span(port.sums).subspan(m * n, n));
            }
            std::fill_n(port.activations.begin() + static_cast<std::ptrdiff_t>(base), port.width, std::int8_t{0});
            break;
        }
        case SynapseKind::identity: {
            const auto first = port.values.begin() + static_cast<std::ptrdiff_t>(base);
            port.sums.assign(first, first + static_cast<std::ptrdiff_t>(port.width));
            std::fill_n(first, port.width, 0);
            break;
        }
        case SynapseKind::reduce:
        case SynapseKind::broadcast: {
            const auto first = port.words.begin() + static_cast<std::ptrdiff_t>(base);
            port.record.assign(first, first + static_cast<std::ptrdiff_t>(port.width));
            std::fill_n(first, port.width, 0U);
            break;
        }
        case SynapseKind::credit:
            return;
    }
    port.tokens[at] = -1;
    port.lasts[at] = 0;
    port.token = -1;
}

void SliceEngine::fire(int stream, std::span<const std::int32_t> fed, SliceOutput& output) {
    sums_.clear();
    records_.clear();
    if (!fed.empty()) sums_.push_back(fed);
    for (Port& port : ports_) {
        gather(port);
        if (port.kind == SynapseKind::ternary || port.kind == SynapseKind::identity) sums_.emplace_back(port.sums);
        if (port.kind == SynapseKind::reduce || port.kind == SynapseKind::broadcast) records_.emplace_back(port.record);
    }
    const auto n = static_cast<std::size_t>(end_ - begin_);
    const NeuronModel& model = *population_->model;
    const std::size_t words = model.states().size() * n;
    output.messages.resize(population_->message_bits > 0 ? n : 0);
    output.record.resize(static_cast<std::size_t>(population_->record_words));
    // Payloads travel as unsigned words; neuron models know them as numbers in two's complement.
    const std::span messages(reinterpret_cast<std::int32_t*>(output.messages.data()), output.messages.size());
    const auto bad = model.fire({{begin_, end_},
                                 next_token_,
                                 sums_,
                                 std::span(state_).subspan(static_cast<std::size_t>(stream) * words, words),
                                 messages,
                                 records_,
                                 output.record});
    if (bad && !fault_) fault_ = Fault{*bad, next_token_};
    ++next_token_;
}

void SliceEngine::collect(std::vector<std::int32_t>& values) {
    gather(ports_[0]);
    values.swap(ports_[0].sums);
    ++next_token_;
}

}  // namespace tephra

#include "simulator/slice_engine.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "neuro/record.hpp"

namespace tephra {
namespace {

constexpr std::int64_t largest_sum = std::numeric_limits<std::int32_t>::max();

/// Whether the sums of the spikes of a round fit 32 bits, by the largest that they can be.
bool sums_fit(std::span<const Spike> spikes, const SynapseFormat& synapses) {
    std::int64_t magnitudes = 0;
    for (const Spike spike : spikes) magnitudes += std::abs(std::int64_t{spike.payload});
    return synapses.largest_product() == 0 || magnitudes <= largest_sum / synapses.largest_product();
}

/// false: a sum leaves 32 bits.
bool add(std::span<std::int32_t> sums, std::span<const std::int32_t> more) {
    bool fits = true;
    for (std::size_t i = 0; i < sums.size(); ++i) fits = !__builtin_add_overflow(sums[i], more[i], &sums[i]) && fits;
    return fits;
}

}  // namespace

std::string describe(const SliceFault& fault) {
    const std::string neuron = "neuron " + std::to_string(fault.neuron);
    switch (fault.kind) {
        case SliceFault::Kind::sum:
            return "messages to " + neuron + " and those after it may add up to more than 32 bits hold";
        case SliceFault::Kind::message:
            return neuron + " sends a message that does not fit the message bits of its population";
        default:
            return neuron + " left the range of its state or input";
    }
}

SliceEngine::SliceEngine(const Program& program, const Schedule& schedule, const ScheduledSlice& plan, int streams,
                         std::int64_t slots)
    : population_(&program[plan.population]), neurons_(plan.neurons()) {
    const auto n = static_cast<std::size_t>(plan.size());
    for (std::uint32_t p = 0; p < plan.inputs; ++p) add_port(program, schedule.inputs[plan.first_input + p], slots);
    if (population_->model == nullptr) return;
    const std::size_t words = population_->model->states().size() * n;
    state_.resize(static_cast<std::size_t>(streams) * words);
    for (std::size_t s = 0; s < static_cast<std::size_t>(streams); ++s)
        population_->model->begin(neurons_, std::span(state_).subspan(s * words, words));
}

void SliceEngine::add_port(const Program& program, const SliceInput& input, std::int64_t slots) {
    const auto n = static_cast<std::size_t>(neurons_.size());
    Port port;
    port.projection = &program[input.projection];
    port.sources = input.sources;
    port.slots =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(slots + port.projection->delay, 1, port.projection->slots));
    const std::size_t count = port.slots;
    switch (port.transport()) {
        case Transport::messages: {
            const SynapseFormat& synapses = *port.projection->synapses;
            port.inbox = synapses.inbox();
            port.counts_as_one = program[port.projection->source].payload == Payload::spike;
            const auto sums = static_cast<std::size_t>(synapses.sums()) * n;
            if (port.inbox == Inbox::bytes) {
                port.fields = synapses.fields();
                port.padded = synapses.field_bytes();
                port.width = port.padded * static_cast<std::size_t>(port.fields);
                port.activations.resize(count * port.width);
            } else if (port.inbox == Inbox::words) {
                port.begin = neurons_.begin + synapses.shift();
                port.width = n;
                port.values.resize(count * port.width);
                if (port.projection->held) port.held.resize(port.width);
            } else {
                port.spikes.resize(count);
            }
            const auto rows = static_cast<std::size_t>(1 + synapses.max_delay());
            port.sums.resize(rows * sums);
            if (rows > 1) port.later.resize(rows * sums);
            const auto ports = static_cast<std::size_t>(port.projection->port) + 1;
            if (added_.size() < ports) added_.resize(ports);
            break;
        }
        case Transport::reduce:
        case Transport::broadcast:
            port.width = static_cast<std::size_t>(port.projection->words);
            port.words.resize(count * port.width);
            break;
        case Transport::credit:
            break;
    }
    port.tokens.assign(count, -1);
    port.lasts.assign(count, 0);
    ports_.push_back(std::move(port));
}

bool SliceEngine::claim(Port& port, std::uint32_t token) {
    const std::size_t at = slot(port, token);
    if (port.tokens[at] < 0) port.tokens[at] = token;
    if (port.tokens[at] != token) return false;
    port.token = token;
    // A port has the slots of its inbox alone.
    if (!port.activations.empty()) port.slot_activations = &port.activations[at * port.width];
    if (!port.values.empty()) port.slot_values = &port.values[at * port.width];
    if (!port.spikes.empty()) port.slot_spikes = &port.spikes[at];
    return true;
}

bool SliceEngine::deliver(std::uint32_t p, std::uint32_t token, std::uint32_t neuron, std::uint32_t value) {
    Port& port = ports_[p];
    if (port.token != token && !claim(port, token)) return false;
    if (port.inbox == Inbox::bytes) {
        std::int8_t* activation = port.slot_activations + neuron;
        for (int f = 0; f < port.fields; ++f, activation += port.padded) *activation = message_field(value, f);
    } else if (port.inbox == Inbox::words) {
        // A packet may serve several projections, of which this one need not reach here.
        const std::size_t target = neuron - static_cast<std::uint32_t>(port.begin);
        if (target < port.width) port.slot_values[target] = static_cast<std::int32_t>(value);
    } else {
        port.slot_spikes->push_back(
            {static_cast<std::int32_t>(neuron), port.counts_as_one ? 1 : static_cast<std::int32_t>(value)});
    }
    return true;
}

bool SliceEngine::deliver(std::uint32_t p, std::uint32_t token, std::span<const std::uint32_t> words) {
    Port& port = ports_[p];
    if (!claim(port, token)) return false;
    const auto into = std::span(port.words).subspan(slot(port, token) * port.width, port.width);
    if (port.transport() == Transport::reduce)
        merge_record(into, words.first(port.width), port.projection->sums);
    else
        std::ranges::copy(words.first(port.width), into.begin());
    return true;
}

bool SliceEngine::complete(std::uint32_t p, std::uint32_t token, const PathPoint& from) {
    Port& port = ports_[p];
    if (port.credit()) {
        // The source fires its rounds in turn: a credit makes up for those before it that were lost.
        port.credits = port.sources == 1 ? std::max(port.credits, std::int64_t{token} + 1) : port.credits + 1;
    } else {
        claim(port, token);  // a marker may be all that comes
        ++port.lasts[slot(port, token)];
    }
    if (port.credit() || token == awaited(port)) trigger_ = from;
    return ready();
}

bool SliceEngine::ready() const {
    for (const Port& port : ports_) {
        if (port.credit()) {
            if (port.credits <= std::int64_t{next_token_} - port.projection->lag) return false;
            continue;
        }
        const std::int64_t token = awaited(port);
        if (token < 0) continue;
        const std::size_t at = slot(port, token);
        if (port.tokens[at] != token || port.lasts[at] != port.sources) return false;
    }
    return true;
}

void SliceEngine::go_on(std::int64_t now) {
    for (Port& port : ports_) {
        if (port.credit()) {
            port.credits = std::max(port.credits, std::int64_t{next_token_} - port.projection->lag + 1);
            continue;
        }
        const std::int64_t token = awaited(port);
        if (token < 0) continue;
        claim(port, static_cast<std::uint32_t>(token));
        port.lasts[slot(port, token)] = port.sources;
    }
    trigger_.extend(PathPart::network, now);
}

void SliceEngine::release(Port& port) {
    const std::int64_t token = awaited(port);
    if (token < 0) return;
    port.tokens[slot(port, token)] = -1;
    port.lasts[slot(port, token)] = 0;
    if (port.token == token) port.token = -1;
}

void SliceEngine::gather_record(Port& port) {
    const auto first = port.words.begin() + static_cast<std::ptrdiff_t>(slot(port, awaited(port)) * port.width);
    port.record.assign(first, first + static_cast<std::ptrdiff_t>(port.width));
    std::fill_n(first, port.width, 0U);
    release(port);
}

/// No sums: all are zero.
std::span<const std::int32_t> SliceEngine::gather_sums(Port& port, bool& fits) {
    const std::int64_t token = awaited(port);
    if (token < 0) return {};
    const SynapseFormat& synapses = *port.projection->synapses;
    const std::size_t at = slot(port, token);
    std::span<const std::int32_t> sums = port.sums;
    if (port.inbox == Inbox::bytes) {
        const auto bytes = std::span(port.activations).subspan(at * port.width, port.width);
        synapses.accumulate({.bytes = bytes}, neurons_, port.sums);
        std::ranges::fill(bytes, std::int8_t{0});
    } else if (port.inbox == Inbox::words) {
        const auto words = std::span(port.values).subspan(at * port.width, port.width);
        for (std::size_t i = 0; i < port.held.size(); ++i)
            words[i] = port.held[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(port.held[i]) +
                                                                static_cast<std::uint32_t>(words[i]));
        synapses.accumulate({.words = words}, neurons_, port.sums);
        std::ranges::fill(words, 0);
    } else {
        std::vector<Spike>& spikes = port.spikes[at];
        fits = fits && sums_fit(spikes, synapses);
        if (!spikes.empty()) synapses.accumulate({.spikes = spikes}, neurons_, port.sums);
        if (!port.later.empty())
            sums = add_later(port, !spikes.empty(), fits);
        else if (spikes.empty())
            sums = {};
        spikes.clear();
    }
    release(port);
    return sums;
}

/// The sums of a format with delays: those that arrive now, and what earlier rounds left for this one.
std::span<const std::int32_t> SliceEngine::add_later(Port& port, bool arrived, bool& fits) {
    const auto rows = static_cast<std::size_t>(1 + port.projection->synapses->max_delay());
    const std::size_t width = port.later.size() / rows;
    const auto later = [&](std::size_t ahead) {
        return std::span(port.later).subspan((next_token_ + ahead) % rows * width, width);
    };
    for (std::size_t d = 0; arrived && d < rows; ++d)
        fits = add(later(d), std::span(port.sums).subspan(d * width, width)) && fits;
    const auto now = std::span(port.sums).first(width);
    std::ranges::copy(later(0), now.begin());
    std::ranges::fill(later(0), 0);
    return now;
}

bool SliceEngine::gather_ports(std::span<const std::int32_t> fed) {
    sums_.assign(added_.size(), {});
    records_.clear();
    if (!fed.empty()) sums_.push_back(fed);
    bool fits = true;
    for (Port& port : ports_) {
        if (port.credit()) continue;
        if (port.transport() != Transport::messages) {
            gather_record(port);
            records_.emplace_back(port.record);
            continue;
        }
        const auto sums = gather_sums(port, fits);
        if (sums.empty()) continue;
        const auto p = static_cast<std::size_t>(port.projection->port);
        if (sums_[p].empty()) {
            sums_[p] = sums;
            continue;
        }
        if (sums_[p].data() != added_[p].data()) {
            added_[p].assign(sums_[p].begin(), sums_[p].end());
            sums_[p] = added_[p];
        }
        fits = add(added_[p], sums) && fits;
    }
    return fits;
}

std::optional<SliceFault> SliceEngine::fire(int stream, std::span<const std::int32_t> fed, SliceOutput& output) {
    const bool fits = gather_ports(fed);
    const auto n = static_cast<std::size_t>(neurons_.size());
    const NeuronModel& model = *population_->model;
    const std::size_t words = model.states().size() * n;
    output.messages.resize(population_->payload != Payload::none ? n : 0);
    output.record.resize(static_cast<std::size_t>(population_->record_words));
    // Payloads travel as unsigned words; neuron models know them as numbers in two's complement.
    const std::span messages(reinterpret_cast<std::int32_t*>(output.messages.data()), output.messages.size());
    const auto bad = model.fire({neurons_, next_token_, sums_,
                                 std::span(state_).subspan(static_cast<std::size_t>(stream) * words, words), messages,
                                 records_, output.record});
    ++next_token_;
    if (!fits) return SliceFault{SliceFault::Kind::sum, neurons_.begin};
    if (bad) return SliceFault{SliceFault::Kind::neuron, *bad};
    return check_messages(messages);
}

/// Every message fits the bits that a packet has for it.
std::optional<SliceFault> SliceEngine::check_messages(std::span<std::int32_t> messages) const {
    if (population_->payload == Payload::fields || population_->payload == Payload::none) return {};
    const bool spike = population_->payload == Payload::spike;
    const std::int32_t most =
        spike ? 1 : static_cast<std::int32_t>((std::int64_t{1} << (population_->message_bits - 1)) - 1);
    const std::int32_t least = spike ? -1 : -most - 1;
    unsigned bad = 0;  // looks at all of them, so that it is one loop over vectors
    for (const std::int32_t message : messages)
        bad |= static_cast<unsigned>(message < least) | static_cast<unsigned>(message > most);
    if (bad == 0) return {};
    const auto first =
        std::ranges::find_if(messages, [&](std::int32_t message) { return message < least || message > most; });
    return SliceFault{SliceFault::Kind::message, neurons_.begin + static_cast<int>(first - messages.begin())};
}

std::optional<SliceFault> SliceEngine::collect(std::vector<std::int32_t>& values) {
    const bool fits = gather_ports({});
    values.assign(static_cast<std::size_t>(neurons_.size()), 0);
    if (!sums_.empty()) std::ranges::copy(sums_[0], values.begin());
    ++next_token_;
    if (!fits) return SliceFault{SliceFault::Kind::sum, neurons_.begin};
    return {};
}

std::span<const std::int32_t> SliceEngine::state(int stream) const {
    const std::size_t words = population_->model->states().size() * static_cast<std::size_t>(neurons_.size());
    return std::span(state_).subspan(static_cast<std::size_t>(stream) * words, words);
}

}  // namespace tephra

#pragma once
// What a run must count, in closed form, for tests and benchmarks: it follows from the program, the mapping, and which
// messages are zero.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mapper/mapping.hpp"
#include "neuro/lm/deployment.hpp"
#include "neuro/lm/engine.hpp"

namespace tephra {

/// For every population that sends messages over the network: which neurons had a non-zero message, token by token.
using Activity = std::map<std::string, std::vector<std::vector<bool>>>;

/// Seen by an engine of one stream, which knows nothing of cores or packets.
inline Result<Activity> activity_of(Engine& engine, const Deployment& model, const std::vector<std::int32_t>& ids) {
    Activity activity;
    std::map<std::string, std::vector<bool>> token;
    engine.set_tap([&](int, int block, std::string_view name, std::span<const std::int32_t> values) {
        static const std::map<std::string_view, std::string> populations{
            {"q_f", "quantize_fig"},     {"q_i", "quantize_fig"},
            {"q_g", "quantize_fig"},     {"q_o", "quantize_o"},
            {"q_gate", "quantize_gate"}, {"q_down", "quantize_down"},
            {"q_head", "quantize_head"}, {"x", "residual"}};
        const auto found = populations.find(name);
        if (found == populations.end()) return;
        const std::string population = (block >= 0 ? "block" + std::to_string(block) + "." : "") + found->second;
        std::vector<bool>& sends = token[population];
        sends.resize(values.size());
        for (std::size_t j = 0; j < values.size(); ++j) sends[j] = sends[j] || values[j] != 0;
    });
    for (const std::int32_t id : ids) {
        std::vector<std::int32_t> row(static_cast<std::size_t>(model.graph.config.hidden_size));
        model.graph.embeddings.fixed_row(id, model.quantized.x_embedding, row);
        std::vector<std::int32_t> logits(static_cast<std::size_t>(model.graph.config.vocab_size));
        token.clear();
        if (auto decoded = engine.decode({&id, 1}, logits); !decoded) return tl::unexpected(decoded.error());
        for (const std::int32_t x : row) token["embedding"].push_back(x != 0);
        for (const std::int32_t x : logits) token["logits"].push_back(x != 0);
        for (const auto& [name, sends] : token) activity[name].push_back(sends);
    }
    engine.set_tap({});
    return activity;
}

struct Expected {
    std::int64_t out = 0, in = 0, synops = 0, updates = 0, skipped = 0;
};

/// The counts under unicast, all weights on cores: a non-zero message is a packet for every other place that holds a
/// target.
class ClosedForm {
public:
    ClosedForm(const Program& program, const Mapping& mapping, const Activity& activity, std::int64_t tokens,
               bool self_timed)
        : program_(program), mapping_(mapping), activity_(activity), tokens_(tokens), self_timed_(self_timed) {}

    Expected sum() {
        for (std::size_t p = 0; p < program_.populations.size(); ++p) {
            const Population& population = program_.populations[p];
            if (!mapping_.slices[p].empty()) expected_.updates += tokens_ * population.size;
            add_records(population);
            const auto found = activity_.find(population.name);
            if (found == activity_.end()) continue;
            for (const Slice& from : places(PopulationId(static_cast<std::int32_t>(p))))
                add_messages(population, from, found->second);
        }
        return expected_;
    }

private:
    static constexpr std::int32_t host = -1;

    [[nodiscard]] std::vector<Slice> places(PopulationId id) const {
        const std::vector<Slice>& slices = mapping_.slices[id.index()];
        if (!slices.empty()) return slices;
        return {{CoreId(host), 0, program_[id].size}};
    }
    void packets(std::int32_t from, std::int32_t to, std::int64_t count) {
        if (from != host) expected_.out += count;
        if (to != host) expected_.in += count;
    }
    void add_records(const Population& population) {
        for (const ProjectionId id : population.outputs) {
            const Projection& projection = program_[id];
            if (projection.transport == Transport::messages) continue;
            if (projection.transport == Transport::credit && !self_timed_) continue;
            for (const Slice& from : places(projection.source))
                for (const Slice& to : places(projection.target))
                    if (from.core.value != host || to.core.value != host)
                        packets(from.core.value, to.core.value, tokens_);
        }
    }
    /// The other places that neuron j of a slice has targets on.
    [[nodiscard]] std::set<std::int32_t> targets(const Population& population, const Slice& from, int j) const {
        std::set<std::int32_t> cores;
        for (const ProjectionId id : population.outputs)
            for (const Slice& to : places(program_[id].target)) {
                if (program_[id].transport != Transport::messages) continue;
                if (reaches_all(*program_[id].synapses) || (to.begin <= j && j < to.end && to.core != from.core))
                    cores.insert(to.core.value);
            }
        return cores;
    }
    void add_messages(const Population& population, const Slice& from, const std::vector<std::vector<bool>>& sends) {
        std::int64_t rows = 0;
        for (const ProjectionId id : population.outputs)
            if (const auto& synapses = program_[id].synapses) rows += synapses->synops(0, {0, synapses->targets()});
        std::map<std::int32_t, std::set<std::size_t>> reached;  // by core: tokens of which it got a message
        for (int j = from.begin; j < from.end; ++j) {
            const std::set<std::int32_t> cores = targets(population, from, j);
            for (const std::int32_t core : cores) reached[core];
            for (std::size_t t = 0; t < sends.size(); ++t) {
                if (!sends[t][static_cast<std::size_t>(j)]) {
                    expected_.skipped += cores.empty() ? 0 : 1;
                    continue;
                }
                expected_.synops += rows;
                for (const std::int32_t core : cores) {
                    packets(from.core.value, core, 1);
                    if (self_timed_) reached[core].insert(t);
                }
            }
        }
        if (!self_timed_) return;
        for (const auto& [core, tokens] : reached)  // markers
            packets(from.core.value, core, tokens_ - static_cast<std::int64_t>(tokens.size()));
    }

    const Program& program_;
    const Mapping& mapping_;
    const Activity& activity_;
    std::int64_t tokens_;
    bool self_timed_;
    Expected expected_;
};

}  // namespace tephra

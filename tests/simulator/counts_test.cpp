#include "simulator/counts.hpp"

#include <map>
#include <set>

#include "neuro/engine.hpp"
#include "neuro/lower.hpp"
#include "neuro/synth.hpp"
#include "simulator/simulate.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

/// For every population that sends messages over the network: which neurons had a non-zero message, token by token.
using Activity = std::map<std::string, std::vector<std::vector<bool>>>;

/// Seen by the golden engine, which knows nothing of cores or packets.
Activity golden_activity(const std::shared_ptr<const Deployment>& model, const std::vector<std::int32_t>& ids) {
    const auto engine = make_golden_engine(model, {1, 1});
    Activity activity;
    std::map<std::string, std::vector<bool>> token;
    engine->set_tap([&](int, int block, std::string_view name, std::span<const std::int32_t> values) {
        const std::map<std::string_view, std::string> populations{
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
        std::vector<std::int32_t> row(static_cast<std::size_t>(model->graph.config.hidden_size));
        model->graph.embeddings.fixed_row(id, model->quantized.x_embedding, row);
        std::vector<std::int32_t> logits(static_cast<std::size_t>(model->graph.config.vocab_size));
        token.clear();
        REQUIRE(engine->decode({&id, 1}, logits));
        for (const std::int32_t x : row) token["embedding"].push_back(x != 0);
        for (const std::int32_t x : logits) token["logits"].push_back(x != 0);
        for (const auto& [name, sends] : token) activity[name].push_back(sends);
    }
    return activity;
}

struct Expected {
    std::int64_t out = 0, in = 0, synops = 0, updates = 0, skipped = 0;
};

/// Closed form of the counts under unicast: a non-zero message is a packet for every other place that holds a target.
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
            if (found != activity_.end())
                for (const auto& sends : found->second) add_messages(population, p, sends);
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
    void packet(std::int32_t from, std::int32_t to) {
        expected_.out += from != host;
        expected_.in += to != host;
    }
    void add_records(const Population& population) {
        for (const ProjectionId id : population.outputs) {
            const Projection& projection = program_[id];
            if (projection.kind == SynapseKind::ternary || projection.kind == SynapseKind::identity) continue;
            if (projection.kind == SynapseKind::credit && !self_timed_) continue;
            for (const Slice& from : places(projection.source))
                for (const Slice& to : places(projection.target))
                    for (std::int64_t t = 0; t < tokens_; ++t)
                        if (from.core.value != host || to.core.value != host) packet(from.core.value, to.core.value);
        }
    }
    void add_messages(const Population& population, std::size_t p, const std::vector<bool>& sends) {
        std::map<std::pair<std::int32_t, std::int32_t>, int> slice_packets;  // source slice and target, for markers
        for (const Slice& from : places(PopulationId(static_cast<std::int32_t>(p))))
            for (int j = from.begin; j < from.end; ++j) {
                std::set<std::int32_t> cores;
                for (const ProjectionId id : population.outputs)
                    for (const Slice& to : places(program_[id].target)) {
                        const SynapseKind kind = program_[id].kind;
                        const bool reached =
                            kind == SynapseKind::ternary ||
                            (kind == SynapseKind::identity && to.begin <= j && j < to.end && to.core != from.core);
                        if (reached) cores.insert(to.core.value);
                    }
                for (const std::int32_t core : cores) {
                    int& packets = slice_packets[{from.core.value, core}];
                    if (!sends[static_cast<std::size_t>(j)]) continue;
                    ++packets;
                    packet(from.core.value, core);
                }
                if (!cores.empty() && !sends[static_cast<std::size_t>(j)]) ++expected_.skipped;
                if (!sends[static_cast<std::size_t>(j)]) continue;
                for (const ProjectionId id : population.outputs)
                    for (const TernaryMatrix& m : program_[id].matrices) expected_.synops += m.rows;
            }
        if (!self_timed_) return;
        for (const auto& [ends, packets] : slice_packets)
            if (packets == 0) packet(ends.first, ends.second);
    }

    const Program& program_;
    const Mapping& mapping_;
    const Activity& activity_;
    std::int64_t tokens_;
    bool self_timed_;
    Expected expected_;
};

EventCounts sum_of_cores(const Run& run) {
    EventCounts sum{};
    for (const CoreRecord& core : run.cores)
        for (std::size_t k = 0; k < event_kinds; ++k) sum[k] += core.counts[k];
    return sum;
}

}  // namespace

TEST_CASE("the counts are those of a closed form over the mapping and the golden model's zeros") {
    const auto model = *make_synthetic_model(synth_shape(96, 2, 150, 130, 8));
    const Program program = lower(model);
    const Machine machine = *find_machine("kapoho-point");
    const std::vector<std::int32_t> ids{5, 100, 17, 3, 3, 42};
    const Activity activity = golden_activity(model, ids);
    for (const int neurons : {3, 50})
        for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
            for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
                const Mapping mapping = test::spread(program, machine, neurons);
                SimulateOptions options;
                options.mode = RunMode::prefill;
                options.sync = sync;
                options.noc = noc;
                options.prompts = {ids};
                const auto run = simulate(program, machine, mapping, options);
                if (!run) FAIL(to_string(run.error()));
                const Expected expected = ClosedForm(program, mapping, activity, static_cast<std::int64_t>(ids.size()),
                                                     sync == SyncMode::dataflow)
                                              .sum();
                CHECK(total(*run, EventKind::message_out) == expected.out);
                CHECK(total(*run, EventKind::message_in) == expected.in);
                CHECK(total(*run, EventKind::synop_ternary) == expected.synops);
                CHECK(total(*run, EventKind::synop_int8) == 0);
                CHECK(total(*run, EventKind::neuron_update) == expected.updates);
                CHECK(total(*run, EventKind::skipped) == expected.skipped);
                CHECK(expected.skipped > 0);
                const EventCounts cores = sum_of_cores(*run);
                for (const EventKind kind : {EventKind::message_out, EventKind::message_in, EventKind::neuron_update,
                                             EventKind::synop_ternary, EventKind::barrier_tile})
                    CHECK(cores[static_cast<std::size_t>(kind)] == total(*run, kind));
                CHECK((run->steps > 0) == (sync == SyncMode::barrier));
            }
}

#include "neuro/lm/lower.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <set>
#include <utility>

#include "neuro/identity.hpp"
#include "neuro/lm/dense_ternary.hpp"
#include "neuro/lm/gated_recurrence.hpp"
#include "neuro/lm/gated_unit.hpp"
#include "neuro/lm/normalizer.hpp"
#include "neuro/lm/quantizer.hpp"
#include "neuro/lm/readout.hpp"
#include "neuro/lm/residual.hpp"
#include "neuro/lm/token_embedding.hpp"

namespace tephra {
namespace {

/// Every vector passes three stages: data arrives and statistics are sent, a Normalizer answers, a Quantizer sends.
/// Normalizers pace a self-timed run: Normalizer k fires at stage 1 + 3 k and needs a credit from Normalizer k + 1. It
/// may run ahead of that one by credit_lag tokens: three for the stages between them, one for the credit's way back.
constexpr int stages_per_vector = 3;
static_assert(max_vocabulary <= max_population && max_vector <= max_population);
constexpr int credit_lag = stages_per_vector + 1;

class Lowering {
public:
    explicit Lowering(std::shared_ptr<const Deployment> model) : model_(std::move(model)) {
        program_.model_name = model_->graph.name;
        program_.model = model_->hash;
        program_.layers.push_back({"embedding"});
        for (int block = 0; block < num_blocks(); ++block)
            program_.layers.push_back({"block " + std::to_string(block)});
        program_.layers.push_back({"head"});
    }

    Program run() {
        const LayerGraph& graph = model_->graph;
        const QuantizedModel& quantized = model_->quantized;
        Population source = population(
            "embedding", graph.config.hidden_size,
            std::make_shared<TokenEmbedding>(shared(graph.embeddings), quantized.x_embedding, shared(*first_norm())),
            0);
        source.runs_on = RunsOn::host;
        source.payload = Payload::number;
        source.message_bits = 24;
        source.record_words = record_words(*first_norm());
        program_.source = residual_ = add(std::move(source));
        last_pacer_ = program_.source;
        for (block_ = 0; block_ < num_blocks(); ++block_) add_block();
        add_head();
        program_.steps = program_[program_.sink].stage + 1;
        return std::move(program_);
    }

private:
    [[nodiscard]] int num_blocks() const { return model_->graph.config.num_layers; }

    const NormParameters* first_norm() const {
        const QuantizedModel& quantized = model_->quantized;
        return quantized.blocks.empty() ? &quantized.head_norm : &quantized.blocks[0].token_norm;
    }

    /// A part of the deployment, which keeps all of it alive.
    template <typename Part>
    std::shared_ptr<const Part> shared(const Part& part) const {
        return {model_, &part};
    }

    Population population(const std::string& name, int size, std::shared_ptr<const NeuronModel> model,
                          int stage) const {
        Population p;
        const bool inside = block_ >= 0 && block_ < num_blocks();
        p.name = inside ? "block" + std::to_string(block_) + "." + name : name;
        p.size = size;
        p.layer = LayerId(block_ + 1);
        p.model = std::move(model);
        p.stage = stage;
        return p;
    }

    PopulationId add(Population p) {
        assert(p.record_words <= max_record_words);
        program_.populations.push_back(std::move(p));
        return PopulationId(static_cast<int>(program_.populations.size()) - 1);
    }

    GroupId new_group() { return GroupId(program_.groups++); }

    Population& at(PopulationId id) { return program_.populations[id.index()]; }

    /// Number of the Normalizer that must fire before a population can (-1: the embedding): floor((stage - 1) / 3).
    int pacer_before(PopulationId id) { return (at(id).stage + 2) / stages_per_vector - 1; }
    /// Number of the first Normalizer that cannot fire before this population has.
    int pacer_after(PopulationId id) {
        const bool pacer = pacers_.contains(id);
        return pacer_before(id) + (pacer ? 0 : 1);
    }

    Projection& connect(PopulationId source, PopulationId target, Transport transport) {
        const ProjectionId id(static_cast<int>(program_.projections.size()));
        Projection p;
        p.name = at(source).name + " -> " + at(target).name;
        p.source = source;
        p.target = target;
        p.transport = transport;
        p.slots = std::max(at(target).stage - at(source).stage + 1,
                           credit_lag * (pacer_after(target) - pacer_before(source)));
        at(source).outputs.push_back(id);
        at(target).inputs.push_back(id);
        program_.projections.push_back(std::move(p));
        return program_.projections.back();
    }

    /// Dense ternary weights into port 0.
    void connect_ternary(PopulationId source, PopulationId target, std::vector<TernaryInput> inputs) {
        connect(source, target, Transport::messages).synapses =
            std::make_shared<DenseTernary>(std::move(inputs), model_);
    }

    void connect_identity(PopulationId source, PopulationId target, int port = 0) {
        Projection& p = connect(source, target, Transport::messages);
        p.synapses = make_identity(at(source).size);
        p.port = port;
    }

    void connect_broadcast(PopulationId source, PopulationId target, int first_word, int words) {
        Projection& p = connect(source, target, Transport::broadcast);
        p.first_word = first_word;
        p.words = words;
    }

    /// Normalizer of the vector that `vector` emits. Its only state is the record in flight.
    PopulationId add_normalizer(const std::string& name, PopulationId vector, const NormParameters& norm) {
        Population p = population(name, 1, std::make_shared<Normalizer>(shared(norm)), at(vector).stage + 1);
        p.record_words = 2 * norm.outputs;
        const PopulationId id = add(std::move(p));
        pacers_.insert(id);
        Projection& records = connect(vector, id, Transport::reduce);
        records.words = record_words(norm);
        records.sums = record_sums(norm);
        add_credit(id);
        return id;
    }

    /// Normalizer `id` gives credits to the one before it.
    void add_credit(PopulationId id) {
        Projection& credit = connect(id, last_pacer_, Transport::credit);
        credit.lag = credit_lag;
        credit.slots = credit_lag;
        last_pacer_ = id;
    }

    PopulationId add_quantizer(const std::string& name, PopulationId vector, PopulationId normalizer,
                               const NormParameters& norm, GroupId group) {
        Population p = population(name, norm.size, std::make_shared<Quantizer>(shared(norm)), at(normalizer).stage + 1);
        p.group = group;
        p.payload = Payload::fields;
        p.message_bits = 8 * norm.outputs;
        const PopulationId id = add(std::move(p));
        connect_identity(vector, id);
        connect_broadcast(normalizer, id, 0, norm.outputs);
        return id;
    }

    /// x + W q: the new residual, with statistics for the norm that follows.
    PopulationId add_residual(const std::string& name, PopulationId x, PopulationId activations,
                              PopulationId normalizer, const TernaryMatrix& weight, int shift,
                              const NormParameters& next, GroupId group) {
        Population p =
            population(name, weight.rows, std::make_shared<Residual>(shift, shared(next)), at(activations).stage + 1);
        p.group = group;
        p.payload = Payload::number;
        p.message_bits = 24;
        p.record_words = record_words(next);
        const PopulationId id = add(std::move(p));
        connect_ternary(activations, id, {{weight, 0}});
        connect_broadcast(normalizer, id, 1, 1);
        connect_identity(x, id, 1);
        return id;
    }

    void add_block() {
        const auto b = static_cast<std::size_t>(block_);
        const Block& block = model_->graph.blocks[b];
        const QuantizedBlock& quantized = model_->quantized.blocks[b];
        const BlockFormats& formats = quantized.formats;
        const bool last = block_ + 1 == num_blocks();
        const NormParameters& next = last ? model_->quantized.head_norm : model_->quantized.blocks[b + 1].token_norm;
        const int d = model_->graph.config.hidden_size;
        const int f = model_->graph.config.intermediate_size;
        const GroupId residual_group = new_group();
        const GroupId mixer_group = new_group();
        const GroupId unit_group = new_group();

        const PopulationId norm1 = add_normalizer("token_norm", residual_, quantized.token_norm);
        const PopulationId quant_ifg =
            add_quantizer("quantize_fig", residual_, norm1, quantized.token_norm, residual_group);

        Population recurrence =
            population("mixer", d, std::make_shared<GatedRecurrence>(shared(quantized)), at(quant_ifg).stage + 1);
        recurrence.group = mixer_group;
        recurrence.payload = Payload::number;
        recurrence.message_bits = 24;
        recurrence.record_words = record_words(quantized.output_norm);
        const PopulationId mixer = add(std::move(recurrence));
        connect_ternary(quant_ifg, mixer,
                        {{block.f_proj.weight, 0}, {block.i_proj.weight, 1}, {block.g_proj.weight, 2}});
        connect_broadcast(norm1, mixer, 3, 3);

        const PopulationId norm2 = add_normalizer("output_norm", mixer, quantized.output_norm);
        const PopulationId quant_o = add_quantizer("quantize_o", mixer, norm2, quantized.output_norm, mixer_group);
        const PopulationId middle = add_residual("attended", residual_, quant_o, norm2, block.o_proj.weight,
                                                 formats.x_in - formats.x_mid, quantized.channel_norm, residual_group);

        const PopulationId norm3 = add_normalizer("channel_norm", middle, quantized.channel_norm);
        const PopulationId quant_gate =
            add_quantizer("quantize_gate", middle, norm3, quantized.channel_norm, residual_group);
        Population gated =
            population("unit", f, std::make_shared<GatedUnit>(shared(quantized)), at(quant_gate).stage + 1);
        gated.group = unit_group;
        gated.payload = Payload::number;
        gated.message_bits = 24;
        gated.record_words = record_words(quantized.down_norm);
        const PopulationId unit = add(std::move(gated));
        const TernaryMatrix& gate = block.gate_proj.weight;
        connect_ternary(quant_gate, unit, {{gate.row_range(0, f), 0}, {gate.row_range(f, 2 * f), 0}});
        connect_broadcast(norm3, unit, 1, 1);

        const PopulationId norm4 = add_normalizer("down_norm", unit, quantized.down_norm);
        const PopulationId quant_down = add_quantizer("quantize_down", unit, norm4, quantized.down_norm, unit_group);
        residual_ = add_residual("residual", middle, quant_down, norm4, block.down_proj.weight,
                                 formats.x_mid - formats.x_out, next, residual_group);
    }

    void add_head() {
        const QuantizedModel& quantized = model_->quantized;
        const int vocabulary = model_->graph.config.vocab_size;
        const PopulationId norm = add_normalizer("head_norm", residual_, quantized.head_norm);
        const GroupId group = num_blocks() > 0 ? at(residual_).group : new_group();
        const PopulationId activations = add_quantizer("quantize_head", residual_, norm, quantized.head_norm, group);
        Population logits = population("logits", vocabulary, std::make_shared<Readout>(), at(activations).stage + 1);
        logits.runs_on = RunsOn::either;
        logits.payload = Payload::number;
        logits.message_bits = 24;
        const PopulationId readout = add(std::move(logits));
        connect_ternary(activations, readout, {{model_->graph.lm_head.weight, 0}});
        connect_broadcast(norm, readout, 1, 1);
        Population sampler = population("sampler", vocabulary, nullptr, at(readout).stage + 1);
        sampler.runs_on = RunsOn::host;
        program_.sink = add(std::move(sampler));
        pacers_.insert(program_.sink);
        connect_identity(readout, program_.sink);
        add_credit(program_.sink);
    }

    std::shared_ptr<const Deployment> model_;
    Program program_;
    PopulationId residual_;          ///< population that emits x
    PopulationId last_pacer_;        ///< the embedding or the latest Normalizer
    std::set<PopulationId> pacers_;  ///< Normalizers and the sink
    int block_ = -1;                 ///< that is lowered now; -1: the embedding; num_blocks(): the head
};

}  // namespace

Program lower(std::shared_ptr<const Deployment> model) {
    return Lowering(std::move(model)).run();
}

ProgramCost program_cost(const Program& program) {
    ProgramCost cost;
    cost.steps = program.steps;
    for (const Population& p : program.populations) {
        cost.neurons += p.size;
        if (p.payload != Payload::none) cost.messages += p.size;
        if (p.model != nullptr) cost.state_bits += std::int64_t{p.size} * p.model->state_bits();
    }
    for (const Projection& p : program.projections)
        if (p.synapses != nullptr) cost.synops += total_synops(*p.synapses);
    cost.synaptic_bytes_ternary2 = (cost.synops + 3) / 4;
    cost.synaptic_bytes_int8 = cost.synops;
    return cost;
}

}  // namespace tephra

// The lowered program, run population by population without a machine, must give the bits of the golden engine.
#include "neuro/program.hpp"

#include <algorithm>

#include "neuro/lm/dense_ternary.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/norm_record.hpp"
#include "neuro/lm/synth.hpp"
#include "neuro/record.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// What a population sends for one token.
struct Sent {
    std::vector<std::int32_t> messages;
    std::vector<std::uint32_t> record;
};

/// Inputs of a slice by port.
struct Inputs {
    std::vector<std::vector<std::int32_t>> sums;
    std::vector<std::vector<std::uint32_t>> records;
};

/// Interprets a program functionally. Every population is cut into `parts` slices, so that records are merged and
/// identity inputs are scattered as on a machine.
class Interpreter {
public:
    Interpreter(const Program& program, int parts) : program_(program), parts_(parts) {
        outputs_.resize(program.populations.size());
        for (const Population& p : program.populations) {
            const std::size_t words = p.model == nullptr ? 0 : p.model->states().size();
            REQUIRE(words <= 1);
            states_.emplace_back(words * static_cast<std::size_t>(p.size));
        }
    }

    /// Logits of the next token.
    std::vector<std::int32_t> step(std::int32_t token) {
        for (std::size_t k = 0; k < program_.populations.size(); ++k) {
            const PopulationId id(static_cast<int>(k));
            if (id == program_.source) outputs_[k] = fired(program_[id], 0, program_[id].size, {{{token}}, {}}, {});
            if (id != program_.source && id != program_.sink) fire_population(id);
        }
        const Projection& last = program_[program_[program_.sink].inputs[0]];
        return outputs_[last.source.index()].messages;
    }

private:
    static Sent fired(const Population& p, int begin, int end, const Inputs& inputs, std::span<std::int32_t> state) {
        Sent out;
        out.messages.resize(p.payload != Payload::none ? static_cast<std::size_t>(end - begin) : 0);
        out.record.resize(static_cast<std::size_t>(p.record_words));
        const std::vector<std::span<const std::int32_t>> sums(inputs.sums.begin(), inputs.sums.end());
        const std::vector<std::span<const std::uint32_t>> records(inputs.records.begin(), inputs.records.end());
        CHECK_FALSE(p.model->fire({{begin, end}, 0, sums, state, out.messages, records, out.record}));
        return out;
    }

    void fire_population(PopulationId id) {
        const Population& p = program_[id];
        const int parts = std::min(parts_, p.size);
        Sent whole;
        for (int part = 0; part < parts; ++part) {
            const int begin = p.size * part / parts;
            const int end = p.size * (part + 1) / parts;
            Inputs inputs;
            for (const ProjectionId input : p.inputs) gather(program_[input], begin, end, inputs);
            const auto state = std::span(states_[id.index()]);
            const Sent out = fired(
                p, begin, end, inputs,
                state.empty() ? state
                              : state.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
            whole.messages.insert(whole.messages.end(), out.messages.begin(), out.messages.end());
            if (part == 0)
                whole.record = out.record;
            else if (p.record_words > 0)
                merge_record(whole.record, out.record, reduce_sums(p));
        }
        REQUIRE(whole.messages.size() == static_cast<std::size_t>(p.payload != Payload::none ? p.size : 0));
        REQUIRE(whole.record.size() == static_cast<std::size_t>(p.record_words));
        outputs_[id.index()] = std::move(whole);
    }

    int reduce_sums(const Population& p) const {
        for (const ProjectionId id : p.outputs)
            if (program_[id].transport == Transport::reduce) return program_[id].sums;
        FAIL("a record goes nowhere");
        return 0;
    }

    void gather(const Projection& projection, int begin, int end, Inputs& inputs) const {
        const Sent& source = outputs_[projection.source.index()];
        switch (projection.transport) {
            case Transport::messages: {
                auto& sums = inputs.sums.emplace_back();
                const auto* ternary = dynamic_cast<const DenseTernary*>(projection.synapses.get());
                if (ternary == nullptr) {
                    REQUIRE(projection.synapses->kind() == "identity");
                    sums.assign(source.messages.begin() + begin, source.messages.begin() + end);
                    break;
                }
                for (const TernaryInput& input : ternary->inputs())
                    for (int row = begin; row < end; ++row) {
                        std::int32_t sum = 0;
                        for (int c = 0; c < input.matrix.cols; ++c)
                            sum +=
                                input.matrix.weight(row, c) *
                                message_field(static_cast<std::uint32_t>(source.messages[static_cast<std::size_t>(c)]),
                                              input.field);
                        sums.push_back(sum);
                    }
                break;
            }
            case Transport::reduce:
                inputs.records.push_back(source.record);
                break;
            case Transport::broadcast:
                inputs.records.emplace_back(source.record.begin() + projection.first_word,
                                            source.record.begin() + projection.first_word + projection.words);
                break;
            case Transport::credit:
                break;
        }
    }

    const Program& program_;
    int parts_;
    std::vector<Sent> outputs_;
    std::vector<std::vector<std::int32_t>> states_;
};

}  // namespace

TEST_CASE("a program gives the bits of the golden engine however it is sliced") {
    const auto model = make_synthetic_model(synth_shape(96, 3, 200, 130, 5));
    REQUIRE(model);
    const Program program = lower(*model);
    const std::int32_t tokens[] = {1, 129, 17, 17, 0, 64, 3, 99, 128, 2};
    const auto vocabulary = static_cast<std::size_t>((*model)->graph.config.vocab_size);
    for (const int parts : {1, 2, 7}) {
        INFO("slices: " << parts);
        Interpreter interpreter(program, parts);
        const auto golden = make_golden_engine(*model, {}).value();
        for (const std::int32_t token : tokens) {
            std::vector<std::int32_t> expected(vocabulary);
            REQUIRE(golden->decode(std::span(&token, 1), expected));
            REQUIRE(interpreter.step(token) == expected);
        }
    }
}

TEST_CASE("merging records adds 64-bit sums and keeps maxima") {
    std::vector<std::uint32_t> into = {0xFFFFFFFFU, 0, 5, 9};
    const std::vector<std::uint32_t> record = {1, 7, 6, 8};
    merge_record(into, record, 1);
    CHECK(into == std::vector<std::uint32_t>{0, 8, 6, 9});
}

TEST_CASE("scales and activations survive their words") {
    for (const Scale scale : {Scale{}, Scale{32768, -40}, Scale{65535, 17}, Scale{40000, -1}})
        CHECK(word_scale(scale_word(scale)) == scale);
    const std::uint32_t payload = 0x00817F01U;
    CHECK(message_field(payload, 0) == 1);
    CHECK(message_field(payload, 1) == 127);
    CHECK(message_field(payload, 2) == -127);
}

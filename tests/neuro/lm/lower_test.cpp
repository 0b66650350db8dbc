#include "neuro/lm/lower.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "core/philox.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

std::shared_ptr<const Deployment> test_model() {
    const auto model = make_synthetic_model(synth_shape(96, 3, 200, 130, 5));
    REQUIRE(model);
    return *model;
}

/// Plays the program as a token game without time: any slice whose inputs and credits are there may fire.
class TokenGame {
public:
    enum class Policy { random, upstream_first, starve_second_slice };

    TokenGame(const Program& program, Policy policy) : program_(program), policy_(policy) {
        for (const Population& p : program.populations)
            fired_.emplace_back(p.size > 1 && p.runs_on != RunsOn::host ? 2 : 1, 0);
    }

    /// Fires until every slice has fired `tokens` times; checks the buffers at each firing.
    void play(int tokens) {
        const std::size_t firings_needed = total_slices() * static_cast<std::size_t>(tokens);
        for (std::size_t firing = 0; firing < firings_needed; ++firing) {
            std::vector<std::pair<std::size_t, std::size_t>> enabled;
            for (std::size_t p = 0; p < fired_.size(); ++p)
                for (std::size_t s = 0; s < fired_[p].size(); ++s)
                    if (fired_[p][s] < tokens && may_fire(p, s)) enabled.emplace_back(p, s);
            REQUIRE_FALSE(enabled.empty());  // no deadlock
            const auto [p, s] = choose(enabled, static_cast<std::uint32_t>(firing));
            ++fired_[p][s];
            for (const ProjectionId id : program_.populations[p].outputs) check_buffers(program_[id], s);
        }
    }

private:
    std::size_t total_slices() const {
        std::size_t n = 0;
        for (const auto& slices : fired_) n += slices.size();
        return n;
    }

    bool same_slices(const Projection& projection) const {
        return projection.synapses != nullptr && !reaches_all(*projection.synapses) &&
               fired_[projection.source.index()].size() == fired_[projection.target.index()].size();
    }

    /// Firings of the source that slice `s` of the target can rely on.
    int source_fired(const Projection& projection, std::size_t s) const {
        const auto& slices = fired_[projection.source.index()];
        return same_slices(projection) ? slices[s] : *std::min_element(slices.begin(), slices.end());
    }

    bool may_fire(std::size_t p, std::size_t s) const {
        const int token = fired_[p][s];
        for (const ProjectionId id : program_.populations[p].inputs) {
            const Projection& input = program_[id];
            const int lag = input.transport == Transport::credit ? input.lag : 0;
            if (source_fired(input, s) <= token - lag) return false;
        }
        return true;
    }

    std::pair<std::size_t, std::size_t> choose(const std::vector<std::pair<std::size_t, std::size_t>>& enabled,
                                               std::uint32_t firing) const {
        if (policy_ == Policy::upstream_first) return enabled.front();
        if (policy_ == Policy::starve_second_slice)
            return *std::min_element(enabled.begin(), enabled.end(), [](const auto& a, const auto& b) {
                return std::pair(a.second, a.first) < std::pair(b.second, b.first);
            });
        return enabled[random_words(7, 0, 0, firing)[0] % enabled.size()];
    }

    void check_buffers(const Projection& projection, std::size_t source_slice) const {
        if (projection.transport == Transport::credit) return;
        const int sent = fired_[projection.source.index()][source_slice];
        const auto& targets = fired_[projection.target.index()];
        for (std::size_t t = 0; t < targets.size(); ++t) {
            if (same_slices(projection) && t != source_slice) continue;
            INFO(projection.name);
            REQUIRE(sent - targets[t] <= projection.slots);
        }
    }

    const Program& program_;
    Policy policy_;
    std::vector<std::vector<int>> fired_;  ///< [population][slice] tokens
};

}  // namespace

TEST_CASE("every population fires after its inputs, in the order of the list") {
    const Program program = lower(test_model());
    CHECK(program.steps == 12 * (static_cast<int>(program.layers.size()) - 2) + 5);
    for (const Projection& p : program.projections) {
        INFO(p.name);
        if (p.transport == Transport::credit) {
            CHECK(p.lag > program[p.source].stage - program[p.target].stage);
            continue;
        }
        CHECK(p.source < p.target);
        const int steps = program[p.target].stage - program[p.source].stage;
        CHECK(p.delay == 0);
        CHECK(steps >= 1);
        CHECK(p.slots > steps);
        CHECK((p.synapses != nullptr) == (p.transport == Transport::messages));
        if (p.synapses == nullptr) continue;
        CHECK(p.synapses->targets() == program[p.target].size);
        CHECK(p.synapses->sources() == program[p.source].size);
    }
}

TEST_CASE("ports and projections name each other") {
    const Program program = lower(test_model());
    std::size_t inputs = 0, outputs = 0;
    for (std::size_t k = 0; k < program.populations.size(); ++k) {
        const PopulationId id(static_cast<int>(k));
        for (const ProjectionId p : program[id].inputs) CHECK(program[p].target == id);
        for (const ProjectionId p : program[id].outputs) CHECK(program[p].source == id);
        inputs += program[id].inputs.size();
        outputs += program[id].outputs.size();
    }
    CHECK(inputs == program.projections.size());
    CHECK(outputs == program.projections.size());
}

TEST_CASE("the cost of a program follows from the shape of its model") {
    const auto model = test_model();
    const ModelConfig& c = model->graph.config;
    const ProgramCost cost = program_cost(lower(model));
    const std::int64_t d = c.hidden_size, f = c.intermediate_size, v = c.vocab_size;
    CHECK(cost.synops == c.num_layers * (4 * d * d + 3 * d * f) + v * d);
    CHECK(cost.messages == d + c.num_layers * (6 * d + 2 * f) + d + v);
    CHECK(cost.state_bits == c.num_layers * d * 24);
}

TEST_CASE("credits bound every buffer and never block a self-timed run") {
    const Program program = lower(test_model());
    for (const auto policy :
         {TokenGame::Policy::random, TokenGame::Policy::upstream_first, TokenGame::Policy::starve_second_slice}) {
        TokenGame game(program, policy);
        game.play(40);
    }
}

TEST_CASE("populations and projections outlive their program") {
    Population mixer;
    Projection weights;
    std::weak_ptr<const Deployment> watch;
    {
        const auto model = test_model();
        watch = model;
        const Program program = lower(model);
        for (const Population& p : program.populations)
            if (p.name == "block0.mixer") {
                mixer = p;
                weights = program[p.inputs[0]];
            }
    }
    REQUIRE_FALSE(watch.expired());
    CHECK(mixer.model->neurons() == mixer.size);
    CHECK(weights.synapses->synops(0, {0, mixer.size}) == std::int64_t{3} * mixer.size);
    mixer = {};
    CHECK_FALSE(watch.expired());
    weights = {};
    CHECK(watch.expired());
}

template <typename P>
concept Indexed = requires(P&& program) {
    std::forward<P>(program)[PopulationId(0)];
};
static_assert(Indexed<const Program&>);
static_assert(!Indexed<Program>, "a population of a temporary program would dangle");

TEST_CASE("populations have neuron models of their size, and names for their kinds") {
    const Program program = lower(test_model());
    std::set<std::string_view> kinds;
    for (const Population& p : program.populations) {
        INFO(p.name);
        if (p.model == nullptr) {
            CHECK(&p == &program[program.sink]);
            continue;
        }
        CHECK((p.model->neurons() == 0 || p.model->neurons() == p.size));
        kinds.insert(p.model->kind());
    }
    CHECK(kinds == std::set<std::string_view>{"token embedding", "normalizer", "quantizer", "gated recurrence",
                                              "residual", "gated unit", "readout"});
}

TEST_CASE("no record of a norm has more words than a packet") {
    const Program program = lower(test_model());
    int most = 0;
    for (const Population& p : program.populations) most = std::max(most, p.record_words);
    CHECK(most <= max_record_words);
}

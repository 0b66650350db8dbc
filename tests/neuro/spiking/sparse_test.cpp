#include "neuro/spiking/sparse.hpp"

#include "neuro/spiking/image.hpp"
#include "tests/neuro/spiking/check_format.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("sparse synapses have weights and delays of their own") {
    Draw draw(2);
    for (const int exponent : {0, 2, -3}) {
        std::vector<Synapse> synapses;
        Expected expected{{}, exponent};
        for (int source = 0; source < 20; ++source)
            for (int target = 0; target < 17; ++target)
                for (int delay = 0; delay <= 62; delay += 31) {
                    if (draw(0, 4) != 0 || source == 3) continue;
                    const std::int32_t weight = draw(-20, 20);
                    synapses.insert(synapses.begin(), {source, target, weight, delay});
                    if (weight != 0) expected.synapses[{source, target}].push_back({delay, weight});
                }
        const auto sparse = make_sparse(20, 17, synapses, 8, exponent).value();
        CHECK(sparse->max_delay() == 62);
        CHECK_FALSE(sparse->uniform());
        check_format(*sparse, expected);
    }
}

TEST_CASE("a sparse synapse takes its weight, its target's number and its delay") {
    const auto sparse = make_sparse(4, 9, {{0, 0, 1, 0}, {0, 8, 1, 3}, {2, 1, 1, 0}, {2, 2, 0, 60}}, 6, 0).value();
    CHECK(sparse->max_delay() == 3);
    CHECK(sparse->memory({0, 9}) == SynapseMemory{3, 3 * (6 + 4 + 2), 2});
    CHECK(sparse->memory({0, 2}) == SynapseMemory{2, 2 * (6 + 1 + 2), 2});
    CHECK(sparse->sources_of({0, 1}) == std::vector<NeuronRange>{{0, 1}});
}

TEST_CASE("synapses that contradict each other or their limits are refused") {
    CHECK(make_sparse(2, 2, {{0, 0, 32767, 62}, {0, 0, 1, 61}}, 16, 0));
    CHECK(make_sparse(2, 2, {{0, 0, 1, 5}, {0, 0, 1, 5}}, 8, 0).error().message ==
          "two synapses from 0 to 0 with delay 5");
    for (const Synapse& bad : {Synapse{2, 0, 1, 0}, Synapse{-1, 0, 1, 0}, Synapse{0, 2, 1, 0}, Synapse{0, -1, 1, 0},
                               Synapse{0, 0, 32768, 0}, Synapse{0, 0, 1, 63}, Synapse{0, 0, 1, -1}})
        CHECK_FALSE(make_sparse(2, 2, {bad}, 8, 0));
    CHECK_FALSE(make_sparse(2, 2, {}, 0, 0));
    CHECK_FALSE(make_sparse(2, 2, {}, 8, 8));
    CHECK_FALSE(make_sparse(0, 2, {}, 8, 0));
    CHECK(make_sparse(1, most_neurons, {}, most_stored_bits, 0));
    CHECK_FALSE(make_sparse(1, most_neurons + 1, {}, 8, 0));
    CHECK_FALSE(make_sparse(most_neurons + 1, 1, {}, 8, 0));
    CHECK_FALSE(make_sparse(1, 1, {}, most_stored_bits + 1, 0));
}

#pragma once
// Whether two networks compute the same.
#include "neuro/spiking/engine.hpp"
#include "neuro/spiking/network_codec.hpp"
#include "tests/neuro/spiking/check_format.hpp"

namespace tephra::spiking::test {

/// Equal bytes when stored, and equal messages and states in every step on the same made-up input. Both end in the same
/// step where values leave their range.
inline void check_same(const Network& a, const Network& b, int steps) {
    const auto stored_a = encode_network(a), stored_b = encode_network(b);
    REQUIRE(stored_a);
    REQUIRE(stored_b);
    CHECK(stored_a->structure == stored_b->structure);
    CHECK(stored_a->values == stored_b->values);
    Engine one(a), two(b);
    Draw draw(11);
    for (int step = 0; step < steps; ++step) {
        std::vector<std::vector<std::int32_t>> offered;
        for (const Input& input : a.inputs())
            offered.push_back(draw(static_cast<std::size_t>(a.layer(input.layer).size()), -3, 40));
        const std::vector<std::span<const std::int32_t>> inputs(offered.begin(), offered.end());
        const auto stepped = one.step(inputs);
        REQUIRE(stepped.has_value() == two.step(inputs).has_value());
        if (!stepped) return;
        for (int layer = 0; layer < std::ssize(a.layers()); ++layer) {
            REQUIRE(std::ranges::equal(one.messages(layer), two.messages(layer)));
            for (int word = 0; word < std::ssize(a.layer(layer).neurons->states()); ++word)
                REQUIRE(std::ranges::equal(one.state(layer, word), two.state(layer, word)));
        }
    }
}

}  // namespace tephra::spiking::test

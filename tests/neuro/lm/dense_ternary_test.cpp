#include "neuro/lm/dense_ternary.hpp"

#include "core/philox.hpp"
#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("ternary weights are multiplied by the activations of their field") {
    const int sources = 300, targets = 7;
    std::vector<std::vector<std::uint8_t>> codes(2);
    std::vector<TernaryInput> inputs;
    std::vector<std::vector<std::int8_t>> weights(2, std::vector<std::int8_t>(sources * targets));
    std::uint32_t draw = 0;
    const auto random = [&](std::uint32_t below) { return random_words(3, 0, 0, draw++)[0] % below; };
    for (std::size_t m = 0; m < 2; ++m) {
        codes[m].resize(static_cast<std::size_t>(targets * ternary_row_bytes(sources)) + 64);
        const std::size_t skip = (64 - reinterpret_cast<std::uintptr_t>(codes[m].data()) % 64) % 64;
        TernaryInput input;
        input.matrix.rows = targets;
        input.matrix.cols = sources;
        const auto packed =
            std::span(codes[m]).subspan(skip, static_cast<std::size_t>(targets * ternary_row_bytes(sources)));
        for (int row = 0; row < targets; ++row) {
            const auto first = static_cast<std::size_t>(row * sources);
            for (std::size_t c = 0; c < sources; ++c)
                weights[m][first + c] = static_cast<std::int8_t>(static_cast<int>(random(3)) - 1);
            pack_ternary_row(std::span(weights[m]).subspan(first, sources),
                             packed.subspan(static_cast<std::size_t>(row * ternary_row_bytes(sources)),
                                            static_cast<std::size_t>(ternary_row_bytes(sources))));
        }
        input.matrix.codes = packed;
        input.field = m == 0 ? 2 : 0;
        inputs.push_back(input);
    }
    const DenseTernary format(inputs, nullptr);
    CHECK(format.sources() == sources);
    CHECK(format.targets() == targets);
    CHECK(format.fields() == 3);
    CHECK(format.sums() == 2);
    CHECK(reaches_all(format));
    CHECK(total_synops(format) == 2 * sources * targets);
    CHECK(format.memory({1, 3}) == SynapseMemory{2 * 2 * sources, 2 * 2 * 2 * sources, sources});
    CHECK(format.buffer_bits(24) == 2 * 32);

    std::vector<std::int8_t> bytes(3 * format.field_bytes());
    for (std::size_t f = 0; f < 3; ++f)
        for (std::size_t c = 0; c < sources; ++c)
            bytes[f * format.field_bytes() + c] = static_cast<std::int8_t>(static_cast<int>(random(255)) - 127);
    const NeuronRange range{2, 6};
    std::vector<std::int32_t> sums(2 * 4), expected;
    format.accumulate({.bytes = bytes}, range, sums);
    for (std::size_t m = 0; m < 2; ++m)
        for (int row = range.begin; row < range.end; ++row) {
            std::int32_t sum = 0;
            for (std::size_t c = 0; c < sources; ++c)
                sum += weights[m][static_cast<std::size_t>(row * sources) + c] *
                       bytes[(m == 0 ? 2 : 0) * format.field_bytes() + c];
            expected.push_back(sum);
        }
    CHECK(sums == expected);
}

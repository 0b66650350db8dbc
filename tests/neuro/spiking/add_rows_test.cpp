#include "neuro/spiking/add_rows.hpp"

#include "tests/neuro/on_every_target.hpp"
#include "tests/neuro/spiking/check_format.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("rows of any length are added alike on every instruction set") {
    tephra::test::on_every_target([] {
        Draw draw(4);
        const auto drawn = draw(500, -32768, 32767);
        const std::vector<std::int16_t> weights(drawn.begin(), drawn.end());
        for (std::uint32_t length = 0; length <= 70; ++length) {
            std::vector<std::int32_t> sums = draw(200, -1000, 1000), expected = sums;
            std::vector<WeightRow> rows;
            for (std::uint32_t r = 0; r < 3; ++r)
                rows.push_back({static_cast<std::uint32_t>(draw(0, 430)), static_cast<std::uint32_t>(draw(0, 130)),
                                length, r == 0 ? 1 : draw(-60000, 60000)});
            for (const WeightRow& row : rows)
                for (std::uint32_t i = 0; i < length; ++i)
                    expected[row.sum + i] = static_cast<std::int32_t>(
                        static_cast<std::uint32_t>(expected[row.sum + i]) +
                        static_cast<std::uint32_t>(weights[row.weight + i]) * static_cast<std::uint32_t>(row.payload));
            add_rows(weights, rows, sums);
            CHECK(sums == expected);
        }
    });
}

TEST_CASE("narrow rows add up without loss, however many they are") {
    tephra::test::on_every_target([] {
        Draw draw(5);
        for (std::size_t length = 0; length <= 600; length += length < 70 ? 1 : 53)
            for (const std::size_t count : std::vector<std::size_t>{0, 1, 5, 126, 127, 128, 400}) {
                const bool extreme = draw(0, 1) == 0;
                const auto drawn = draw(count + length + 1, extreme ? largest_narrow_weight : -largest_narrow_weight,
                                        largest_narrow_weight);
                const std::vector<std::int16_t> weights(drawn.begin(), drawn.end());
                std::vector<std::uint32_t> rows(count);
                for (std::uint32_t& row : rows)
                    row = static_cast<std::uint32_t>(draw(0, static_cast<std::int32_t>(count)));
                std::vector<std::int32_t> sums = draw(length, -1000000, 1000000), expected = sums;
                for (const std::uint32_t row : rows)
                    for (std::size_t i = 0; i < length; ++i) expected[i] += weights[row + i];
                add_narrow_rows(weights, rows, sums);
                REQUIRE(sums == expected);
            }
    });
}

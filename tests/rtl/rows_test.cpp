// The units of the FPGA core that take rows and vectors: weights, products, the norm and its scales.
#include "tests/rtl/units.hpp"

using namespace tephra;
using namespace tephra::test;

TEST_CASE("five weights come out of each byte") {
    const auto units = make_units();
    stream(
        *units, 243, 2, [&](std::size_t n) { units->byte_i = static_cast<std::uint8_t>((256 * n + 242) / 243); },
        [&](std::size_t n) {
            const std::size_t powers[] = {81, 27, 9, 3, 1};
            for (std::size_t k = 0; k < 5; ++k) {
                const std::size_t digit = n / powers[k] % 3;
                CHECK((units->nonzero_o >> k & 1) == (digit != 1 ? 1 : 0));
                CHECK((units->negative_o >> k & 1) == (digit == 0 ? 1 : 0));
            }
        });
}

TEST_CASE("rows of any length follow each other, with the largest sums") {
    const auto units = make_units();
    Draw draw(5);
    constexpr int latency = 7;
    struct Beat {
        bool valid, first, last;
        std::int32_t sum;
    };
    std::vector<Beat> beats;
    // 1024 words of 64 columns are the limit of N.
    for (const int length : {1, 1, 1, 2, 3, 1, 4, 7, 1, 12, 1024, 1, 1024})
        for (int b = 0; b < length; ++b) beats.push_back({true, b == 0, b == length - 1, 0});
    std::int32_t sum = 0;
    int row = 0;
    stream(
        *units, beats.size(), latency,
        [&](std::size_t n) {
            Beat& beat = beats[n];
            if (beat.first) sum = 0;
            units->row_valid_i = 1;
            units->row_first_i = beat.first;
            std::uint64_t nonzero = 0, negative = 0;
            const bool extreme = row >= 10;
            for (std::size_t lane = 0; lane < 64; ++lane) {
                const int w = extreme ? (row % 2 == 0 ? 1 : -1) : draw.below(3) - 1;
                const int q = extreme ? 127 : draw.below(255) - 127;
                nonzero |= std::uint64_t{w != 0} << lane;
                negative |= std::uint64_t{w < 0} << lane;
                auto& unit = units->row_q_i[lane / 4];
                unit = (unit & ~(255U << (lane % 4 * 8))) | bits_of(q, 8) << (lane % 4 * 8);
                sum += w * q;
            }
            units->row_nonzero_i = nonzero;
            units->row_negative_i = negative;
            beat.sum = sum;
            if (beat.last) ++row;
        },
        [&](std::size_t n) {
            if (beats[n].last) CHECK(signed_bits(units->row_o, 24) == beats[n].sum);
        });
    CHECK(sum == 127 * 65536);
}

TEST_CASE("the norm replays its records and products, and the scales theirs") {
    const Json file = read_json_file(TEPHRA_TEST_DATA "/numerics/neuron_math.json").value();
    const auto units = make_units();
    for (const Json& c : cases_of(file, "norm")) {
        INFO(*c.find("name")->string());
        const auto x = list<std::int32_t>(*c.find("x"));
        const auto rms = list<std::int16_t>(*c.find("rms_gain"));
        std::vector<std::vector<std::int16_t>> gains;
        for (const Json& gain : *c.find("gain")->array()) gains.push_back(list<std::int16_t>(gain));
        const std::size_t outputs = gains.size(), n = x.size();
        units->norm_outputs_i = static_cast<std::uint8_t>(outputs);
        units->norm_count_i = static_cast<std::uint16_t>(n);
        units->norm_clear_i = 1;
        clock(*units);
        units->norm_clear_i = 0;
        bool done = false;
        const auto tick = [&] {
            clock(*units);
            done = done || units->norm_done_o;
        };
        for (std::size_t j = 0; j < n; ++j) {
            units->norm_valid_i = 1;
            units->norm_value_i = bits_of(x[j], 24);
            units->norm_square_i = j + 1;  // any: their sum is checked
            std::uint64_t packed = static_cast<std::uint16_t>(rms[j]);
            for (std::size_t k = 0; k < outputs; ++k)
                packed |= std::uint64_t{static_cast<std::uint16_t>(gains[k][j])} << (16 * (k + 1));
            units->norm_gains_i = packed;
            for (std::size_t k = 0; k < outputs; ++k) {
                tick();
                units->norm_valid_i = 0;
            }
        }
        for (int k = 0; k < 8; ++k) tick();
        CHECK(done);
        const auto peaks = list<std::uint32_t>(*c.find("peak"));
        CHECK(units->norm_sum_o == static_cast<std::uint64_t>(*c.find("sum")->integer()));
        CHECK(units->norm_second_o == n * (n + 1) / 2);
        for (std::size_t k = 0; k < outputs; ++k) {
            units->norm_output_i = static_cast<std::uint8_t>(k);
            units->eval();
            CHECK(units->norm_peak_o == peaks[k]);
            for (std::size_t j = 0; j < n; ++j) {
                units->norm_address_i = static_cast<std::uint16_t>(k * n + j);
                clock(*units);
                clock(*units);
                CHECK(signed_bits(units->norm_p_o, 31) == round_shift(std::int64_t{x[j]} * gains[k][j], 8));
            }
        }

        units->scales_epsilon_i = static_cast<std::uint64_t>(*c.find("epsilon")->integer());
        units->scales_second_epsilon_i = scale_bits(scale_of(*c.find("second_epsilon")));
        units->scales_sum_i = static_cast<std::uint64_t>(*c.find("sum")->integer());
        units->scales_second_i = static_cast<std::uint64_t>(*c.find("second")->integer());
        for (std::size_t k = 0; k < outputs; ++k)
            units->scales_factors_i[k] = scale_bits(scale_of((*c.find("factor")->array())[k]));
        units->scales_peak_0_i = peaks[0];
        units->scales_peak_1_i = outputs > 1 ? peaks[1] : 0;
        units->scales_peak_2_i = outputs > 2 ? peaks[2] : 0;
        units->scales_start_i = 1;
        clock(*units);
        units->scales_start_i = 0;
        std::size_t seen = 0;
        for (int cycle = 0; cycle < 400; ++cycle) {
            units->clk_i = 0;
            units->eval();
            const bool quantize = units->scales_quantize_o, dequantize = units->scales_dequantize_o;
            if (quantize || dequantize) {
                const Json::Array& all = *c.find(quantize ? "quantize" : "dequantize")->array();
                CHECK(units->scales_o == scale_bits(scale_of(all[units->scales_output_o])));
                ++seen;
            }
            const bool last = units->scales_done_o;
            units->clk_i = 1;
            units->eval();
            if (last) break;
        }
        CHECK(seen == 2 * outputs);
        clock(*units);
    }
}

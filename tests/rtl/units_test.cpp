// Each unit of the FPGA core replays tests/cases/numerics and random values against core/fixed.hpp, an input a cycle.
#include <verilated_units.h>

#include <memory>

#include "core/fixed.hpp"
#include "core/json.hpp"
#include "core/philox.hpp"
#include "neuro/lm/layer_graph.hpp"
#include "neuro/lm/neuron_math.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

using Units = verilated_units;

std::int32_t signed_bits(std::uint32_t value, int bits) {
    const std::uint32_t sign = 1U << (bits - 1);
    return static_cast<std::int32_t>((value ^ sign) - sign);
}

std::uint32_t bits_of(std::int64_t value, int bits) {
    return static_cast<std::uint32_t>(value) & ((bits == 32 ? 0U : 1U << bits) - 1U);
}

std::uint32_t scale_bits(Scale scale) {
    return std::uint32_t{scale.mantissa} | std::uint32_t{static_cast<std::uint16_t>(scale.exponent)} << 16;
}

void clock(Units& units) {
    units.clk_i = 0;
    units.eval();
    units.clk_i = 1;
    units.eval();
}

std::unique_ptr<Units> make_units() {
    auto units = std::make_unique<Units>();
    units->rst_ni = 0;
    clock(*units);
    clock(*units);
    units->rst_ni = 1;
    return units;
}

/// Drives item n in cycle n and checks it `latency` cycles later.
template <typename Drive, typename Verify>
void stream(Units& units, std::size_t count, int latency, const Drive& drive, const Verify& verify) {
    const auto late = static_cast<std::size_t>(latency);
    for (std::size_t n = 0; n < count + late - 1; ++n) {
        if (n < count) drive(n);
        clock(units);
        if (n + 1 >= late) verify(n + 1 - late);
    }
}

using Rows = std::vector<std::vector<std::int64_t>>;

/// Rows of numbers of one operation of fixed.json.
Rows rows_of(const char* operation) {
    const Json file = read_json_file(TEPHRA_TEST_DATA "/numerics/fixed.json").value();
    Rows rows;
    for (const Json& row : *file.find(operation)->array()) {
        std::vector<std::int64_t> values;
        for (const Json& value : *row.array()) values.push_back(*value.integer());
        rows.push_back(values);
    }
    REQUIRE(rows.size() > 10);
    return rows;
}

const Json::Array& cases_of(const Json& file, const char* stage) {
    return *file.find(stage)->array();
}

template <typename T>
std::vector<T> list(const Json& value) {
    std::vector<T> out;
    for (const Json& element : *value.array()) out.push_back(static_cast<T>(*element.integer()));
    return out;
}

Scale scale_of(const Json& pair) {
    const auto values = list<int>(pair);
    return {static_cast<std::uint16_t>(values[0]), static_cast<std::int16_t>(values[1])};
}

/// Random numbers in order.
class Draw {
public:
    explicit Draw(std::uint64_t seed) : seed_(seed) {}
    std::uint32_t word() { return random_words(seed_, 21, next_++, 0)[0]; }
    int below(int limit) { return static_cast<int>(word() % static_cast<std::uint32_t>(limit)); }
    /// A state of any magnitude.
    std::int32_t state() { return signed_bits(word() & 0xFFFFFF, 24) >> below(24); }

private:
    std::uint64_t seed_, next_ = 0;
};

constexpr int random_count = 4000;

}  // namespace

TEST_CASE("the scaler is apply_scale over its whole range") {
    Rows rows = rows_of("apply_scale");
    Draw draw(1);
    for (int n = 0; n < random_count; ++n) {
        const auto acc = static_cast<std::int32_t>(draw.word()) >> draw.below(32);
        if (acc == std::numeric_limits<std::int32_t>::min()) continue;  // |acc| < 2^31
        const Scale scale{static_cast<std::uint16_t>(32768 + draw.below(32768)),
                          static_cast<std::int16_t>(draw.below(160) - 90)};
        rows.push_back({acc, scale.mantissa, scale.exponent, apply_scale(acc, scale)});
    }
    const auto units = make_units();
    stream(
        *units, rows.size(), 6,
        [&](std::size_t n) {
            units->scaler_value_i = bits_of(rows[n][0], 32);
            units->scaler_mantissa_i = static_cast<std::uint16_t>(rows[n][1]);
            units->scaler_exponent_i = static_cast<std::uint16_t>(rows[n][2]);
        },
        [&](std::size_t n) {
            INFO(rows[n][0] << " by " << rows[n][1] << " 2^" << rows[n][2]);
            CHECK(signed_bits(units->scaler_o, 24) == rows[n][3]);
        });
}

TEST_CASE("the units of a state replay shift_state, sigmoid and silu") {
    const auto units = make_units();
    Draw draw(2);
    Rows shifts = rows_of("shift_state"), sigmoids = rows_of("sigmoid"), silus = rows_of("silu");
    for (int n = 0; n < random_count; ++n) {
        const std::int32_t z = draw.state();
        const int bits = draw.below(24), shift = draw.below(87) - 24;
        shifts.push_back({z, shift, shift_state(z, shift)});
        sigmoids.push_back({z, bits, sigmoid(z, bits)});
        silus.push_back({z, bits, silu(z, bits)});
    }
    // Every entry of the table, at both ends of its step.
    for (std::int32_t k = 0; k < 256; ++k)
        for (const std::int32_t z : {k << 12, -(k << 12), (k << 12) + 4095})
            sigmoids.push_back({z, 16, sigmoid(z, 16)});
    const auto drive = [&](const std::vector<std::int64_t>& row) {
        units->z_i = bits_of(row[0], 25);
        units->z_bits_i = bits_of(row[1], 5) & 31;
        units->shift_i = bits_of(row[1], 7) & 127;
    };
    stream(
        *units, shifts.size(), 2, [&](std::size_t n) { drive(shifts[n]); },
        [&](std::size_t n) {
            INFO(shifts[n][0] << " shifted by " << shifts[n][1]);
            CHECK(signed_bits(units->shifted_o, 24) == shifts[n][2]);
        });
    // F stands still while values are under way, as it does through a phase.
    for (int bits = 0; bits < 24; ++bits) {
        const auto with_bits = [bits](const Rows& rows) {
            Rows out;
            for (const auto& row : rows)
                if (row[1] == bits) out.push_back(row);
            return out;
        };
        const Rows some = with_bits(sigmoids), others = with_bits(silus);
        stream(
            *units, some.size(), 8, [&](std::size_t n) { drive(some[n]); },
            [&](std::size_t n) {
                INFO("sigmoid of " << some[n][0] << ", F " << bits);
                CHECK(units->sigmoid_o == some[n][2]);
            });
        stream(
            *units, others.size(), 10, [&](std::size_t n) { drive(others[n]); },
            [&](std::size_t n) {
                INFO("silu of " << others[n][0] << ", F " << bits);
                CHECK(signed_bits(units->silu_o, 24) == others[n][2]);
            });
    }
}

namespace {

/// A neuron of the recurrence, or of the gated unit: f, i, g, h, lower.
struct Neuron {
    std::int32_t f = 0, i = 0, g = 0, h = 0, lower = 0;
    std::int32_t h_new = 0, t = 0;
};

void run_recurrence(Units& units, const BlockFormats& formats, const std::vector<Neuron>& neurons) {
    units.f_bits_i = static_cast<std::uint8_t>(formats.f);
    units.i_bits_i = static_cast<std::uint8_t>(formats.i);
    units.h_bits_i = static_cast<std::uint8_t>(formats.h);
    units.to_h_shift_i = bits_of(formats.i - formats.h, 7) & 127;
    units.to_t_shift_i = static_cast<std::uint8_t>(formats.g + formats.h - formats.t);
    const auto drive = [&](std::size_t n) {
        units.f_i = bits_of(neurons[n].f, 24);
        units.i_i = bits_of(neurons[n].i, 24);
        units.g_i = bits_of(neurons[n].g, 24);
        units.h_i = bits_of(neurons[n].h, 24);
        units.lower_i = static_cast<std::uint32_t>(neurons[n].lower);
    };
    stream(units, neurons.size(), 16, drive,
           [&](std::size_t n) { CHECK(signed_bits(units.h_o, 24) == neurons[n].h_new); });
    stream(units, neurons.size(), 29, drive, [&](std::size_t n) {
        CHECK(signed_bits(units.t_o, 24) == neurons[n].t);
        const auto g = std::int64_t{neurons[n].g};
        CHECK(units.g_square_o == static_cast<std::uint64_t>(g * g));
    });
}

}  // namespace

TEST_CASE("the recurrence replays its vectors, and with a closed gate it is the gated unit") {
    const Json file = read_json_file(TEPHRA_TEST_DATA "/numerics/neuron_math.json").value();
    const auto units = make_units();
    for (const Json& c : cases_of(file, "recurrence")) {
        INFO(*c.find("name")->string());
        const Json& f = *c.find("formats");
        const auto format = [&](const char* name) { return static_cast<int>(*f.find(name)->integer()); };
        const BlockFormats formats{
            .f = format("f"), .i = format("i"), .g = format("g"), .h = format("h"), .t = format("t")};
        const Json::Array& scales = *c.find("dequantize")->array();
        const auto f_acc = list<std::int32_t>(*c.find("f_acc")), i_acc = list<std::int32_t>(*c.find("i_acc")),
                   g_acc = list<std::int32_t>(*c.find("g_acc")), h = list<std::int32_t>(*c.find("h")),
                   lower = list<std::int32_t>(*c.find("one_minus_lower")), h_new = list<std::int32_t>(*c.find("h_new")),
                   t = list<std::int32_t>(*c.find("t"));
        std::vector<Neuron> neurons;
        for (std::size_t j = 0; j < h.size(); ++j)
            neurons.push_back({apply_scale(f_acc[j], scale_of(scales[0])), apply_scale(i_acc[j], scale_of(scales[1])),
                               apply_scale(g_acc[j], scale_of(scales[2])), h[j], lower[j], h_new[j], t[j]});
        run_recurrence(*units, formats, neurons);
    }
    for (const Json& c : cases_of(file, "gated_unit")) {
        INFO(*c.find("name")->string());
        const int z = static_cast<int>(*c.find("z")->integer()), y = static_cast<int>(*c.find("y")->integer());
        const Scale scale = scale_of(*c.find("dequantize"));
        const auto z1 = list<std::int32_t>(*c.find("z1_acc")), z2 = list<std::int32_t>(*c.find("z2_acc")),
                   want = list<std::int32_t>(*c.find("y_new"));
        std::vector<Neuron> neurons;
        for (std::size_t j = 0; j < z1.size(); ++j) {
            const std::int32_t h = apply_scale(z1[j], scale);
            neurons.push_back({-8388608, 8388607, apply_scale(z2[j], scale), h, 0, h, want[j]});
        }
        run_recurrence(*units, {.g = z, .h = z, .t = y}, neurons);
    }
    Draw draw(3);
    for (int round = 0; round < 40; ++round) {
        BlockFormats formats{.f = draw.below(24), .i = draw.below(24), .g = draw.below(24), .h = draw.below(24)};
        formats.t = draw.below(std::min(23, formats.g + formats.h) + 1);
        std::vector<Neuron> neurons;
        for (int n = 0; n < 100; ++n) {
            Neuron v{draw.state(), draw.state(), draw.state(), draw.state(), draw.below((1 << 23) + 1), 0, 0};
            const std::int64_t keep = round_shift(std::int64_t{v.lower} * sigmoid(-v.f, formats.f), probability_bits);
            const std::int32_t u = shift_state(silu(v.i, formats.i), formats.i - formats.h);
            v.h_new = saturate24(v.h + round_shift(keep * (std::int64_t{u} - v.h), probability_bits));
            v.t = saturate24(
                round_shift(std::int64_t{v.g} * silu(v.h_new, formats.h), formats.g + formats.h - formats.t));
            neurons.push_back(v);
        }
        run_recurrence(*units, formats, neurons);
    }
}

TEST_CASE("the residual and the embedding replay their vectors") {
    const Json file = read_json_file(TEPHRA_TEST_DATA "/numerics/neuron_math.json").value();
    const auto units = make_units();
    for (const Json& c : cases_of(file, "residual")) {
        INFO(*c.find("name")->string());
        const auto x = list<std::int32_t>(*c.find("x")), acc = list<std::int32_t>(*c.find("acc")),
                   want = list<std::int32_t>(*c.find("x_new"));
        units->shift_i = bits_of(*c.find("shift")->integer(), 7) & 127;
        const Scale scale = scale_of(*c.find("dequantize"));
        stream(
            *units, x.size(), 3,
            [&](std::size_t n) {
                units->x_i = bits_of(x[n], 24);
                units->v_i = bits_of(apply_scale(acc[n], scale), 24);
            },
            [&](std::size_t n) { CHECK(signed_bits(units->x_o, 24) == want[n]); });
    }
    struct Number {
        std::uint32_t bits;
        std::uint8_t type;
        std::uint8_t fraction_bits;
        std::int32_t state;
    };
    std::vector<Number> numbers;
    for (const Json& row : cases_of(file, "embedding")) {
        const Json::Array& fields = *row.array();
        const std::string type = *fields[0].string();
        const std::uint8_t code = type == "bf16" ? 0 : type == "f16" ? 1 : 2;
        numbers.push_back({static_cast<std::uint32_t>(*fields[1].integer()), code,
                           static_cast<std::uint8_t>(*fields[2].integer()),
                           static_cast<std::int32_t>(*fields[3].integer())});
    }
    Draw draw(4);
    for (int n = 0; n < random_count; ++n) {
        // Exponents around those whose states are neither 0 nor saturated.
        const int fraction_bits = draw.below(24);
        const auto exponent = static_cast<std::uint32_t>(127 + 23 - fraction_bits - draw.below(30));
        std::uint32_t bits = (draw.word() & 0x807FFFFF) | exponent << 23;
        const bool half = draw.below(2) == 0;
        if (half) bits >>= 16;
        EmbeddingTable table;
        table.type = half ? FloatType::bf16 : FloatType::f32;
        table.rows = table.cols = 1;
        table.data = std::as_bytes(std::span(&bits, 1));
        std::int32_t state = 0;
        table.fixed_row(0, fraction_bits, {&state, 1});
        numbers.push_back(
            {bits, static_cast<std::uint8_t>(half ? 0 : 2), static_cast<std::uint8_t>(fraction_bits), state});
    }
    stream(
        *units, numbers.size(), 6,
        [&](std::size_t n) {
            units->number_i = numbers[n].bits;
            units->number_type_i = numbers[n].type;
            units->z_bits_i = numbers[n].fraction_bits;
        },
        [&](std::size_t n) {
            INFO("type " << int{numbers[n].type} << ", bits " << numbers[n].bits << ", F "
                         << int{numbers[n].fraction_bits});
            CHECK(signed_bits(units->number_o, 24) == numbers[n].state);
        });
}

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

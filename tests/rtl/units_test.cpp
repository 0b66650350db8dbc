// Each scalar unit of the FPGA core replays tests/cases/numerics and random values against core/fixed.hpp.
#include "tests/rtl/units.hpp"
#include "neuro/lm/layer_graph.hpp"
#include "neuro/lm/neuron_math.hpp"

using namespace tephra;
using namespace tephra::test;

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

#include "neuro/lm/neuron_math.hpp"

#include <cstring>

#include "core/json.hpp"
#include "neuro/lm/layer_graph.hpp"
#include "neuro/lm/norm_record.hpp"
#include "neuro/record.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

template <typename T>
T number(const Json& value) {
    return static_cast<T>(*value.integer());
}

template <typename T>
std::vector<T> list(const Json& value) {
    std::vector<T> out;
    for (const Json& element : *value.array()) out.push_back(number<T>(element));
    return out;
}

Scale scale(const Json& pair) {
    const auto values = list<int>(pair);
    return {static_cast<std::uint16_t>(values[0]), static_cast<std::int16_t>(values[1])};
}

/// Calls check(case) on each case of one operation in tests/cases/numerics/neuron_math.json, naming it when it fails.
template <typename Check>
void replay(const std::string& stage, const Check& check) {
    const Json file = read_json_file(TEPHRA_TEST_DATA "/numerics/neuron_math.json").value();
    const Json::Array& cases = *file.find(stage)->array();
    REQUIRE(cases.size() > 3);
    for (const Json& c : cases) {
        INFO(stage << ": " << (c.object() != nullptr ? *c.find("name")->string() : c.dump(-1)));
        check(c);
    }
}

NormParameters norm_parameters(const Json& c) {
    NormParameters norm;
    norm.rms_gain = list<std::int16_t>(*c.find("rms_gain"));
    norm.size = static_cast<int>(norm.rms_gain.size());
    const Json::Array& gains = *c.find("gain")->array();
    norm.outputs = static_cast<int>(gains.size());
    for (std::size_t k = 0; k < gains.size(); ++k) {
        norm.gain[k] = list<std::int16_t>(gains[k]);
        norm.factor[k] = scale((*c.find("factor")->array())[k]);
    }
    norm.epsilon = number<std::uint64_t>(*c.find("epsilon"));
    norm.second_epsilon = scale(*c.find("second_epsilon"));
    return norm;
}

}  // namespace

TEST_CASE("norms replay the vectors made from docs/numerics.md, whole and in parts") {
    replay("norm", [](const Json& c) {
        const NormParameters norm = norm_parameters(c);
        const auto x = list<std::int32_t>(*c.find("x"));
        NormRecord record = norm_statistics(norm, x, 0);
        for (std::size_t cut = 1; cut < x.size(); ++cut) {
            NormRecord merged = norm_statistics(norm, std::span(x).subspan(cut), static_cast<int>(cut));
            merged.merge(norm_statistics(norm, std::span(x).first(cut), 0));
            CHECK(merged == record);
        }
        record.second = number<std::uint64_t>(*c.find("second"));
        CHECK(record.sum == number<std::uint64_t>(*c.find("sum")));
        const NormScales scales = norm_scales(norm, record);
        for (std::size_t k = 0; k < static_cast<std::size_t>(norm.outputs); ++k) {
            CHECK(record.peak[k] == list<std::uint32_t>(*c.find("peak"))[k]);
            CHECK(scales.quantize[k] == scale((*c.find("quantize")->array())[k]));
            CHECK(scales.dequantize[k] == scale((*c.find("dequantize")->array())[k]));
            std::vector<std::int8_t> q(x.size());
            quantize_states(x, norm.gain[k], scales.quantize[k], q);
            CHECK(q == list<std::int8_t>((*c.find("q")->array())[k]));
        }
    });
}

TEST_CASE("records replay their words, of parts, merged in any order, and of the answer") {
    const Json file = read_json_file(TEPHRA_TEST_DATA "/numerics/neuron_math.json").value();
    replay("record", [&](const Json& c) {
        const Json::Array& norms = *file.find("norm")->array();
        const auto whole = std::ranges::find_if(
            norms, [&](const Json& each) { return *each.find("name")->string() == *c.find("name")->string(); });
        REQUIRE(whole != norms.end());
        const NormParameters norm = norm_parameters(*whole);
        const auto x = list<std::int32_t>(*whole->find("x"));
        const auto edges = list<std::size_t>(*c.find("edges"));
        const auto second = list<std::uint64_t>(*c.find("second"));
        std::vector<std::vector<std::uint32_t>> parts;
        for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
            parts.emplace_back(static_cast<std::size_t>(record_words(norm)));
            write_statistics(norm, std::span(x).subspan(edges[k], edges[k + 1] - edges[k]), static_cast<int>(edges[k]),
                             second[k], parts.back());
            CHECK(parts.back() == list<std::uint32_t>((*c.find("parts")->array())[k]));
        }
        const auto merged = list<std::uint32_t>(*c.find("merged"));
        for (int order = 0; order < 2; ++order) {
            std::vector<std::uint32_t> sum(merged.size());  // the record of an empty part
            for (const auto& part : parts) merge_record(sum, part, record_sums(norm));
            CHECK(sum == merged);
            std::ranges::reverse(parts);
        }
        const NormScales scales = norm_scales(norm, read_record(norm, merged));
        std::vector<std::uint32_t> answer;
        for (int k = 0; k < norm.outputs; ++k)
            answer.push_back(scale_word(scales.quantize[static_cast<std::size_t>(k)]));
        for (int k = 0; k < norm.outputs; ++k)
            answer.push_back(scale_word(scales.dequantize[static_cast<std::size_t>(k)]));
        CHECK(answer == list<std::uint32_t>(*c.find("answer")));
    });
}

TEST_CASE("the gated recurrence replays its vectors") {
    replay("recurrence", [](const Json& c) {
        const Json& f = *c.find("formats");
        BlockFormats formats;
        formats.f = number<int>(*f.find("f"));
        formats.i = number<int>(*f.find("i"));
        formats.g = number<int>(*f.find("g"));
        formats.h = number<int>(*f.find("h"));
        formats.t = number<int>(*f.find("t"));
        std::array<Scale, 3> dequantize;
        for (std::size_t k = 0; k < 3; ++k) dequantize[k] = scale((*c.find("dequantize")->array())[k]);
        const auto f_acc = list<std::int32_t>(*c.find("f_acc")), i_acc = list<std::int32_t>(*c.find("i_acc"));
        const auto g_acc = list<std::int32_t>(*c.find("g_acc"));
        const auto lower = list<std::int32_t>(*c.find("one_minus_lower"));
        auto h = list<std::int32_t>(*c.find("h"));
        std::vector<std::int32_t> t(h.size());
        CHECK(gated_recurrence(formats, dequantize, {f_acc, i_acc, g_acc, lower, h, t}) ==
              number<std::uint64_t>(*c.find("second")));
        CHECK(h == list<std::int32_t>(*c.find("h_new")));
        CHECK(t == list<std::int32_t>(*c.find("t")));
    });
}

TEST_CASE("the gated unit, the residual and the readout replay their vectors") {
    replay("gated_unit", [](const Json& c) {
        BlockFormats formats;
        formats.z = number<int>(*c.find("z"));
        formats.y = number<int>(*c.find("y"));
        const auto z1 = list<std::int32_t>(*c.find("z1_acc")), z2 = list<std::int32_t>(*c.find("z2_acc"));
        std::vector<std::int32_t> y(z1.size());
        gated_unit(formats, scale(*c.find("dequantize")), z1, z2, y);
        CHECK(y == list<std::int32_t>(*c.find("y_new")));
    });
    replay("residual", [](const Json& c) {
        const auto x = list<std::int32_t>(*c.find("x")), acc = list<std::int32_t>(*c.find("acc"));
        const Scale dequantize = scale(*c.find("dequantize"));
        std::vector<std::int32_t> out(x.size());
        add_residual(x, number<int>(*c.find("shift")), acc, dequantize, out);
        CHECK(out == list<std::int32_t>(*c.find("x_new")));
        // The readout is the residual of a zero vector.
        const std::vector<std::int32_t> zero(x.size());
        add_residual(zero, 0, acc, dequantize, out);
        std::vector<std::int32_t> logits(x.size());
        read_out(acc, dequantize, logits);
        CHECK(logits == out);
    });
}

TEST_CASE("embedded tokens replay their vectors") {
    replay("embedding", [](const Json& c) {
        const Json::Array& row = *c.array();
        const std::string& type = *row[0].string();
        const auto bits = number<std::uint32_t>(row[1]);
        std::array<std::byte, 4> bytes;
        std::memcpy(bytes.data(), &bits, 4);  // little-endian: a 16-bit number is the first two bytes
        EmbeddingTable table;
        table.type = type == "bf16" ? FloatType::bf16 : type == "f16" ? FloatType::f16 : FloatType::f32;
        table.rows = 1;
        table.cols = 1;
        table.data = std::span(bytes).first(type == "f32" ? 4 : 2);
        std::int32_t state = 0;
        table.fixed_row(0, number<int>(row[2]), {&state, 1});
        CHECK(state == number<std::int32_t>(row[3]));
    });
}

TEST_CASE("packed ternary rows give the accumulators of their vectors") {
    replay("ternary", [](const Json& c) {
        const auto cols = number<std::size_t>(*c.find("cols"));
        const auto w = list<std::int8_t>(*c.find("w")), q = list<std::int8_t>(*c.find("q"));
        std::vector<std::int8_t> weights(cols), back(cols);
        for (std::size_t j = 0; j < cols; ++j) weights[j] = w[j % w.size()];
        std::vector<std::uint8_t> packed(static_cast<std::size_t>(ternary_row_bytes(static_cast<int>(cols))));
        pack_ternary_row(weights, packed);
        unpack_ternary_row(packed, back);
        CHECK(back == weights);
        std::int32_t acc = 0;
        for (std::size_t j = 0; j < cols; ++j) acc += back[j] * q[j % q.size()];
        CHECK(acc == number<std::int32_t>(*c.find("acc")));
    });
}

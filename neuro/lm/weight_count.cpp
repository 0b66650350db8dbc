#include "neuro/lm/weight_count.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace tephra {

std::int64_t count_zeros(const TernaryMatrix& matrix) {
    std::int64_t zeros = 0;  // of codes 01, those of the padding included
    constexpr std::uint64_t low_bits = 0x5555555555555555;
    for (std::size_t b = 0; b < matrix.codes.size(); b += sizeof(std::uint64_t)) {
        std::uint64_t codes = 0;
        std::memcpy(&codes, matrix.codes.data() + b, sizeof codes);
        zeros += std::popcount(codes & ~(codes >> 1) & low_bits);
    }
    const std::int64_t padded = ternary_row_bytes(matrix.cols) * 4;
    return zeros - matrix.rows * (padded - matrix.cols);
}

std::vector<WeightCount> count_weights(const LayerGraph& graph) {
    struct Kind {
        const char* name;
        BitLinear Block::*projection;
    };
    constexpr std::array<Kind, 6> kinds = {{{"f_proj", &Block::f_proj},
                                            {"i_proj", &Block::i_proj},
                                            {"g_proj", &Block::g_proj},
                                            {"o_proj", &Block::o_proj},
                                            {"gate_proj", &Block::gate_proj},
                                            {"down_proj", &Block::down_proj}}};
    std::vector<WeightCount> counts;
    const auto add = [&](const TernaryMatrix& matrix) {
        counts.back().weights += std::int64_t{matrix.rows} * matrix.cols;
        counts.back().zeros += count_zeros(matrix);
    };
    for (const Kind& kind : kinds) {
        counts.push_back({kind.name, 0, 0});
        for (const Block& block : graph.blocks) add((block.*kind.projection).weight);
    }
    counts.push_back({"lm_head", 0, 0});
    add(graph.lm_head.weight);
    return counts;
}

WeightCount total(const std::vector<WeightCount>& counts) {
    WeightCount sum{"all", 0, 0};
    for (const WeightCount& count : counts) {
        sum.weights += count.weights;
        sum.zeros += count.zeros;
    }
    return sum;
}

}  // namespace tephra

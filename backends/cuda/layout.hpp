#pragma once
// How ternary matrices lie in GPU memory, and how the rows of the matrices of one stage are interleaved.
//
// A tile is 8 rows x 256 columns in 512 bytes: one 16-byte load of each lane of a warp. Lane l = 4 g + t holds row g;
// byte b of its word w holds, in bits 2p and 2p + 1, the code (weight + 1) of column
//     128 (w / 2) + 64 (w % 2) + 16 t + 4 p + b.
// So masking bit plane p of the words of two tiles gives the four registers of an 8-bit mma A fragment of 16 rows and
// 32 columns, both for mma.sync.m16n8k32 and for a warp's part of wgmma.m64nNk32, without moving any data; and a word
// holds 16 neighbouring columns, as single-bit products (mma.sync.m16n8k256) want them.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "neuro/lm/ternary.hpp"

namespace tephra::cuda {

inline constexpr int tile_rows = 8;
inline constexpr int tile_columns = 256;
inline constexpr int tile_bytes = 512;

/// Rows a matrix is padded to, so that every warpgroup finds 64.
inline constexpr int row_padding = 64;

constexpr int ceil_div(int a, int b) {
    return (a + b - 1) / b;
}
constexpr int round_up(int a, int b) {
    return ceil_div(a, b) * b;
}

/// Column of byte `b`, bit plane `p`, word `w` of lane `t` of a quad within its tile.
constexpr int tile_column(int t, int w, int p, int b) {
    return 128 * (w / 2) + 64 * (w % 2) + 16 * t + 4 * p + b;
}

/// Where column k of a tile lies in the order in which 8-bit fragments take columns: plane p's 32 columns follow each
/// other, 16 of words w = 0, 2 and 16 of words w = 1, 3.
constexpr int tile_position(int k) {
    const auto u = static_cast<unsigned>(k);  // whose divisions are shifts
    return static_cast<int>(u / 128 * 128 + u / 4 % 4 * 32 + u / 64 % 2 * 16 + u / 16 % 4 * 4 + u % 4);
}

/// Stages of a token in the order they run: four of each block, then the head. A stage is a norm and the product of its
/// outputs.
enum Stage : int { mixer_stage, output_stage, gate_stage, down_stage, head_stage, stage_count };

/// Vectors that a stage takes in, each quantized on its own.
constexpr int inputs_of(int stage) {
    return stage == mixer_stage ? 3 : 1;
}

/// Matrices of equal shape that one stage multiplies, their tile rows interleaved: tile row R = pack * matrices + m
/// holds rows 8 pack .. 8 pack + 7 of matrix m. Tiles of one tile row follow each other by columns.
struct StageShape {
    int matrices = 1;
    int rows = 0;  ///< of each matrix
    int cols = 0;

    [[nodiscard]] constexpr int packs() const { return ceil_div(rows, tile_rows); }
    [[nodiscard]] constexpr int padded_packs() const { return round_up(rows, row_padding) / tile_rows; }
    [[nodiscard]] constexpr int chunks() const { return ceil_div(cols, tile_columns); }
    [[nodiscard]] constexpr std::size_t pack_bytes() const {
        return static_cast<std::size_t>(matrices) * static_cast<std::size_t>(chunks()) * tile_bytes;
    }
    [[nodiscard]] constexpr std::size_t bytes() const {
        return static_cast<std::size_t>(padded_packs()) * pack_bytes();
    }
};

/// Packs the matrices of a stage; `out` has shape.bytes() bytes. Padding rows and columns have weight zero.
void pack_stage(const StageShape& shape, std::span<const TernaryMatrix> matrices, std::span<std::uint8_t> out);

/// Position of activation (token n, column k) in the activation buffer of `tokens` tokens (a multiple of 8): by
/// 256-column chunk, then by 8 tokens, then 16 positions of columns x 8 tokens as one 128-byte core matrix of wgmma.
constexpr std::size_t activation_offset(int tokens, int n, int k) {
    const auto token = static_cast<unsigned>(n), column = static_cast<unsigned>(k);
    const std::size_t chunk = std::size_t{column / tile_columns} * (static_cast<unsigned>(tokens) / 8);
    const auto position = static_cast<unsigned>(tile_position(static_cast<int>(column % tile_columns)));
    return (chunk + token / 8) * 2048 + (position / 16 * 128 + token % 8 * 16 + position % 16);
}

/// Tokens of an activation buffer: what the token tiles of the products (16, 64 or 128 tokens) divide.
constexpr int padded_tokens(int tokens) {
    return tokens <= 16 ? 16 : (tokens <= 64 ? 64 : round_up(tokens, 128));
}

}  // namespace tephra::cuda

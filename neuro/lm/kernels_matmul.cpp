// Matrix x matrix. Lanes are rows: the four bytes of 4 columns are gathered from as many rows as there are lanes, once
// for all tokens, and multiplied with the broadcast activations of a token; no sum crosses lanes. For a block of
// columns whose codes fit the first cache the sums of a tile of rows x tokens stay in registers through all four
// planes: from plane 3 down, each shift by two turns them into multiples of the next plane's scale.
// Compiled once for each instruction set by foreach_target.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/lm/kernels_matmul.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "neuro/lm/kernels.hpp"
#include "neuro/lm/ternary_vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {

#if HWY_TARGET <= HWY_AVX2

constexpr std::size_t row_vectors = HWY_TARGET == HWY_AVX2 ? 2 : 4;
constexpr std::size_t max_tokens = HWY_TARGET == HWY_AVX2 ? 4 : 6;
constexpr std::size_t tile_rows = row_vectors * lanes;
constexpr std::size_t block_chunks = 4;
constexpr std::size_t chunk_words = ternary_chunk_bytes / 4;
constexpr std::size_t tile_lines = tile_rows * block_chunks;  // of 64 bytes

/// Codes of one tile of rows and one block of columns: [chunk][word][row], a word being the bytes of 4 columns a plane.
struct TileCodes {
    alignas(64) std::array<std::uint32_t, block_chunks * chunk_words * tile_rows> words;
};

/// Row r of `from`, a vector of words, becomes column r at `to`, whose rows are tile_rows words apart; `lanes` rows.
HWY_INLINE void transpose(const std::uint8_t* from, std::size_t stride, std::uint32_t* to) {
    constexpr hn::ScalableTag<std::uint32_t> words;
    constexpr hn::ScalableTag<std::uint64_t> pairs;
    std::array<hn::Vec<decltype(words)>, lanes> v;
    // Squares of 4 x 4 words within 128 bit blocks: block b of v[4 g + k] then holds word 4 b + k of rows 4 g to 4 g
    // + 3.
    for (std::size_t g = 0; g < lanes; g += 4) {
        const auto row = [&](std::size_t r)
                             HWY_ATTR { return hn::BitCast(words, hn::LoadU(code_tag, from + (g + r) * stride)); };
        const auto a = row(0), b = row(1), c = row(2), d = row(3);
        const auto ab01 = hn::BitCast(pairs, hn::InterleaveLower(words, a, b));
        const auto ab23 = hn::BitCast(pairs, hn::InterleaveUpper(words, a, b));
        const auto cd01 = hn::BitCast(pairs, hn::InterleaveLower(words, c, d));
        const auto cd23 = hn::BitCast(pairs, hn::InterleaveUpper(words, c, d));
        v[g] = hn::BitCast(words, hn::InterleaveLower(pairs, ab01, cd01));
        v[g + 1] = hn::BitCast(words, hn::InterleaveUpper(pairs, ab01, cd01));
        v[g + 2] = hn::BitCast(words, hn::InterleaveLower(pairs, ab23, cd23));
        v[g + 3] = hn::BitCast(words, hn::InterleaveUpper(pairs, ab23, cd23));
    }
    // Then the blocks: word 4 b + k of all rows is block b of v[k], v[4 + k] ...
    for (std::size_t k = 0; k < 4; ++k) {
        const auto put = [&](std::size_t word, auto raw)
                             HWY_ATTR { hn::Store(hn::Vec<decltype(words)>{raw}, words, to + word * tile_rows); };
#if HWY_TARGET == HWY_AVX3_DL
        const __m512i low01 = _mm512_shuffle_i32x4(v[k].raw, v[4 + k].raw, 0x44);
        const __m512i high01 = _mm512_shuffle_i32x4(v[k].raw, v[4 + k].raw, 0xEE);
        const __m512i low23 = _mm512_shuffle_i32x4(v[8 + k].raw, v[12 + k].raw, 0x44);
        const __m512i high23 = _mm512_shuffle_i32x4(v[8 + k].raw, v[12 + k].raw, 0xEE);
        put(k, _mm512_shuffle_i32x4(low01, low23, 0x88));
        put(4 + k, _mm512_shuffle_i32x4(low01, low23, 0xDD));
        put(8 + k, _mm512_shuffle_i32x4(high01, high23, 0x88));
        put(12 + k, _mm512_shuffle_i32x4(high01, high23, 0xDD));
#else
        put(k, _mm256_permute2x128_si256(v[k].raw, v[4 + k].raw, 0x20));
        put(4 + k, _mm256_permute2x128_si256(v[k].raw, v[4 + k].raw, 0x31));
#endif
    }
}

void gather_codes(const std::uint8_t* codes, std::size_t stride, std::size_t chunks, TileCodes& tile) {
    for (std::size_t row = 0; row < tile_rows; row += lanes)
        for (std::size_t word = 0; word < chunks * chunk_words; word += lanes)
            transpose(codes + row * stride + word * 4, stride, tile.words.data() + word * tile_rows + row);
}

/// Tokens that a tile is multiplied with, and where their products go.
struct TileTokens {
    const std::int8_t* q;  ///< of the block's first column
    std::size_t q_stride;
    const std::int32_t* q_sums;  ///< what the first block starts from, negative; null: later blocks add to `out`
    std::int32_t* out;
    std::size_t out_stride;
};

template <std::size_t tokens>
using TileSums = std::array<Sums, tokens * row_vectors>;  // [token][row vector]

HWY_INLINE Activations broadcast4(const std::int8_t* q) {
    std::int32_t four;
    std::memcpy(&four, q, sizeof four);
    return hn::BitCast(activation_tag, hn::Set(sum_tag, four));
}

/// Adds the products of 4 columns for one token; its activations are loaded here, just before use, since all registers
/// but a few hold sums.
template <std::size_t tokens, std::size_t token, std::size_t... v>
HWY_INLINE void add_products(TileSums<tokens>& sums, const std::array<Codes, row_vectors>& codes, const std::int8_t* q,
                             std::index_sequence<v...>) {
    const Activations activations = broadcast4(q);
    ((sums[token * row_vectors + v] = dot(sums[token * row_vectors + v], codes[v], activations)), ...);
}

template <std::size_t index>
HWY_INLINE void put_sums(const TileTokens& in, Sums sums) {
    constexpr std::size_t token = index / row_vectors;
    std::int32_t* place = in.out + token * in.out_stride + index % row_vectors * lanes;
    const Sums before = in.q_sums == nullptr ? hn::LoadU(sum_tag, place) : hn::Set(sum_tag, -in.q_sums[token]);
    hn::StoreU(hn::Add(before, sums), sum_tag, place);
}

/// The products of one tile of rows and one block of columns for `tokens` tokens. Every access to `sums` has a constant
/// index and the planes share one loop: then all of them stay in registers from the first plane to the last.
template <std::size_t tokens, std::size_t... v, std::size_t... t, std::size_t... i>
HWY_INLINE void multiply_planes(const TileCodes& tile, std::size_t chunks, const TileTokens& in,
                                std::index_sequence<v...> all_vectors, std::index_sequence<t...>,
                                std::index_sequence<i...>) {
    constexpr hn::ScalableTag<std::uint32_t> words_tag;
    TileSums<tokens> sums;
    ((sums[i] = hn::Zero(sum_tag)), ...);
    Codes mask = hn::Set(code_tag, 0xC0);
    for (std::size_t plane = 3;; --plane) {
        const auto* words = reinterpret_cast<const std::uint8_t*>(tile.words.data());
        const std::int8_t* column = in.q + plane * plane_columns;
        for (std::size_t chunk = 0; chunk < chunks; ++chunk, column += ternary_chunk_columns - plane_columns)
            for (std::size_t word = 0; word < chunk_words; ++word, words += 4 * tile_rows, column += 4) {
                const std::array<Codes, row_vectors> codes{
                    hn::And(hn::Load(code_tag, words + v * vector_bytes), mask)...};
                (add_products<tokens, t>(sums, codes, column + t * in.q_stride, all_vectors), ...);
            }
        if (plane == 0) break;
        ((sums[i] = hn::ShiftRight<2>(sums[i])), ...);
        mask = hn::BitCast(code_tag, hn::ShiftRight<2>(hn::BitCast(words_tag, mask)));
    }
    (put_sums<i>(in, sums[i]), ...);
}

template <std::size_t tokens>
void multiply_tile(const TileCodes& tile, std::size_t chunks, const TileTokens& in) {
    multiply_planes<tokens>(tile, chunks, in, std::make_index_sequence<row_vectors>{},
                            std::make_index_sequence<tokens>{}, std::make_index_sequence<tokens * row_vectors>{});
}

template <std::size_t tokens>
void multiply_some(std::size_t count, const TileCodes& tile, std::size_t chunks, const TileTokens& in) {
    if (count == tokens) return multiply_tile<tokens>(tile, chunks, in);
    if constexpr (tokens > 1) multiply_some<tokens - 1>(count, tile, chunks, in);
}

/// next: what to prefetch towards the end.
void multiply_rows(const std::uint8_t* codes, std::size_t stride, const std::uint8_t* next_rows, const std::int8_t* q,
                   std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride) {
    const std::size_t q_stride = stride * 4;
    const std::size_t passes = (q_sums.size() + max_tokens - 1) / max_tokens;
    TileCodes tile;
    for (std::size_t byte = 0; byte < stride; byte += block_chunks * ternary_chunk_bytes) {
        const std::size_t chunks = std::min(block_chunks, (stride - byte) / ternary_chunk_bytes);
        const bool last = byte + chunks * ternary_chunk_bytes == stride;
        const std::uint8_t* next = last ? next_rows : codes + byte + chunks * ternary_chunk_bytes;
        gather_codes(codes + byte, stride, chunks, tile);
        std::size_t t = 0;
        for (std::size_t pass = 0; pass < passes; ++pass) {  // of nearly equal size: a small one leaves lanes idle
            // Each pass prefetches its share of the next tile: all at once would wait for memory.
            for (std::size_t i = tile_lines * pass / passes; i < tile_lines * (pass + 1) / passes; ++i)
                prefetch(next + i / block_chunks * stride + i % block_chunks * ternary_chunk_bytes);
            const std::size_t end = q_sums.size() * (pass + 1) / passes;
            const std::int32_t* start = byte == 0 ? q_sums.data() + t : nullptr;
            multiply_some<max_tokens>(end - t, tile, chunks,
                                      {q + t * q_stride + byte * 4, q_stride, start, out + t * out_stride, out_stride});
            t = end;
        }
    }
}

#else

constexpr std::size_t tile_rows = 16;

void multiply_rows(const std::uint8_t* codes, std::size_t stride, const std::uint8_t*, const std::int8_t* q,
                   std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride) {
    for (std::size_t t = 0; t < q_sums.size(); ++t)
        matvec(codes, stride, tile_rows, q + t * stride * 4, q_sums[t], out + t * out_stride, nullptr);
}

#endif

/// Below this many tokens gathering the codes does not pay.
constexpr std::size_t min_gathered_tokens = 4;

void matmul(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q,
            std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride, const std::uint8_t* next) {
    for (std::size_t r = 0; r < rows; r += tile_rows) {
        const std::size_t count = std::min(tile_rows, rows - r);
        if (count == tile_rows && q_sums.size() >= min_gathered_tokens) {
            const bool more = next == nullptr || r + tile_rows < rows;
            multiply_rows(codes + r * stride, stride, more ? codes + (r + tile_rows) * stride : next, q, q_sums,
                          out + r, out_stride);
            continue;
        }
        for (std::size_t t = 0; t < q_sums.size(); ++t)
            matvec(codes + r * stride, stride, count, q + t * stride * 4, q_sums[t], out + t * out_stride + r, nullptr);
    }
}

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tephra {

HWY_EXPORT(matmul);

void ternary_matmul(const TernaryMatrix& w, int row_begin, int row_end, std::span<const std::int8_t> q,
                    std::span<const std::int32_t> q_sums, std::span<std::int32_t> out, std::size_t out_stride,
                    const std::uint8_t* next) {
    const auto rows = static_cast<std::size_t>(row_end - row_begin);
    assert(0 <= row_begin && row_begin <= row_end && row_end <= w.rows && rows <= out_stride);
    assert(q.size() == q_sums.size() * padded_activations(w.cols));
    assert(q_sums.empty() || out.size() >= (q_sums.size() - 1) * out_stride + rows);
    const auto stride = static_cast<std::size_t>(ternary_row_bytes(w.cols));
    HWY_DYNAMIC_DISPATCH(matmul)
    (w.codes.data() + static_cast<std::size_t>(row_begin) * stride, stride, rows, q.data(), q_sums, out.data(),
     out_stride, next);
}

}  // namespace tephra
#endif

// Matrix x matrix. The codes of a block of rows and one chunk of columns are unpacked to bytes once for all tokens, and
// stay in the first cache. Lanes are rows: a vector holds 4 columns of as many rows as there are lanes of 32 bits, and
// is multiplied with the broadcast activations of a token; no sum crosses lanes. The sums of a tile of rows x tokens
// stay in registers for the whole chunk. Without byte dot products they are 16 bits wide and hold a chunk exactly: a
// lane adds 64 pairs of a code of at most 2 and an activation of at least -128, and 64 x 2 x 2 x -128 = -2^15. Compiled
// once for each instruction set by foreach_target.
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
constexpr std::size_t max_tokens = 6;
constexpr std::size_t tile_rows = row_vectors * lanes;
constexpr std::size_t block_tiles = HWY_TARGET == HWY_AVX2 ? 4 : 1;  ///< that share a token's activations in the cache
constexpr std::size_t plane_words = ternary_chunk_bytes / 4;
constexpr std::size_t tile_words = ternary_chunk_columns / 4 * tile_rows;
constexpr hn::ScalableTag<std::uint32_t> word_tag;

/// Codes of a block of rows and one chunk of columns, a byte each: [tile][4 columns][row] words.
struct BlockCodes {
    alignas(64) std::array<std::uint32_t, block_tiles * tile_words> words;
};

/// Row r of `from`, a vector of words, becomes column r at `to`, whose rows are tile_rows words apart; `lanes` rows.
/// Each word is unpacked to one of each plane.
HWY_INLINE void transpose(const std::uint8_t* from, std::size_t stride, std::uint32_t* to) {
    constexpr auto words = word_tag;
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
        const auto put = [&](std::size_t word, auto raw) HWY_ATTR {
            const hn::Vec<decltype(words)> packed{raw}, mask = hn::Set(words, 0x03030303);
            std::uint32_t* place = to + word * tile_rows;
            constexpr std::size_t plane = plane_words * tile_rows;
            hn::Store(hn::And(packed, mask), words, place);
            hn::Store(hn::And(hn::ShiftRight<2>(packed), mask), words, place + plane);
            hn::Store(hn::And(hn::ShiftRight<4>(packed), mask), words, place + 2 * plane);
            hn::Store(hn::And(hn::ShiftRight<6>(packed), mask), words, place + 3 * plane);
        };
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

void unpack_codes(const std::uint8_t* codes, std::size_t stride, std::size_t tiles, BlockCodes& block) {
    std::uint32_t* to = block.words.data();
    for (std::size_t tile = 0; tile < tiles; ++tile, to += tile_words, codes += tile_rows * stride)
        for (std::size_t row = 0; row < tile_rows; row += lanes)
            for (std::size_t word = 0; word < plane_words; word += lanes)
                transpose(codes + row * stride + word * 4, stride, to + word * tile_rows + row);
}

/// Tokens that a tile is multiplied with, and where their products go.
struct TileTokens {
    const std::int8_t* q;  ///< of the chunk's first column
    std::size_t q_stride;
    std::int32_t* out;  ///< gets the products added
    std::size_t out_stride;
};

#if HWY_TARGET == HWY_AVX3_DL

using ChunkSums = Sums;

HWY_INLINE ChunkSums add_dot(ChunkSums sums, Codes codes, Activations activations) {
    return dot(sums, codes, activations);
}

HWY_INLINE Sums widen(ChunkSums sums) {
    return sums;
}

#else

using ChunkSums = hn::Vec<hn::ScalableTag<std::int16_t> >;  // two to a row

HWY_INLINE ChunkSums add_dot(ChunkSums sums, Codes codes, Activations activations) {
    // Not intrinsics: compilers move the loads of all tokens' activations to the front and run out of registers.
    __m256i pairs;
    asm volatile("vpmaddubsw %3, %2, %1\n\tvpaddw %1, %0, %0"
                 : "+x"(sums.raw), "=&x"(pairs)
                 : "x"(codes.raw), "x"(activations.raw));
    return sums;
}

HWY_INLINE Sums widen(ChunkSums sums) {
    return Sums{_mm256_madd_epi16(sums.raw, _mm256_set1_epi16(1))};
}

#endif

template <std::size_t tokens>
using TileSums = std::array<ChunkSums, tokens * row_vectors>;  // [token][row vector]

/// Adds the products of 4 columns for one token; its activations are loaded here, just before use, since all registers
/// but a few hold sums.
template <std::size_t tokens, std::size_t token, std::size_t... v>
HWY_INLINE void add_products(TileSums<tokens>& sums, const std::array<Codes, row_vectors>& codes, const std::int8_t* q,
                             std::index_sequence<v...>) {
    std::int32_t four;
    std::memcpy(&four, q, sizeof four);
    const Activations activations = hn::BitCast(activation_tag, hn::Set(sum_tag, four));
    ((sums[token * row_vectors + v] = add_dot(sums[token * row_vectors + v], codes[v], activations)), ...);
}

template <std::size_t index>
HWY_INLINE void put_sums(const TileTokens& in, ChunkSums sums) {
    constexpr std::size_t token = index / row_vectors;
    std::int32_t* place = in.out + token * in.out_stride + index % row_vectors * lanes;
    hn::StoreU(hn::Add(hn::LoadU(sum_tag, place), widen(sums)), sum_tag, place);
}

/// The products of one tile of rows and one chunk of columns. Every access to `sums` has a constant index: then all of
/// them stay in registers.
template <std::size_t tokens, std::size_t... v, std::size_t... t, std::size_t... i>
HWY_INLINE void multiply_chunk(const std::uint32_t* words, const TileTokens& in, std::index_sequence<v...> all_vectors,
                               std::index_sequence<t...>, std::index_sequence<i...>) {
    TileSums<tokens> sums;
    ((sums[i] = hn::Zero(hn::DFromV<ChunkSums>())), ...);
    const std::int8_t* q = in.q;
    for (const std::uint32_t* end = words + tile_words; words != end; words += tile_rows, q += 4) {
        const std::array<Codes, row_vectors> codes{hn::BitCast(code_tag, hn::Load(word_tag, words + v * lanes))...};
        (add_products<tokens, t>(sums, codes, q + t * in.q_stride, all_vectors), ...);
    }
    (put_sums<i>(in, sums[i]), ...);
}

template <std::size_t tokens>
void multiply_tile(const std::uint32_t* words, const TileTokens& in) {
    multiply_chunk<tokens>(words, in, std::make_index_sequence<row_vectors>{}, std::make_index_sequence<tokens>{},
                           std::make_index_sequence<tokens * row_vectors>{});
}

template <std::size_t tokens>
void multiply_some(std::size_t count, const std::uint32_t* words, const TileTokens& in) {
    if (count == tokens) return multiply_tile<tokens>(words, in);
    if constexpr (tokens > 1) multiply_some<tokens - 1>(count, words, in);
}

/// Whole tiles, at most block_tiles; next_rows: what to prefetch towards the end.
void multiply_rows(const std::uint8_t* codes, std::size_t stride, std::size_t tiles, const std::uint8_t* next_rows,
                   const std::int8_t* q, std::span<const std::int32_t> q_sums, std::int32_t* out,
                   std::size_t out_stride) {
    const std::size_t q_stride = stride * 4, rows = tiles * tile_rows;
    const std::size_t passes = (q_sums.size() + max_tokens - 1) / max_tokens;
    BlockCodes block;
    for (std::size_t t = 0; t < q_sums.size(); ++t) std::fill_n(out + t * out_stride, rows, -q_sums[t]);
    for (std::size_t byte = 0; byte < stride; byte += ternary_chunk_bytes, q += ternary_chunk_columns) {
        const bool last = byte + ternary_chunk_bytes == stride;
        const std::uint8_t* next = last ? next_rows : codes + byte + ternary_chunk_bytes;
        unpack_codes(codes + byte, stride, tiles, block);
        std::size_t t = 0;
        for (std::size_t pass = 0; pass < passes; ++pass) {  // of nearly equal size: a small one leaves lanes idle
            // Each pass prefetches its share of the next chunk: all at once would wait for memory.
            for (std::size_t r = rows * pass / passes; r < rows * (pass + 1) / passes; ++r) prefetch(next + r * stride);
            const std::size_t end = q_sums.size() * (pass + 1) / passes;
            for (std::size_t tile = 0; tile < tiles; ++tile)
                multiply_some<max_tokens>(
                    end - t, block.words.data() + tile * tile_words,
                    {q + t * q_stride, q_stride, out + t * out_stride + tile * tile_rows, out_stride});
            t = end;
        }
    }
}

#else

constexpr std::size_t tile_rows = 16, block_tiles = 1;

void multiply_rows(const std::uint8_t* codes, std::size_t stride, std::size_t, const std::uint8_t*,
                   const std::int8_t* q, std::span<const std::int32_t> q_sums, std::int32_t* out,
                   std::size_t out_stride) {
    for (std::size_t t = 0; t < q_sums.size(); ++t)
        matvec(codes, stride, tile_rows, q + t * stride * 4, q_sums[t], out + t * out_stride, nullptr);
}

#endif

/// Below this many tokens unpacking the codes does not pay.
constexpr std::size_t min_unpacked_tokens = 4;
/// Below so many rows or tokens tables do not pay.
constexpr std::size_t min_table_rows [[maybe_unused]] = 256, min_table_tokens [[maybe_unused]] = 16;

#if HWY_TARGET <= HWY_AVX2

/// With byte dot products, 64 a cycle, tables are faster (measured on Zen 4). Processors of other vendors can make 128.
bool tables_are_faster() {
    return HWY_TARGET == HWY_AVX2 || __builtin_cpu_is("amd") != 0;
}

#endif

void multiply_unpacked(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q,
                       std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride,
                       const std::uint8_t* next) {
    std::size_t r = 0;
    while (q_sums.size() >= min_unpacked_tokens && r + tile_rows <= rows) {
        const std::size_t tiles = std::min(block_tiles, (rows - r) / tile_rows), end = r + tiles * tile_rows;
        const bool more = next == nullptr || end < rows;
        multiply_rows(codes + r * stride, stride, tiles, more ? codes + end * stride : next, q, q_sums, out + r,
                      out_stride);
        r = end;
    }
    if (r == rows) return;
    for (std::size_t t = 0; t < q_sums.size(); ++t)
        matvec(codes + r * stride, stride, rows - r, q + t * stride * 4, q_sums[t], out + t * out_stride + r, nullptr);
}

void matmul(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q,
            std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride, const std::uint8_t* next) {
#if HWY_TARGET <= HWY_AVX2
    const std::size_t all = q_sums.size();
    const bool by_tables = rows >= min_table_rows && all >= min_table_tokens && tables_are_faster();
    const std::size_t tokens = by_tables ? all / table_tokens * table_tokens : 0;
    if (tokens > 0) {
        const auto* then = tokens < all ? codes : next;
        multiply_by_tables(codes, stride, rows, q, q_sums.first(tokens), out, out_stride, then);
        if (tokens == all) return;
        q += tokens * stride * 4;
        q_sums = q_sums.subspan(tokens);
        out += tokens * out_stride;
    }
#endif
    multiply_unpacked(codes, stride, rows, q, q_sums, out, out_stride, next);
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
    assert(std::find(q.begin(), q.end(), std::int8_t{-128}) == q.end());
    assert(q_sums.empty() || out.size() >= (q_sums.size() - 1) * out_stride + rows);
    const auto stride = static_cast<std::size_t>(ternary_row_bytes(w.cols));
    HWY_DYNAMIC_DISPATCH(matmul)
    (w.codes.data() + static_cast<std::size_t>(row_begin) * stride, stride, rows, q.data(), q_sums, out.data(),
     out_stride, next);
}

}  // namespace tephra
#endif

// Compiled once for each instruction set by foreach_target.
//
// A chunk of 64 packed bytes holds 256 codes w + 1 in four bit planes. Masking plane p leaves 64 codes scaled by 4^p,
// which one byte dot product (vpdpbusd, or maddubs and madd) multiplies with 64 consecutive activations: nothing is
// shifted to unpack. The sums of plane p are multiples of 4^p, so one exact shift at the end scales them back.
// A product is at most 128 x 127 and maddubs adds two of them, 32512 < 2^15; all else is int32.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "neuro/kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET <= HWY_AVX2

constexpr hn::ScalableTag<std::uint8_t> code_tag;
constexpr hn::ScalableTag<std::int8_t> activation_tag;
constexpr hn::ScalableTag<std::int32_t> sum_tag;
using Codes = hn::Vec<decltype(code_tag)>;
using Activations = hn::Vec<decltype(activation_tag)>;
using Sums = hn::Vec<decltype(sum_tag)>;
constexpr std::size_t vector_bytes = hn::MaxLanes(code_tag);
constexpr std::size_t lanes = hn::MaxLanes(sum_tag);
constexpr std::size_t plane_columns = 64;

/// sums[i] + codes[4 i .. 4 i + 3] . activations[4 i .. 4 i + 3]
HWY_INLINE Sums dot(Sums sums, Codes codes, Activations activations) {
#if HWY_TARGET == HWY_AVX3_DL
    // Not the intrinsic: Highway 1.0.3 compiles this target with AVX-VNNI, which Zen 4 lacks, in place of AVX-512 VNNI,
    // which every processor has that Highway picks it for.
    asm("vpdpbusd %2, %1, %0" : "+v"(sums.raw) : "v"(codes.raw), "v"(activations.raw));
    return sums;
#else
    const __m256i pairs = _mm256_maddubs_epi16(codes.raw, activations.raw);
    return hn::Add(sums, Sums{_mm256_madd_epi16(pairs, _mm256_set1_epi16(1))});
#endif
}

template <std::size_t plane>
HWY_INLINE Codes mask_plane(Codes packed) {
    return hn::And(packed, hn::Set(code_tag, static_cast<std::uint8_t>(3U << (2 * plane))));
}

// Matrix x vector: a few rows at a time share the loads of the activations. Bound by the memory that holds the weights.

/// Bytes between use and prefetch, into the second cache: hides the way from memory and the borders of pages, where the
/// processor's own prefetching starts anew. Measured: 8 to 64 KiB read at the full rate, none or 4 KiB at 40 % of it.
constexpr std::size_t prefetch_distance = 16384;

HWY_INLINE void prefetch(const std::uint8_t* address) {
    __builtin_prefetch(address, 0, 2);
}

template <std::size_t rows>
using PlaneSums = std::array<Sums, 4 * rows>;  // [plane][row]

template <std::size_t rows, std::size_t plane, std::size_t... row>
HWY_INLINE void add_plane(PlaneSums<rows>& sums, const std::array<Codes, rows>& packed, Activations activations,
                          std::index_sequence<row...>) {
    ((sums[plane * rows + row] = dot(sums[plane * rows + row], mask_plane<plane>(packed[row]), activations)), ...);
}

template <std::size_t rows, std::size_t... plane>
HWY_INLINE void add_planes(PlaneSums<rows>& sums, const std::array<Codes, rows>& packed, const std::int8_t* q,
                           std::index_sequence<plane...>) {
    (add_plane<rows, plane>(sums, packed, hn::LoadU(activation_tag, q + plane * plane_columns),
                            std::make_index_sequence<rows>{}),
     ...);
}

template <std::size_t rows, std::size_t... row>
HWY_INLINE void dot_rows(const std::uint8_t* codes, std::size_t stride, const std::int8_t* q, std::int32_t q_sum,
                         std::int32_t* out, std::index_sequence<row...> all_rows) {
    PlaneSums<rows> sums;
    sums.fill(hn::Zero(sum_tag));
    for (std::size_t byte = 0; byte < stride; byte += vector_bytes) {
        (prefetch(codes + row * stride + byte + prefetch_distance), ...);
        const std::array<Codes, rows> packed{hn::LoadU(code_tag, codes + row * stride + byte)...};
        const std::size_t column = byte / ternary_chunk_bytes * ternary_chunk_columns + byte % ternary_chunk_bytes;
        add_planes<rows>(sums, packed, q + column, std::make_index_sequence<4>{});
    }
    (void)all_rows;
    const auto total = [&](std::size_t r) HWY_ATTR {
        Sums sum = hn::Add(sums[r], hn::ShiftRight<2>(sums[rows + r]));
        sum = hn::Add(sum, hn::ShiftRight<4>(sums[2 * rows + r]));
        sum = hn::Add(sum, hn::ShiftRight<6>(sums[3 * rows + r]));
        return hn::GetLane(hn::SumOfLanes(sum_tag, sum)) - q_sum;
    };
    ((out[row] = total(row)), ...);
}

void matvec(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q, std::int32_t q_sum,
            std::int32_t* out) {
    constexpr std::size_t step = HWY_TARGET == HWY_AVX2 ? 2 : 4;
    std::size_t r = 0;
    for (; r + step <= rows; r += step)
        dot_rows<step>(codes + r * stride, stride, q, q_sum, out + r, std::make_index_sequence<step>{});
    for (; r < rows; ++r) dot_rows<1>(codes + r * stride, stride, q, q_sum, out + r, std::make_index_sequence<1>{});
}

// Matrix x matrix. Lanes are rows: the four bytes of 4 columns are gathered from as many rows as there are lanes, once
// for all tokens, and multiplied with the broadcast activations of a token; no sum crosses lanes. For a block of
// columns whose codes fit the first cache the sums of a tile of rows x tokens stay in registers through all four
// planes: from plane 3 down, each shift by two turns them into multiples of the next plane's scale.

constexpr std::size_t row_vectors = HWY_TARGET == HWY_AVX2 ? 2 : 4;
constexpr std::size_t max_tokens = HWY_TARGET == HWY_AVX2 ? 4 : 6;
constexpr std::size_t tile_rows = row_vectors * lanes;
constexpr std::size_t block_chunks = 4;
constexpr std::size_t chunk_words = ternary_chunk_bytes / 4;

/// Codes of one tile of rows and one block of columns: [chunk][word][row], a word being the bytes of 4 columns a plane.
struct TileCodes {
    alignas(64) std::array<std::uint32_t, block_chunks * chunk_words * tile_rows> words;
};

/// Transposes a tile of codes by squares of 4 x 4 words, and prefetches the tile at `next`.
void gather_codes(const std::uint8_t* codes, std::size_t stride, std::size_t chunks, const std::uint8_t* next,
                  TileCodes& tile) {
    constexpr hn::Full128<std::uint32_t> words;
    constexpr hn::Full128<std::uint64_t> pairs;
    const auto load_words = [&](std::size_t row, std::size_t word) HWY_ATTR {
        return hn::BitCast(words, hn::LoadU(hn::Full128<std::uint8_t>(), codes + row * stride + word * 4));
    };
    for (std::size_t row = 0; row < tile_rows; row += 4) {
        for (std::size_t i = 0; i < 4 * block_chunks; ++i)
            prefetch(next + (row + i / block_chunks) * stride + i % block_chunks * ternary_chunk_bytes);
        for (std::size_t word = 0; word < chunks * chunk_words; word += 4) {
            const auto a = load_words(row, word), b = load_words(row + 1, word);
            const auto c = load_words(row + 2, word), d = load_words(row + 3, word);
            const auto ab01 = hn::BitCast(pairs, hn::InterleaveLower(words, a, b));
            const auto ab23 = hn::BitCast(pairs, hn::InterleaveUpper(words, a, b));
            const auto cd01 = hn::BitCast(pairs, hn::InterleaveLower(words, c, d));
            const auto cd23 = hn::BitCast(pairs, hn::InterleaveUpper(words, c, d));
            std::uint32_t* out = tile.words.data() + word * tile_rows + row;
            hn::Store(hn::BitCast(words, hn::InterleaveLower(pairs, ab01, cd01)), words, out);
            hn::Store(hn::BitCast(words, hn::InterleaveUpper(pairs, ab01, cd01)), words, out + tile_rows);
            hn::Store(hn::BitCast(words, hn::InterleaveLower(pairs, ab23, cd23)), words, out + 2 * tile_rows);
            hn::Store(hn::BitCast(words, hn::InterleaveUpper(pairs, ab23, cd23)), words, out + 3 * tile_rows);
        }
    }
}

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

template <std::size_t tokens, std::size_t plane, std::size_t... v, std::size_t... t>
HWY_INLINE void multiply_plane(TileSums<tokens>& sums, const TileCodes& tile, std::size_t chunks, const std::int8_t* q,
                               std::size_t q_stride, std::index_sequence<v...>, std::index_sequence<t...>) {
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        const std::int8_t* column = q + chunk * ternary_chunk_columns + plane * plane_columns;
        const auto* words = reinterpret_cast<const std::uint8_t*>(tile.words.data() + chunk * chunk_words * tile_rows);
        for (std::size_t word = 0; word < chunk_words; ++word, words += 4 * tile_rows, column += 4) {
            const std::array<Codes, row_vectors> codes{
                mask_plane<plane>(hn::Load(code_tag, words + v * vector_bytes))...};
            (add_products<tokens, t>(sums, codes, column + t * q_stride, std::index_sequence<v...>{}), ...);
        }
    }
}

template <std::size_t tokens>
HWY_INLINE void scale_down(TileSums<tokens>& sums) {
    for (Sums& sum : sums) sum = hn::ShiftRight<2>(sum);
}

/// Adds the products of one tile of rows and one block of columns to out, for `tokens` tokens.
template <std::size_t tokens>
void multiply_tile(const TileCodes& tile, std::size_t chunks, const std::int8_t* q, std::size_t q_stride,
                   std::int32_t* out, std::size_t out_stride) {
    constexpr auto all_vectors = std::make_index_sequence<row_vectors>{};
    constexpr auto all_tokens = std::make_index_sequence<tokens>{};
    TileSums<tokens> sums;
    sums.fill(hn::Zero(sum_tag));
    multiply_plane<tokens, 3>(sums, tile, chunks, q, q_stride, all_vectors, all_tokens);
    scale_down<tokens>(sums);
    multiply_plane<tokens, 2>(sums, tile, chunks, q, q_stride, all_vectors, all_tokens);
    scale_down<tokens>(sums);
    multiply_plane<tokens, 1>(sums, tile, chunks, q, q_stride, all_vectors, all_tokens);
    scale_down<tokens>(sums);
    multiply_plane<tokens, 0>(sums, tile, chunks, q, q_stride, all_vectors, all_tokens);
    for (std::size_t i = 0; i < sums.size(); ++i) {
        std::int32_t* place = out + i / row_vectors * out_stride + i % row_vectors * lanes;
        hn::StoreU(hn::Add(hn::LoadU(sum_tag, place), sums[i]), sum_tag, place);
    }
}

template <std::size_t tokens>
void multiply_some(std::size_t count, const TileCodes& tile, std::size_t chunks, const std::int8_t* q,
                   std::size_t q_stride, std::int32_t* out, std::size_t out_stride) {
    if (count == tokens) return multiply_tile<tokens>(tile, chunks, q, q_stride, out, out_stride);
    if constexpr (tokens > 1) multiply_some<tokens - 1>(count, tile, chunks, q, q_stride, out, out_stride);
}

void multiply_rows(const std::uint8_t* codes, std::size_t stride, const std::int8_t* q,
                   std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride) {
    for (std::size_t t = 0; t < q_sums.size(); ++t) std::fill_n(out + t * out_stride, tile_rows, -q_sums[t]);
    const std::size_t q_stride = stride * 4;
    TileCodes tile;
    for (std::size_t byte = 0; byte < stride; byte += block_chunks * ternary_chunk_bytes) {
        const std::size_t chunks = std::min(block_chunks, (stride - byte) / ternary_chunk_bytes);
        const bool last = byte + chunks * ternary_chunk_bytes == stride;
        const std::uint8_t* next = last ? codes + tile_rows * stride : codes + byte + chunks * ternary_chunk_bytes;
        gather_codes(codes + byte, stride, chunks, next, tile);
        for (std::size_t t = 0; t < q_sums.size(); t += max_tokens)
            multiply_some<max_tokens>(std::min(max_tokens, q_sums.size() - t), tile, chunks,
                                      q + t * q_stride + byte * 4, q_stride, out + t * out_stride, out_stride);
    }
}

#else

constexpr std::size_t tile_rows = 16;

void matvec(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q, std::int32_t q_sum,
            std::int32_t* out) {
    for (std::size_t r = 0; r < rows; ++r, codes += stride) {
        std::int32_t sum = -q_sum;
        for (std::size_t chunk = 0; chunk < stride; chunk += ternary_chunk_bytes)
            for (std::size_t plane = 0; plane < 4; ++plane)
                for (std::size_t b = 0; b < ternary_chunk_bytes; ++b)
                    sum += (codes[chunk + b] >> (2 * plane) & 3) * q[chunk * 4 + plane * ternary_chunk_bytes + b];
        out[r] = sum;
    }
}

void multiply_rows(const std::uint8_t* codes, std::size_t stride, const std::int8_t* q,
                   std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride) {
    for (std::size_t t = 0; t < q_sums.size(); ++t)
        matvec(codes, stride, tile_rows, q + t * stride * 4, q_sums[t], out + t * out_stride);
}

#endif

/// Below this many tokens gathering the codes does not pay.
constexpr std::size_t min_gathered_tokens = 4;

void matmul(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q,
            std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride) {
    for (std::size_t r = 0; r < rows; r += tile_rows) {
        const std::size_t count = std::min(tile_rows, rows - r);
        if (count == tile_rows && q_sums.size() >= min_gathered_tokens) {
            multiply_rows(codes + r * stride, stride, q, q_sums, out + r, out_stride);
            continue;
        }
        for (std::size_t t = 0; t < q_sums.size(); ++t)
            matvec(codes + r * stride, stride, count, q + t * stride * 4, q_sums[t], out + t * out_stride + r);
    }
}

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tephra {

HWY_EXPORT(matvec);
HWY_EXPORT(matmul);

std::int32_t activation_sum(std::span<const std::int8_t> q) {
    std::int32_t sum = 0;
    for (const std::int8_t value : q) sum += value;
    return sum;
}

void ternary_matvec(const TernaryMatrix& w, int row_begin, int row_end, std::span<const std::int8_t> q,
                    std::int32_t q_sum, std::span<std::int32_t> out) {
    const auto rows = static_cast<std::size_t>(row_end - row_begin);
    assert(0 <= row_begin && row_begin <= row_end && row_end <= w.rows);
    assert(q.size() == padded_activations(w.cols) && out.size() == rows);
    const auto stride = static_cast<std::size_t>(ternary_row_bytes(w.cols));
    HWY_DYNAMIC_DISPATCH(matvec)
    (w.codes.data() + static_cast<std::size_t>(row_begin) * stride, stride, rows, q.data(), q_sum, out.data());
}

void ternary_matmul(const TernaryMatrix& w, int row_begin, int row_end, std::span<const std::int8_t> q,
                    std::span<const std::int32_t> q_sums, std::span<std::int32_t> out, std::size_t out_stride) {
    const auto rows = static_cast<std::size_t>(row_end - row_begin);
    assert(0 <= row_begin && row_begin <= row_end && row_end <= w.rows && rows <= out_stride);
    assert(q.size() == q_sums.size() * padded_activations(w.cols));
    assert(q_sums.empty() || out.size() >= (q_sums.size() - 1) * out_stride + rows);
    const auto stride = static_cast<std::size_t>(ternary_row_bytes(w.cols));
    HWY_DYNAMIC_DISPATCH(matmul)
    (w.codes.data() + static_cast<std::size_t>(row_begin) * stride, stride, rows, q.data(), q_sums, out.data(),
     out_stride);
}

}  // namespace tephra
#endif

// Matrix x many vectors by tables, for processors without byte dot products. A packed byte names the weights of 4
// columns; of the sums of 4 activations that it can ask for there are 3^4. They are made once for a block of tokens,
// whose tokens are the lanes, and then every row adds one of them: one addition and no product for 4 columns of 16
// tokens. The sums of a chunk of columns fit 16 bits: 64 x 4 x 127 < 2^15.
// Compiled once for each instruction set by foreach_target.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/lm/kernels_table.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <array>
#include <cstring>

#include "neuro/lm/ternary_vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2

constexpr hn::ScalableTag<std::int16_t> part_tag;
using Parts = hn::Vec<decltype(part_tag)>;
constexpr std::size_t table_entries = 81;
constexpr std::size_t table_bytes = table_entries * table_tokens * sizeof(std::int16_t);
constexpr std::size_t block_bytes = 8;  ///< of a row, added together: their tables fit the first cache
constexpr std::size_t blocks = ternary_chunk_bytes / block_bytes;
constexpr std::size_t max_rows = 1536;  ///< whose indices fit the second cache

/// Activations of one chunk of columns, [column][token].
using Columns = std::array<std::int16_t, ternary_chunk_columns * table_tokens>;
/// Of each byte of a block, for each index the sum of w q over its columns, [byte][index][token].
using Tables = std::array<std::int16_t, block_bytes * table_entries * table_tokens>;
/// One chunk of columns: where in its table the entry of a byte is, in bytes, [block][row][byte].
using Places = std::array<std::uint16_t, blocks * max_rows * block_bytes>;
/// [row][token]
using Partial = std::array<std::int16_t, max_rows * table_tokens>;

constexpr hn::FixedTag<std::uint8_t, 16> byte_tag;
constexpr hn::FixedTag<std::uint16_t, 8> place_tag;
using Bytes = hn::Vec<decltype(byte_tag)>;

/// Each byte shifted; its upper bits come from the next one.
template <int bits>
HWY_INLINE Bytes shift_right(Bytes v) {
    return hn::BitCast(byte_tag, hn::ShiftRight<bits>(hn::BitCast(place_tag, v)));
}

/// Codes in base 4 become places in base 3.
void find_places(const std::uint8_t* codes, std::size_t stride, std::size_t rows, Places& places) {
    const Bytes digits = hn::Set(byte_tag, 0x33), nibble = hn::Set(byte_tag, 0x0F);
    for (std::size_t row = 0; row < rows; ++row, codes += stride)
        for (std::size_t byte = 0; byte < ternary_chunk_bytes; byte += 16) {
            const Bytes packed = hn::LoadU(byte_tag, codes + byte);
            const Bytes odd = hn::And(shift_right<2>(packed), digits);  // planes 1 and 3
            const Bytes pairs = hn::Add(hn::And(packed, digits), hn::Add(odd, hn::Add(odd, odd)));
            const Bytes low = hn::And(pairs, nibble), high = hn::And(shift_right<4>(pairs), nibble);
            const Bytes high2 = hn::Add(high, high), high4 = hn::Add(high2, high2);
            const Bytes index = hn::Add(hn::Add(low, high), hn::Add(high4, high4));  // low + 9 high
            const auto place = hn::ShiftLeft<5>(hn::PromoteTo(hn::FixedTag<std::uint16_t, 16>(), index));
            std::uint16_t* to = places.data() + (byte / block_bytes * max_rows + row) * block_bytes;
            hn::Store(hn::LowerHalf(place), place_tag, to);
            hn::Store(hn::UpperHalf(place_tag, place), place_tag, to + max_rows * block_bytes);
        }
}

/// q: of the first token and the chunk's first column.
void transpose_columns(const std::int8_t* q, std::size_t q_stride, Columns& columns) {
    constexpr hn::FixedTag<std::int8_t, 16> bytes;
    for (std::size_t column = 0; column < ternary_chunk_columns; column += 16) {
        std::array<hn::Vec<decltype(bytes)>, 16> a, b;
        for (std::size_t t = 0; t < 16; ++t) a[t] = hn::LoadU(bytes, q + t * q_stride + column);
        for (int stage = 0; stage < 4; ++stage, a = b)
            for (std::size_t i = 0; i < 8; ++i) {
                b[2 * i] = hn::InterleaveLower(bytes, a[i], a[i + 8]);
                b[2 * i + 1] = hn::InterleaveUpper(bytes, a[i], a[i + 8]);
            }
        for (std::size_t i = 0; i < 16; ++i)
            hn::Store(hn::PromoteTo(part_tag, a[i]), part_tag, columns.data() + (column + i) * table_tokens);
    }
}

/// The nine sums of two columns with weights -1, 0, 1; the first column's weight changes fastest.
HWY_INLINE std::array<Parts, 9> sums_of_two(const std::int16_t* first, const std::int16_t* second) {
    const Parts x = hn::Load(part_tag, first), y = hn::Load(part_tag, second), zero = hn::Zero(part_tag);
    const Parts minus = hn::Sub(zero, y);
    return {hn::Sub(minus, x), minus, hn::Add(minus, x), hn::Sub(zero, x), zero, x, hn::Sub(y, x), y, hn::Add(y, x)};
}

void make_tables(const Columns& columns, std::size_t first_byte, Tables& tables) {
    std::int16_t* to = tables.data();
    for (std::size_t byte = first_byte; byte < first_byte + block_bytes; ++byte) {
        const auto plane = [&](std::size_t p) { return columns.data() + (p * plane_columns + byte) * table_tokens; };
        const std::array<Parts, 9> low = sums_of_two(plane(0), plane(1)), high = sums_of_two(plane(2), plane(3));
        for (const Parts& outer : high)
            for (const Parts& inner : low) {
                hn::Store(hn::Add(outer, inner), part_tag, to);
                to += table_tokens;
            }
    }
}

/// Adds what the rows ask for of one block of bytes.
void add_entries(const std::uint16_t* places, const Tables& tables, std::size_t rows, bool first, Partial& partial) {
    const auto* table = reinterpret_cast<const std::uint8_t*>(tables.data());
    const auto entry = [&](std::size_t byte, std::size_t place) {
        return reinterpret_cast<const std::int16_t*>(table + byte * table_bytes + place);
    };
    for (std::size_t row = 0; row < rows; ++row, places += block_bytes) {
        const auto sum_of_four = [&](std::size_t byte) HWY_ATTR {
            std::uint64_t four;
            std::memcpy(&four, places + byte, sizeof four);
            const Parts a = hn::Load(part_tag, entry(byte, four & 0xFFFF));
            const Parts b = hn::Load(part_tag, entry(byte + 1, four >> 16 & 0xFFFF));
            const Parts c = hn::Load(part_tag, entry(byte + 2, four >> 32 & 0xFFFF));
            const Parts d = hn::Load(part_tag, entry(byte + 3, four >> 48));
            return hn::Add(hn::Add(a, b), hn::Add(c, d));
        };
        const Parts sum = hn::Add(sum_of_four(0), sum_of_four(4));
        std::int16_t* place = partial.data() + row * table_tokens;
        hn::Store(first ? sum : hn::Add(sum, hn::Load(part_tag, place)), part_tag, place);
    }
}

/// Adds the sums of 8 rows to those of the chunks before, out[token][row].
HWY_INLINE void put_rows(const std::int16_t* partial, bool first, std::int32_t* out, std::size_t out_stride) {
    constexpr hn::ScalableTag<std::int64_t> pairs;
    for (std::size_t begin = 0; begin < table_tokens; begin += 8) {
        std::array<Sums, 8> a, b;
        for (std::size_t r = 0; r < 8; ++r)
            a[r] = hn::PromoteTo(sum_tag, hn::Load(hn::Half<decltype(part_tag)>(), partial + r * table_tokens + begin));
        for (std::size_t g = 0; g < 8; g += 4)
            for (std::size_t half = 0; half < 2; ++half) {  // 4 x 4 within blocks of 128 bits
                const auto part = [&](std::size_t r) HWY_ATTR {
                    return hn::BitCast(pairs, half == 0 ? hn::InterleaveLower(sum_tag, a[g + r], a[g + r + 1])
                                                        : hn::InterleaveUpper(sum_tag, a[g + r], a[g + r + 1]));
                };
                b[g + 2 * half] = hn::BitCast(sum_tag, hn::InterleaveLower(pairs, part(0), part(2)));
                b[g + 2 * half + 1] = hn::BitCast(sum_tag, hn::InterleaveUpper(pairs, part(0), part(2)));
            }
        for (std::size_t t = 0; t < 8; ++t) {
            const std::size_t k = t % 4;
            const Sums sums =
                t < 4 ? hn::ConcatLowerLower(sum_tag, b[4 + k], b[k]) : hn::ConcatUpperUpper(sum_tag, b[4 + k], b[k]);
            std::int32_t* place = out + (begin + t) * out_stride;
            hn::StoreU(first ? sums : hn::Add(sums, hn::LoadU(sum_tag, place)), sum_tag, place);
        }
    }
}

/// A block of rows, at most max_rows and a multiple of 8.
void multiply_block(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q,
                    std::size_t tokens, std::int32_t* out, std::size_t out_stride, const std::uint8_t* next) {
    struct {
        alignas(64) Places places;
        alignas(64) Partial partial;
        alignas(64) Columns columns;
        alignas(64) Tables tables;
    } scratch;
    const std::size_t q_stride = stride * 4;
    for (std::size_t byte = 0; byte < stride; byte += ternary_chunk_bytes, q += ternary_chunk_columns) {
        find_places(codes + byte, stride, rows, scratch.places);
        const std::uint8_t* ahead = byte + ternary_chunk_bytes == stride ? next : codes + byte + ternary_chunk_bytes;
        for (std::size_t t = 0; t < tokens; t += table_tokens) {
            transpose_columns(q + t * q_stride, q_stride, scratch.columns);
            for (std::size_t block = 0; block < blocks; ++block) {
                make_tables(scratch.columns, block * block_bytes, scratch.tables);
                add_entries(scratch.places.data() + block * max_rows * block_bytes, scratch.tables, rows, block == 0,
                            scratch.partial);
            }
            for (std::size_t row = 0; row < rows; row += 8) {
                for (std::size_t r = row; t == 0 && r < row + 8; ++r) prefetch(ahead + r * stride);
                put_rows(scratch.partial.data() + row * table_tokens, byte == 0, out + t * out_stride + row,
                         out_stride);
            }
        }
    }
}

void multiply_by_tables(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q,
                        std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride,
                        const std::uint8_t* next) {
    const std::size_t eights = rows / 8, parts = (rows + max_rows - 1) / max_rows;
    for (std::size_t part = 0; part < parts; ++part) {  // of nearly equal size: a small one makes tables for few rows
        const std::size_t begin = eights * part / parts * 8, end = eights * (part + 1) / parts * 8;
        const bool more = next == nullptr || part + 1 < parts;
        multiply_block(codes + begin * stride, stride, end - begin, q, q_sums.size(), out + begin, out_stride,
                       more ? codes + end * stride : next);
    }
    for (std::size_t t = 0; t < q_sums.size(); ++t)
        matvec(codes + eights * 8 * stride, stride, rows % 8, q + t * stride * 4, q_sums[t],
               out + t * out_stride + eights * 8, nullptr);
}

#endif

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

// Matrix x many vectors by tables in registers, for processors that look up 32 entries of 16 bits in one instruction
// (vpermw). 3 activations and 3 ternary weights have 27 possible sums, which fit one vector. Lanes are rows: the index
// of a row is its 3 weights as a number in base 3. So 96 products are one look-up and one addition; vpdpbusd makes 64.
// The sums are those of codes w + 1, less the sum of the activations. They may wrap in their 16 bits, since the result
// of a chunk of columns fits: 64 x 4 x 127 < 2^15.
// Compiled once for each instruction set by foreach_target.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "neuro/lm/kernels_permute.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <array>
#include <cstring>
#include <utility>

#include "neuro/lm/ternary_vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tephra::HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX3_DL

constexpr hn::ScalableTag<std::int16_t> part_tag;
constexpr hn::ScalableTag<std::uint16_t> index_tag;
using Parts = hn::Vec<decltype(part_tag)>;
using Index = hn::Vec<decltype(index_tag)>;
constexpr std::size_t group_rows = 32;  ///< the lanes of a vector
constexpr std::size_t tile_groups = 4;  ///< whose sums stay in registers
constexpr std::size_t max_groups = 48;  ///< whose indices fit the second cache
/// Three columns make a look-up: c of planes 0 to 2, and c, c + 22 and c + 44 (if there is one) of plane 3.
constexpr std::size_t last_plane_lookups = 22, lookups = plane_columns + last_plane_lookups;
constexpr std::size_t lookup_space = 96;  ///< the same, up to a multiple of 32

/// Of a group and a chunk of columns, [lookup][row].
using Indices = std::array<std::uint16_t, lookups * group_rows>;
/// Of some tokens and a chunk of columns, for each index the sum of its codes x activations, [lookup][token][index].
using Tables = std::array<std::int16_t, lookups * table_tokens * group_rows>;

/// bytes: [row][lookup_space], to: [lookup][row].
void transpose_indices(const std::uint8_t* bytes, Indices& to) {
    constexpr hn::FixedTag<std::uint8_t, 16> half_tag;
    constexpr hn::FixedTag<std::uint8_t, 32> row_tag;
    for (std::size_t begin = 0; begin < lookups; begin += 16) {
        std::array<hn::Vec<decltype(row_tag)>, 16> a, b;
        for (std::size_t r = 0; r < 16; ++r)
            a[r] = hn::Combine(row_tag, hn::Load(half_tag, bytes + (16 + r) * lookup_space + begin),
                               hn::Load(half_tag, bytes + r * lookup_space + begin));
        for (int stage = 0; stage < 4; ++stage, a = b)
            for (std::size_t i = 0; i < 8; ++i) {
                b[2 * i] = hn::InterleaveLower(row_tag, a[i], a[i + 8]);
                b[2 * i + 1] = hn::InterleaveUpper(row_tag, a[i], a[i + 8]);
            }
        for (std::size_t i = 0; i < 16 && begin + i < lookups; ++i)
            hn::Store(hn::PromoteTo(index_tag, a[i]), index_tag, to.data() + (begin + i) * group_rows);
    }
}

template <int plane>
HWY_INLINE Codes codes_of(Codes packed) {
    return hn::And(hn::BitCast(code_tag, hn::ShiftRight<2 * plane>(hn::BitCast(index_tag, packed))),
                   hn::Set(code_tag, 3));
}

HWY_INLINE Codes base_3(Codes first, Codes second, Codes third) {
    const Codes upper = hn::Add(second, hn::Add(third, hn::Add(third, third)));
    return hn::Add(first, hn::Add(upper, hn::Add(upper, upper)));
}

/// Lane i is lane i + places. Lanes behind the last are any code: their activations in the tables are 0.
HWY_INLINE Codes shifted(Codes codes, std::size_t places) {
    const Codes from = hn::Iota(code_tag, static_cast<std::uint8_t>(places));
    return Codes{_mm512_permutexvar_epi8(from.raw, codes.raw)};
}

void find_indices(const std::uint8_t* codes, std::size_t stride, Indices& indices) {
    alignas(64) std::array<std::uint8_t, group_rows * lookup_space> bytes;
    std::uint8_t* to = bytes.data();
    for (std::size_t row = 0; row < group_rows; ++row, codes += stride, to += lookup_space) {
        const Codes packed = hn::LoadU(code_tag, codes), last = codes_of<3>(packed);
        hn::StoreU(base_3(codes_of<0>(packed), codes_of<1>(packed), codes_of<2>(packed)), code_tag, to);
        const Codes of_last = base_3(last, shifted(last, last_plane_lookups), shifted(last, 2 * last_plane_lookups));
        hn::StoreU(hn::LowerHalf(of_last), hn::Half<decltype(code_tag)>(), to + plane_columns);
    }
    transpose_indices(bytes.data(), indices);
}

/// Two activations or codes of one look-up in each lane, side by side as maddubs multiplies them.
using Pairs = std::array<std::uint16_t, lookup_space>;

HWY_INLINE Index pair(Index first, Index second) {
    return hn::Or(first, hn::ShiftLeft<8>(second));
}

/// The three columns of 32 look-ups: first and second, and the third beside 0.
HWY_INLINE void pair_columns(const std::int8_t* first, const std::int8_t* second, const std::int8_t* third,
                             std::uint16_t* pairs, std::uint16_t* thirds) {
    const auto words = [](const std::int8_t* from) HWY_ATTR {
        const auto bytes = hn::LoadU(hn::Half<decltype(activation_tag)>(), from);
        return hn::PromoteTo(index_tag, hn::BitCast(hn::Half<decltype(code_tag)>(), bytes));
    };
    hn::Store(pair(words(first), words(second)), index_tag, pairs);
    hn::Store(words(third), index_tag, thirds);
}

/// Tables of one token and the chunk of columns at q. Returns minus the sum of its activations.
std::int16_t make_tables(const std::int8_t* q, std::int16_t* to) {
    alignas(64) Pairs pairs, thirds;
    alignas(64) std::array<std::int8_t, 2 * last_plane_lookups + group_rows> last{};
    std::memcpy(last.data(), q + 3 * plane_columns, plane_columns);
    for (std::size_t c = 0; c < plane_columns; c += 32)
        pair_columns(q + c, q + plane_columns + c, q + 2 * plane_columns + c, pairs.data() + c, thirds.data() + c);
    pair_columns(last.data(), last.data() + last_plane_lookups, last.data() + 2 * last_plane_lookups,
                 pairs.data() + plane_columns, thirds.data() + plane_columns);
    const auto divided = [](Index v, std::uint16_t inverse)
                             HWY_ATTR { return hn::MulHigh(v, hn::Set(index_tag, inverse)); };
    const Index index = hn::Iota(index_tag, 0), by_3 = divided(index, 65536 / 3 + 1),
                by_9 = divided(index, 65536 / 9 + 1);
    const auto times_3 = [](Index v) HWY_ATTR { return hn::Add(v, hn::Add(v, v)); };
    const Index codes = pair(hn::Sub(index, times_3(by_3)), hn::Sub(by_3, times_3(by_9)));
    for (std::size_t l = 0; l < lookups; ++l, to += table_tokens * group_rows) {
        const __m512i of_pair = _mm512_maddubs_epi16(codes.raw, hn::Set(index_tag, pairs[l]).raw);
        const __m512i of_third = _mm512_maddubs_epi16(by_9.raw, hn::Set(index_tag, thirds[l]).raw);
        hn::Store(hn::Add(Parts{of_pair}, Parts{of_third}), part_tag, to);
    }
    Sums sum = hn::Zero(sum_tag);
    for (std::size_t c = 0; c < ternary_chunk_columns; c += vector_bytes)
        sum = dot(sum, hn::Set(code_tag, 1), hn::LoadU(activation_tag, q + c));
    return static_cast<std::int16_t>(-hn::GetLane(hn::SumOfLanes(sum_tag, sum)));
}

/// Where the sums of some tokens and groups begin, and where they go.
struct TilePlace {
    std::array<std::int16_t, table_tokens> begin;
    bool first;         ///< of the chunks: the sums are put, not added
    std::int32_t* out;  ///< [token][row]
    std::size_t out_stride;
};

HWY_INLINE void put_sums(Parts sums, bool first, std::int32_t* to) {
    const auto put = [first](Sums part, std::int32_t* place) HWY_ATTR {
        hn::StoreU(first ? part : hn::Add(part, hn::LoadU(sum_tag, place)), sum_tag, place);
    };
    put(hn::PromoteTo(sum_tag, hn::LowerHalf(sums)), to);
    put(hn::PromoteTo(sum_tag, hn::UpperHalf(hn::Half<decltype(part_tag)>(), sums)), to + lanes);
}

template <std::size_t groups, std::size_t token, std::size_t... g>
HWY_INLINE void add_entries(std::array<Parts, groups * table_tokens>& sums, const std::array<Index, groups>& places,
                            const std::int16_t* table, std::index_sequence<g...>) {
    Parts entries = hn::Load(part_tag, table);
    asm("" : "+v"(entries.raw));  // or compilers load them for each look-up anew
    const auto entry = [&](Index place) HWY_ATTR { return Parts{_mm512_permutexvar_epi16(place.raw, entries.raw)}; };
    ((sums[token * groups + g] = hn::Add(sums[token * groups + g], entry(places[g]))), ...);
}

/// One chunk of columns. Every access to `sums` has a constant index: then all of them stay in registers.
template <std::size_t groups, std::size_t... g, std::size_t... t, std::size_t... i>
HWY_INLINE void multiply_tile(const std::uint16_t* index, const std::int16_t* table, const TilePlace& place,
                              std::index_sequence<g...> all_groups, std::index_sequence<t...>,
                              std::index_sequence<i...>) {
    std::array<Parts, groups * table_tokens> sums{hn::Set(part_tag, place.begin[i / groups])...};
    for (std::size_t l = 0; l < lookups; ++l, index += group_rows, table += table_tokens * group_rows) {
        const std::array<Index, groups> places{hn::Load(index_tag, index + g * lookups * group_rows)...};
        (add_entries<groups, t>(sums, places, table + t * group_rows, all_groups), ...);
    }
    (put_sums(sums[i], place.first, place.out + i / groups * place.out_stride + i % groups * group_rows), ...);
}

template <std::size_t groups>
void multiply_some(std::size_t count, const Indices* indices, const Tables& tables, const TilePlace& place) {
    if (count >= groups)
        return multiply_tile<groups>(indices->data(), tables.data(), place, std::make_index_sequence<groups>{},
                                     std::make_index_sequence<table_tokens>{},
                                     std::make_index_sequence<groups * table_tokens>{});
    if constexpr (groups > 1) multiply_some<groups - 1>(count, indices, tables, place);
}

/// At most max_groups.
void multiply_groups(const std::uint8_t* codes, std::size_t stride, std::size_t groups, const std::int8_t* q,
                     std::size_t tokens, std::int32_t* out, std::size_t out_stride, const std::uint8_t* next) {
    struct {
        alignas(64) std::array<Indices, max_groups> indices;
        alignas(64) Tables tables;
    } scratch;
    const std::size_t q_stride = stride * 4, rows = groups * group_rows;
    for (std::size_t byte = 0; byte < stride; byte += ternary_chunk_bytes, q += ternary_chunk_columns) {
        for (std::size_t group = 0; group < groups; ++group)
            find_indices(codes + byte + group * group_rows * stride, stride, scratch.indices[group]);
        const std::uint8_t* ahead = byte + ternary_chunk_bytes == stride ? next : codes + byte + ternary_chunk_bytes;
        for (std::size_t t = 0; t < tokens; t += table_tokens) {
            for (std::size_t r = rows * t / tokens; r < rows * (t + table_tokens) / tokens; ++r)
                prefetch(ahead + r * stride);
            TilePlace place{{}, byte == 0, out + t * out_stride, out_stride};
            for (std::size_t k = 0; k < table_tokens; ++k)
                place.begin[k] = make_tables(q + (t + k) * q_stride, scratch.tables.data() + k * group_rows);
            for (std::size_t group = 0; group < groups; group += tile_groups, place.out += tile_groups * group_rows)
                multiply_some<tile_groups>(groups - group, &scratch.indices[group], scratch.tables, place);
        }
    }
}

void multiply_by_tables(const std::uint8_t* codes, std::size_t stride, std::size_t rows, const std::int8_t* q,
                        std::span<const std::int32_t> q_sums, std::int32_t* out, std::size_t out_stride,
                        const std::uint8_t* next) {
    const std::size_t groups = rows / group_rows, parts = (groups + max_groups - 1) / max_groups;
    for (std::size_t part = 0; part < parts; ++part) {  // of nearly equal size: a small one makes tables for few rows
        const std::size_t begin = groups * part / parts * group_rows, end = groups * (part + 1) / parts * group_rows;
        const bool more = next == nullptr || part + 1 < parts;
        multiply_groups(codes + begin * stride, stride, (end - begin) / group_rows, q, q_sums.size(), out + begin,
                        out_stride, more ? codes + end * stride : next);
    }
    const std::size_t done = groups * group_rows;
    for (std::size_t t = 0; t < q_sums.size(); ++t)
        matvec(codes + done * stride, stride, rows - done, q + t * stride * 4, q_sums[t], out + t * out_stride + done,
               nullptr);
}

#endif

}  // namespace tephra::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

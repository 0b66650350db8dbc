#pragma once
// What device code needs to compile for the host, so that its arithmetic is tested without a GPU. Include it before
// a header of backends/cuda/*.cuh, and only in a test.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#define __device__
#define __host__
#define __noinline__

using std::abs;
using std::max;
using std::min;

struct int2 {
    int x, y;
};
struct int4 {
    int x, y, z, w;
};
struct uint4 {
    unsigned x, y, z, w;
};

inline int __clz(int v) {
    return v == 0 ? 32 : __builtin_clz(static_cast<unsigned>(v));
}
inline int __clzll(long long v) {
    return v == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(v));
}
inline std::uint32_t __funnelshift_r(std::uint32_t low, std::uint32_t high, std::uint32_t shift) {
    return static_cast<std::uint32_t>((std::uint64_t{high} << 32 | low) >> (shift & 31));
}
inline std::uint32_t __funnelshift_l(std::uint32_t low, std::uint32_t high, std::uint32_t shift) {
    return static_cast<std::uint32_t>((std::uint64_t{high} << 32 | low) << (shift & 31) >> 32);
}
inline std::uint32_t __funnelshift_rc(std::uint32_t low, std::uint32_t high, std::uint32_t shift) {
    return shift >= 32 ? high : __funnelshift_r(low, high, shift);
}
inline std::int32_t __vimin_s32_relu(std::int32_t a, std::int32_t b) {
    return std::max(std::min(a, b), 0);
}
inline std::int32_t __viaddmin_s32_relu(std::int32_t a, std::int32_t b, std::int32_t c) {
    return __vimin_s32_relu(a + b, c);
}
inline std::uint32_t __byte_perm(std::uint32_t a, std::uint32_t b, std::uint32_t selector) {
    const std::uint64_t bytes = std::uint64_t{b} << 32 | a;
    std::uint32_t out = 0;
    for (unsigned k = 0; k < 4; ++k)
        out |= static_cast<std::uint32_t>(bytes >> (8 * (selector >> (4 * k) & 7)) & 0xFF) << (8 * k);
    return out;
}
template <typename T>
T __ldg(const T* p) {
    return *p;
}

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
struct uint4 {
    unsigned x, y, z, w;
};

inline int __clzll(long long v) {
    return v == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(v));
}
inline std::uint32_t __funnelshift_r(std::uint32_t low, std::uint32_t high, std::uint32_t shift) {
    return static_cast<std::uint32_t>((std::uint64_t{high} << 32 | low) >> (shift & 31));
}
inline std::uint32_t __funnelshift_rc(std::uint32_t low, std::uint32_t high, std::uint32_t shift) {
    return shift >= 32 ? high : __funnelshift_r(low, high, shift);
}
template <typename T>
T __ldg(const T* p) {
    return *p;
}

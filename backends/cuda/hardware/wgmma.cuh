#pragma once
// Hopper's warpgroup product m64nNk32: 64 rows of unsigned codes from registers x N tokens of signed activations from
// shared memory, added to int32 accumulators. One specialisation a width, because the registers are named in the text.
#include <cstdint>

namespace tephra::cuda {

/// The high word of all descriptors of activations: how far eights of tokens are apart.
inline constexpr std::uint32_t descriptor_high = 2048 >> 4;

template <int tokens>
struct Wgmma;

template <>
struct Wgmma<16> {
    __device__ static void multiply_add(std::int32_t (&d)[8], const std::uint32_t (&a)[4], std::uint32_t b) {
        asm volatile(
            "{\n"
            ".reg .pred accumulate;\n"
            ".reg .b64 b;\n"
            "setp.ne.b32 accumulate, 1, 0;\n"
            "mov.b64 b, {%12, %13};\n"
            "wgmma.mma_async.sync.aligned.m64n16k32.s32.u8.s8 "
            "{%0, %1, %2, %3, %4, %5, %6, %7}, "
            "{%8, %9, %10, %11}, b, accumulate;\n"
            "}\n"
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]), "+r"(d[4]), "+r"(d[5]), "+r"(d[6]), "+r"(d[7])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "n"(descriptor_high));
    }
};

template <>
struct Wgmma<32> {
    __device__ static void multiply_add(std::int32_t (&d)[16], const std::uint32_t (&a)[4], std::uint32_t b) {
        asm volatile(
            "{\n"
            ".reg .pred accumulate;\n"
            ".reg .b64 b;\n"
            "setp.ne.b32 accumulate, 1, 0;\n"
            "mov.b64 b, {%20, %21};\n"
            "wgmma.mma_async.sync.aligned.m64n32k32.s32.u8.s8 "
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15}, "
            "{%16, %17, %18, %19}, b, accumulate;\n"
            "}\n"
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]), "+r"(d[4]), "+r"(d[5]), "+r"(d[6]), "+r"(d[7]),
              "+r"(d[8]), "+r"(d[9]), "+r"(d[10]), "+r"(d[11]), "+r"(d[12]), "+r"(d[13]), "+r"(d[14]), "+r"(d[15])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "n"(descriptor_high));
    }
};

template <>
struct Wgmma<64> {
    __device__ static void multiply_add(std::int32_t (&d)[32], const std::uint32_t (&a)[4], std::uint32_t b) {
        asm volatile(
            "{\n"
            ".reg .pred accumulate;\n"
            ".reg .b64 b;\n"
            "setp.ne.b32 accumulate, 1, 0;\n"
            "mov.b64 b, {%36, %37};\n"
            "wgmma.mma_async.sync.aligned.m64n64k32.s32.u8.s8 "
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15,"
            " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
            "{%32, %33, %34, %35}, b, accumulate;\n"
            "}\n"
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]), "+r"(d[4]), "+r"(d[5]), "+r"(d[6]), "+r"(d[7]),
              "+r"(d[8]), "+r"(d[9]), "+r"(d[10]), "+r"(d[11]), "+r"(d[12]), "+r"(d[13]), "+r"(d[14]), "+r"(d[15]),
              "+r"(d[16]), "+r"(d[17]), "+r"(d[18]), "+r"(d[19]), "+r"(d[20]), "+r"(d[21]), "+r"(d[22]), "+r"(d[23]),
              "+r"(d[24]), "+r"(d[25]), "+r"(d[26]), "+r"(d[27]), "+r"(d[28]), "+r"(d[29]), "+r"(d[30]), "+r"(d[31])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "n"(descriptor_high));
    }
};

template <>
struct Wgmma<128> {
    __device__ static void multiply_add(std::int32_t (&d)[64], const std::uint32_t (&a)[4], std::uint32_t b) {
        asm volatile(
            "{\n"
            ".reg .pred accumulate;\n"
            ".reg .b64 b;\n"
            "setp.ne.b32 accumulate, 1, 0;\n"
            "mov.b64 b, {%68, %69};\n"
            "wgmma.mma_async.sync.aligned.m64n128k32.s32.u8.s8 "
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15,"
            " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31,"
            " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47,"
            " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
            "{%64, %65, %66, %67}, b, accumulate;\n"
            "}\n"
            : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3]), "+r"(d[4]), "+r"(d[5]), "+r"(d[6]), "+r"(d[7]),
              "+r"(d[8]), "+r"(d[9]), "+r"(d[10]), "+r"(d[11]), "+r"(d[12]), "+r"(d[13]), "+r"(d[14]), "+r"(d[15]),
              "+r"(d[16]), "+r"(d[17]), "+r"(d[18]), "+r"(d[19]), "+r"(d[20]), "+r"(d[21]), "+r"(d[22]), "+r"(d[23]),
              "+r"(d[24]), "+r"(d[25]), "+r"(d[26]), "+r"(d[27]), "+r"(d[28]), "+r"(d[29]), "+r"(d[30]), "+r"(d[31]),
              "+r"(d[32]), "+r"(d[33]), "+r"(d[34]), "+r"(d[35]), "+r"(d[36]), "+r"(d[37]), "+r"(d[38]), "+r"(d[39]),
              "+r"(d[40]), "+r"(d[41]), "+r"(d[42]), "+r"(d[43]), "+r"(d[44]), "+r"(d[45]), "+r"(d[46]), "+r"(d[47]),
              "+r"(d[48]), "+r"(d[49]), "+r"(d[50]), "+r"(d[51]), "+r"(d[52]), "+r"(d[53]), "+r"(d[54]), "+r"(d[55]),
              "+r"(d[56]), "+r"(d[57]), "+r"(d[58]), "+r"(d[59]), "+r"(d[60]), "+r"(d[61]), "+r"(d[62]), "+r"(d[63])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b), "n"(descriptor_high));
    }
};

}  // namespace tephra::cuda

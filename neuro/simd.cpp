#define HWY_WANT_AVX3_DL  // Highway leaves this target out unless asked
#include "neuro/simd.hpp"

#include <hwy/highway.h>

#include <cassert>

namespace tephra {
namespace {

/// The Highway targets that one of ours stands for; HWY_STATIC_TARGET is what every processor of this kind can run.
std::int64_t highway_targets(SimdTarget target) {
#if HWY_ARCH_X86
    if (target == SimdTarget::avx512_vnni) return HWY_AVX3_DL | HWY_AVX3;
    if (target == SimdTarget::avx2) return HWY_AVX2;
#endif
    return target == SimdTarget::portable ? HWY_STATIC_TARGET : 0;
}

}  // namespace

std::string_view to_string(SimdTarget target) {
    if (target == SimdTarget::avx512_vnni) return "avx512-vnni";
    return target == SimdTarget::avx2 ? "avx2" : "portable";
}

std::vector<SimdTarget> supported_simd_targets() {
    const std::int64_t here = hwy::SupportedTargets();
    std::vector<SimdTarget> targets{SimdTarget::portable};
    for (const SimdTarget target : {SimdTarget::avx2, SimdTarget::avx512_vnni}) {
        const std::int64_t needed = highway_targets(target);
        if (needed != 0 && (here & needed) == needed) targets.push_back(target);
    }
    return targets;
}

void force_simd_target(SimdTarget target) {
    assert(highway_targets(target) != 0);
    hwy::GetChosenTarget().Update(highway_targets(target));
}

void release_simd_target() {
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace tephra

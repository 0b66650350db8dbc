#!/usr/bin/env bash
# All GPU checks on a machine with an NVIDIA GPU: builds, parity, compute-sanitizer, benchmarks; a short table last.
# Usage: scripts/gpu-check.sh [OUTPUT]   (default: benchmarks/results/gpu-<date>.txt)
# TEPHRA_GPU_PROGRAMS=DIR uses programs that were built elsewhere instead of building here.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
output=${1:-benchmarks/results/gpu-$(date -u +%Y-%m-%d).txt}
programs=${TEPHRA_GPU_PROGRAMS:-}
threads=$(nproc)
seed=$((RANDOM * 32768 + RANDOM))
failed=0
if [ -z "$programs" ]; then
    cmake --preset release || exit 1
    cmake --build --preset release --target tephra_gpu_parity tephra_gpu_bench || exit 1
    programs=build/release/gpu
    mkdir -p $programs
    cp build/release/tests/tephra_gpu_parity build/release/benchmarks/tephra_gpu_bench $programs/
fi
mkdir -p "$(dirname "$output")"
{
    echo "# $(date -u), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown), seed $seed"
    nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
    # Odd shapes, the shipped model and the published shapes; the seed is new each run.
    timeout 150 "$programs/tephra_gpu_parity" "$seed" "$threads" 96x304x2x504 300x701x2x1003 models/mmf-7m.tph \
        mmfree-370m mmfree-1.3b mmfree-2.7b
    echo "parity: exit $?"
    for tool in memcheck racecheck; do
        timeout 100 compute-sanitizer --tool $tool --error-exitcode 9 "$programs/tephra_gpu_parity" "$seed" "$threads" \
            quick models/mmf-7m.tph 2>&1 | tail -n 20
        echo "$tool: exit ${PIPESTATUS[0]}"
    done
    timeout 150 "$programs/tephra_gpu_bench" "$threads" mmfree-370m mmfree-1.3b mmfree-2.7b
    echo "bench: exit $?"
} >"$output" 2>&1
grep -E ': exit' "$output" | grep -qv 'exit 0' && failed=1
echo "== $output"
grep -E 'DIFFERENT|failures|: exit|tok/s' "$output"
exit $failed

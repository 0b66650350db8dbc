#!/usr/bin/env bash
# All GPU checks and benchmarks on a machine with an NVIDIA GPU, in under nine minutes; a short table last. A part that
# fails or hangs does not stop the next. Usage: scripts/gpu-check.sh [OUTPUT] (default: benchmarks/results/gpu-<date>.txt)
#   TEPHRA_GPU_PROGRAMS=DIR  programs built elsewhere (tephra, tephra_gpu_parity and tephra_gpu_bench, _gemv and
#                            _exchange) instead of building here; shared libraries they need may lie in DIR/lib
#   TEPHRA_GPU_SECONDS=540   the time for everything; the limit of each part grows and shrinks with it
#   TEPHRA_GPU_PARTS=REGEX   only the parts whose name matches
#   TEPHRA_MODELS=PATHS      more .tph files for parity: files or folders, separated by colons
#   TEPHRA_VALID=FILE.u16    held-out tokens of models/mmf-7m.tph: perplexity on the GPU against the native engine
#   TEPHRA_COMMIT=NAME       what the output calls this version, where there is no .git
# shellcheck disable=SC2317  # functions are called through part
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
output=${1:-benchmarks/results/gpu-$(date -u +%Y-%m-%d).txt}
programs=${TEPHRA_GPU_PROGRAMS:-}
budget=${TEPHRA_GPU_SECONDS:-540}
wanted=${TEPHRA_GPU_PARTS:-.}
small=models/mmf-7m.tph
threads=$(nproc)
seed=$((RANDOM * 32768 + RANDOM))
if [ -z "$programs" ]; then
    cmake --preset release || exit 1
    cmake --build --preset release --target tephra tephra_gpu_parity tephra_gpu_{bench,gemv,exchange} || exit 1
    programs=build/release/gpu
    mkdir -p $programs
    cp build/release/tephra build/release/tests/tephra_gpu_parity build/release/benchmarks/tephra_gpu_{bench,gemv,exchange} \
        $programs/ || exit 1
fi
[ -d "$programs/lib" ] && export LD_LIBRARY_PATH="$programs/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
mkdir -p "$(dirname "$output")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SECONDS=0
table=()
failed=0
part_job=

summary() {
    echo "== $output"
    grep -E 'DIFFERENT|WRONG|expected exit|: [0-9]+ failures|SUMMARY|^copy|^gemv|tok/s  \(|memory MB|"tokens_per_s"' "$output"
    sed -n 1,2p "$output"
    printf '%s\n' "${table[@]}"
}

# Who is told to end early still says what is known.
stop() {
    [ -n "$part_job" ] && pkill -TERM -P "$part_job" 2>/dev/null
    table+=("ended by a signal after $SECONDS s")
    summary
    exit 1
}
trap stop TERM INT

# within COMMAND...: runs it for as long as its part may still take.
within() {
    local left=$((part_end - SECONDS))
    timeout -k 5 $((left > 1 ? left : 1)) "$@"
}

# part NAME SECONDS COMMAND...: one line of the table; the limit is for a budget of 540 s.
part() {
    local name=$1 limit=$(($2 * budget / 540)) start=$SECONDS status result line
    shift 2
    [[ $name =~ $wanted ]] || return
    [ $limit -lt 15 ] && limit=15
    [ $limit -gt $((budget - start)) ] && limit=$((budget - start))
    echo "## $name" >>"$output"
    if [ $limit -lt 5 ]; then
        status=1 result='no time left'
    else
        part_end=$((start + limit))
        (trap : TERM && "$@") >>"$output" 2>&1 & # outlives a signal to all, so that stop() finds its children
        part_job=$!
        wait "$part_job"
        status=$?
        case $status in
            0) result=ok ;;
            77) result='not possible here' ;;
            124 | 137) result="STOPPED after $limit s" ;;
            *) result="FAILED, exit $status" ;;
        esac
    fi
    [ $status -ne 0 ] && [ $status -ne 77 ] && failed=1
    line=$(printf '%-22s %-22s %4d s' "$name" "$result" $((SECONDS - start)))
    table+=("$line")
    echo "## $line" >>"$output"
    echo "$line"
}

# The published shapes with random weights, made once, beside the first parts.
make_models() {
    for preset in mmfree-370m mmfree-1.3b mmfree-2.7b; do
        timeout 100 "$programs/tephra" synth --preset $preset --seed "$seed" --calibration-tokens 8 \
            -o "$work/$preset.part" 2>"$work/$preset.log" && mv "$work/$preset.part" "$work/$preset.tph" &
    done
    wait
}

# Files of the published shapes, or their names, which the programs then make models of.
large=()
await_models() {
    wait "$models_job"
    for preset in mmfree-370m mmfree-1.3b mmfree-2.7b; do
        if [ -f "$work/$preset.tph" ]; then large+=("$work/$preset.tph"); else large+=("$preset"); fi
    done
}

parity() {
    within "$programs/tephra_gpu_parity" "$seed" "$threads" "$@"
}

# The same text from both engines: greedy, and drawn with one seed.
same_text() {
    local status=0 options
    for options in --greedy '--seed 7 --temperature 0.8'; do
        for engine in native cuda; do
            # shellcheck disable=SC2086
            within "$programs/tephra" generate "$small" --engine "$engine" --prompt 'It was a dark and stormy night' \
                -n 200 $options >"$work/$engine.text" || return
        done
        if cmp "$work/native.text" "$work/cuda.text"; then
            echo "equal     generate $options: $(wc -c <"$work/cuda.text") bytes"
        else
            echo "DIFFERENT generate $options"
            status=1
        fi
    done
    return "$status"
}

same_perplexity() {
    for engine in native cuda; do
        within "$programs/tephra" eval "$small" --ids "$TEPHRA_VALID" --windows 64 --engine "$engine" --format csv \
            >"$work/$engine.csv" || return
        cat "$work/$engine.csv"
    done
    cmp <(cut -d, -f1,3- "$work/native.csv") <(cut -d, -f1,3- "$work/cuda.csv") && echo 'equal     eval'
}

# expect_error CODE TEXT COMMAND...: it must end with exit code CODE and say TEXT.
expect_error() {
    local code=$1 text=$2 status
    shift 2
    within "$@" >"$work/out" 2>&1
    status=$?
    cat "$work/out"
    if [ "$status" -eq "$code" ] && grep -q -- "$text" "$work/out"; then return 0; fi
    echo "expected exit $code and \"$text\", got exit $status"
    return 1
}

errors() {
    local status=0
    # 4096 streams of a vocabulary of 12 million want 197 GB of logits.
    within "$programs/tephra" synth --hidden 4 --layers 1 --intermediate 4 --vocab 12000000 --calibration-tokens 1 \
        -o "$work/wide.tph" >"$work/out" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then cat "$work/out" && return "$status"; fi
    expect_error 5 'out of device memory' "$programs/tephra" measure "$work/wide.tph" --batch 4096 --idle 0.5 || status=1
    rm -f "$work/wide.tph"
    # A vector longer than the norms hold.
    within "$programs/tephra" synth --hidden 8 --layers 1 --intermediate 16385 --vocab 16 --calibration-tokens 1 \
        -o "$work/long.tph" >"$work/out" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then cat "$work/out" && return "$status"; fi
    expect_error 4 'intermediate size of at most 16384' "$programs/tephra" measure "$work/long.tph" --idle 0.5 || status=1
    CUDA_VISIBLE_DEVICES='' expect_error 5 'no usable GPU' "$programs/tephra" generate "$small" --engine cuda \
        --prompt x -n 1 || status=1
    CUDA_VISIBLE_DEVICES='' expect_error 5 'no usable GPU' "$programs/tephra" measure "$small" --idle 0.5 || status=1
    return "$status"
}

short_measurement() {
    within "$programs/tephra" measure "${large[0]}" --windows 3 --seconds 2 --warm-up 2 --idle 1 \
        -o "$work/row.json" && cat "$work/row.json"
}

sanitizer=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer)
sanitize() {
    local tool=$1 kind=$2 status
    [ -n "$sanitizer" ] || { echo 'no compute-sanitizer here' && return 77; }
    within "$sanitizer" --tool "$tool" --error-exitcode 9 --print-limit 5 "$programs/tephra_gpu_parity" "$seed" \
        "$threads" "$kind" "$small" >"$work/sanitizer" 2>&1
    status=$?
    tail -n 30 "$work/sanitizer"
    grep -q 'Device not supported' "$work/sanitizer" && return 77
    return "$status"
}

IFS=: read -r -a paths <<<"${TEPHRA_MODELS:-}"
more=()
for path in "${paths[@]}"; do
    if [ -d "$path" ]; then more+=("$path"/*.tph); elif [ -n "$path" ]; then more+=("$path"); fi
done

{
    echo "# $(date -u), commit ${TEPHRA_COMMIT:-$(git rev-parse --short HEAD 2>/dev/null || echo unknown)}, seed $seed," \
        "$threads threads, $budget s"
    nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
} >"$output" 2>&1
make_models &
models_job=$!
part errors 40 errors
part parity-overflow 40 parity overflow
# Odd sizes, and few layers of the widest: rings wrap and places are filled again in large shapes alone.
for model in 96x304x2x504 300x701x2x1003 2560x6912x2x1003 "$small" "${more[@]}"; do
    part "parity-$(basename "$model" .tph)" 40 parity "$model"
done
part generate 30 same_text
[ -n "${TEPHRA_VALID:-}" ] && part eval 40 same_perplexity
await_models
for model in "${large[@]}"; do part "parity-$(basename "$model" .tph)" 60 parity "$model"; done
part gemv 40 within "$programs/tephra_gpu_gemv"
part exchange 20 within "$programs/tephra_gpu_exchange"
for model in "${large[@]}"; do
    part "bench-$(basename "$model" .tph)" 60 within "$programs/tephra_gpu_bench" "$threads" "$model"
done
part measure 50 short_measurement
part memcheck-decode 80 sanitize memcheck quick-decode
part racecheck-decode 80 sanitize racecheck quick-decode
part memcheck-batch 80 sanitize memcheck quick-batch
part racecheck-batch 80 sanitize racecheck quick-batch

summary
exit $failed

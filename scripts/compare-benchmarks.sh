#!/usr/bin/env bash
# Compares the speed of this tree with that of another commit, in one run: builds bench_simulate, bench_network and
# bench_decode of both in release, runs them in turn, and prints for each figure the medians, their ratio and the spread
# of the ratio over rounds. Fails where a figure fell by more than the threshold, and beyond the spread: the best value
# of this tree lies below the worst of the other one. Some two minutes on two cores, plus the build of the other commit.
#   scripts/compare-benchmarks.sh [BASE]              default: the commit before
#   scripts/compare-benchmarks.sh --judge BASE HERE   only judges two files of figures ("NAME<tab>VALUE" lines)
#   TEPHRA_BENCH_ROUNDS=5      runs of each
#   TEPHRA_BENCH_THRESHOLD=15  per cent; 10 or more, because machines that others share vary by that
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds=${TEPHRA_BENCH_ROUNDS:-5}
threshold=${TEPHRA_BENCH_THRESHOLD:-15}
programs=(bench_simulate bench_network bench_decode)
if ((threshold < 10)); then
    echo "compare-benchmarks: a threshold of $threshold % is below what this measurement can tell (10 % or more)" >&2
    exit 2
fi

# judge BASE HERE: one line a figure; fails as the header says. Larger values are faster.
judge() {
    awk -F '\t' -v threshold="$threshold" '
        function sort(values, n,    i, j, x) {
            for (i = 2; i <= n; ++i) {
                x = values[i]
                for (j = i - 1; j >= 1 && values[j] > x; --j) values[j + 1] = values[j]
                values[j + 1] = x
            }
        }
        FNR == 1 { ++side }
        { name = $1; value[side, name, ++count[side, name]] = $2 }
        side == 1 && count[1, name] == 1 { names[++figures] = name }
        END {
            if (figures == 0) { print "no figures"; exit 1 }
            printf "%-44s %12s %12s %7s  %s\n", "figure (larger is faster)", "base", "here", "ratio", "spread"
            for (f = 1; f <= figures; ++f) {
                name = names[f]; n = count[1, name]
                if (count[2, name] != n) { print name ": " n " values of the base, " count[2, name] + 0 " here"; bad = 1; continue }
                for (i = 1; i <= n; ++i) {
                    a[i] = value[1, name, i]; b[i] = value[2, name, i]; r[i] = b[i] / a[i]
                }
                sort(a, n); sort(b, n); sort(r, n)
                middle = int((n + 1) / 2)
                ratio = b[middle] / a[middle]
                slower = ratio < 1 - threshold / 100 && b[n] < a[1]
                if (slower) bad = 1
                printf "%-44s %12.5g %12.5g %7.3f  %.3f-%.3f%s\n", name, a[middle], b[middle], ratio, r[1], r[n],
                       slower ? "  SLOWER" : ""
            }
            exit bad
        }' "$1" "$2"
}

# figures ROOT BUILD: what the programs of one tree measure, on its own model.
figures() {
    (cd "$1" && "$2/bench_simulate" models/mmf-7m.tph --figures && "$2/bench_network" --figures &&
        "$2/bench_decode" --threads 1 --seconds 1 --figures models/mmf-7m.tph)
}

if [[ ${1:-} == --judge ]]; then
    judge "$2" "$3"
    exit
fi
base=$(git rev-parse --verify "${1:-HEAD~1}^{commit}")
source=$PWD/build/base/$base
if ! git show "$base:benchmarks/micro/network.cpp" 2>/dev/null | grep -q -e --figures; then
    echo "compare-benchmarks: the benchmarks of $base have no --figures: nothing to compare"
    exit 0
fi
cmake --preset release >/dev/null
cmake --build --preset release -j"$(nproc)" --target "${programs[@]}"
if [[ ! -d $source ]]; then
    rm -rf build/base
    mkdir -p "$source"
    git archive "$base" | tar -x -C "$source"
fi
cmake -G Ninja -S "$source" -B "$source/build" -D CMAKE_BUILD_TYPE=Release -D TEPHRA_CUDA=OFF -D TEPHRA_TESTS=OFF >/dev/null
cmake --build "$source/build" -j"$(nproc)" --target "${programs[@]}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for ((round = 1; round <= rounds; ++round)); do
    figures "$source" "$source/build/benchmarks" >>"$work/base"
    figures "$PWD" "$PWD/build/release/benchmarks" >>"$work/here"
done
echo "this tree beside $base, medians of $rounds runs in turn"
judge "$work/base" "$work/here"

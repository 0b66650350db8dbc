#!/usr/bin/env bash
# judge.sh SCRIPT: compare-benchmarks.sh fails where a figure fell beyond threshold and spread, and only there.
set -euo pipefail
script=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0

# expect STATUS TEXT HERE...: the verdict on these values beside a base of 98 to 102.
expect() {
    local status=0 wanted=$1 text=$2
    shift 2
    printf 'rate\t%s\n' 100 98 102 101 99 >"$work/base"
    printf 'rate\t%s\n' "$@" >"$work/here"
    "$script" --judge "$work/base" "$work/here" >"$work/out" || status=$?
    if ((status != wanted)) || ! grep -q -e "$text" "$work/out"; then
        echo "values $*: status $status, expected $wanted with \"$text\":"
        cat "$work/out"
        faults=$((faults + 1))
    fi
}
expect 0 ' 1.000 ' 100 99 101 98 102
expect 0 ' 0.880 ' 88 87 89 88 88     # 12 %: below the threshold of 15
expect 0 ' 0.800 ' 80 75 99 70 98     # 20 %, but within what it varies by
expect 1 ' 0.800 .*SLOWER' 80 79 81 82 78
expect 0 ' 1.500 ' 150 150 150 150 150
expect 1 '5 values of the base, 2 here' 100 100
if TEPHRA_BENCH_THRESHOLD=9 "$script" --judge "$work/base" "$work/here" 2>"$work/out"; then
    echo "a threshold of 9 % was accepted"
    faults=$((faults + 1))
fi
echo "$faults faults"
((faults == 0))

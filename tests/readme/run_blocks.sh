#!/usr/bin/env bash
# run_blocks.sh README PROGRAM ROOT: runs each ```sh block that stands under a line <!-- run --> , in order, in one
# fresh folder that shows ROOT's models, machines and benchmarks, with PROGRAM as build/release/tephra. Fails at the
# first block that fails, and if there is none.
set -euo pipefail
readme=$1 program=$2 root=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/blocks" "$work/tree/build/release"
ln -s "$program" "$work/tree/build/release/tephra"
for folder in models machines benchmarks; do ln -s "$root/$folder" "$work/tree/$folder"; done

awk -v folder="$work/blocks" '
    /^```/ && inside { inside = 0; next }
    inside           { print > file }
    /^```sh$/ && marked { file = sprintf("%s/%03d", folder, ++count); inside = 1 }
    { marked = /^<!-- run -->$/ }' "$readme"

blocks=("$work"/blocks/*)
[[ -e ${blocks[0]} ]] || { echo "$readme has no block to run" && exit 1; }
cd "$work/tree"
for block in "${blocks[@]}"; do
    echo "-- block ${block##*/}:"
    cat "$block"
    bash -euo pipefail "$block"
done
echo "ran ${#blocks[@]} blocks"

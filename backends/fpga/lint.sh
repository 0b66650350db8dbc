#!/usr/bin/env bash
# Every reader of the RTL must take it without a word: Verilator -Wall, Yosys and Icarus, for each shape of the core.
# Yosys and Icarus are skipped with a line where they are not installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/rtl"

sources=(tephra_pkg.sv)
for file in *.sv; do [[ $file == tephra_pkg.sv ]] || sources+=("$file"); done

# lanes, packing, streams
shapes=("16 0 1" "64 0 1" "256 0 8" "20 1 1" "320 1 2")
for shape in "${shapes[@]}"; do
    read -r lanes packing streams <<<"$shape"
    verilator --lint-only -Wall --top-module tephra_core "-GLANES=$lanes" "-GPACKING=$packing" "-GSTREAMS=$streams" \
        waivers.vlt "${sources[@]}"
done
verilator --lint-only -Wall --top-module tephra_board waivers.vlt "${sources[@]}"

# quiet NAME COMMAND...: fails when the command fails or prints.
quiet() {
    local name=$1 text
    shift
    if ! command -v "$1" >/dev/null; then
        echo "lint: $name skipped, $1 is not installed"
        return
    fi
    if ! text=$("$@" 2>&1) || [[ -n $text ]]; then
        printf '%s\n%s says this\n' "$text" "$name" >&2
        return 1
    fi
}
quiet Icarus iverilog -g2012 -t null -s tephra_board "${sources[@]}"
quiet Yosys yosys -q -p "read_verilog -sv -noassert ${sources[*]}; hierarchy -check -top tephra_board; proc; check -assert"
../synth/prove.sh

#!/usr/bin/env bash
# Proves by SAT that the vendors' versions of a module compute what the plain one does, for every input, with Yosys' models
# of the cells. Skipped with a line where Yosys is not installed.
set -euo pipefail
rtl=$(cd "$(dirname "${BASH_SOURCE[0]}")/../rtl" && pwd)
module=tephra_pair_adder
if ! command -v yosys >/dev/null; then
    echo "prove: skipped, yosys is not installed"
    exit
fi
cells=$(dirname "$(dirname "$(command -v yosys)")")/share/yosys
for vendor in ecp5 xilinx; do
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if ! yosys -q -l "$log" -p "
        read_verilog -sv $rtl/$module.sv
        prep -flatten -top $module
        rename $module plain
        design -stash plain
        read_verilog -sv -I$cells/$vendor $cells/$vendor/cells_sim.v $rtl/$vendor/$module.sv
        prep -flatten -top $module
        rename $module placed
        design -stash placed
        design -copy-from plain plain
        design -copy-from placed placed
        miter -equiv -flatten plain placed both
        sat -verify -prove trigger 0 both" >/dev/null 2>&1 || ! grep -q 'SAT proof finished - no model found: SUCCESS!' "$log"; then
        tail -40 "$log" >&2
        echo "prove: $vendor/$module.sv differs from $module.sv" >&2
        exit 1
    fi
    rm -f "$log"
done

#!/usr/bin/env bash
# Proves by SAT, with Yosys: the vendors' versions of a module compute what the plain one does, for every input; FIFOs lose,
# double and reorder no word, from reset on for so many steps (bounded). Skipped with a line where Yosys is not installed.
set -euo pipefail
synth=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rtl=$synth/../rtl
if ! command -v yosys >/dev/null; then
    echo "prove: skipped, yosys is not installed"
    exit
fi
cells=$(dirname "$(dirname "$(command -v yosys)")")/share/yosys
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# proves FAULT VERDICT COMMANDS: fails with FAULT unless Yosys prints the verdict.
proves() {
    if yosys -q -l "$log" -p "$3" >/dev/null 2>&1 && grep -q "$2" "$log"; then return; fi
    tail -40 "$log" >&2
    echo "prove: $1" >&2
    exit 1
}

# same_as_plain MODULE VENDOR
same_as_plain() {
    proves "$2/$1.sv differs from $1.sv" 'SAT proof finished - no model found: SUCCESS!' "
        read_verilog -sv $rtl/$1.sv
        prep -flatten -top $1
        rename $1 plain
        design -stash plain
        read_verilog -sv -I$cells/$2 $cells/$2/cells_sim.v $rtl/$2/$1.sv
        prep -flatten -top $1
        rename $1 placed
        design -stash placed
        design -copy-from plain plain
        design -copy-from placed placed
        miter -equiv -flatten plain placed both
        sat -verify -prove trigger 0 both"
}

# keeps_its_word MODULE PASS STEPS: the assertions of MODULE_proof.sv, and of the module; PASS makes its registers SAT's.
keeps_its_word() {
    proves "$1.sv breaks what $1_proof.sv asserts" "proved base case for $3 steps: SUCCESS!" "
        read_verilog -sv -formal $synth/$1_proof.sv $rtl/$1.sv
        prep -flatten -top $1_proof
        memory_map
        $2
        opt
        sat -verify -prove-asserts -set-assumes -set-init-def -set-def-inputs -tempinduct-baseonly -maxsteps $3"
}

for vendor in ecp5 xilinx; do same_as_plain tephra_pair_adder $vendor; done
keeps_its_word tephra_fifo async2sync 16
keeps_its_word tephra_async_fifo clk2fflogic 20 # a tick of a clock takes two

#!/usr/bin/env bash
# Synthesis, place and route, and a bitstream for ECP5 (LFE5U-85F). Prints a table; leaves the files in OUT.
#   ecp5.sh OUT core [PARAMETER=VALUE...]     the core alone, on shift registers: its resources and its clock
#   ecp5.sh OUT ulx3s [PARAMETER=VALUE...]    the board ULX3S: OUT/ulx3s.bit, core at 50 MHz, SDRAM at 100
#   ecp5.sh OUT row|plain-row [LANES=N]       a product of one stream, on shift registers; without ECP5's own module
# Parameters are those of rtl/tephra_core.sv and rtl/ecp5/tephra_ulx3s.sv, as LANES=20 PACKING=1.
# Needs Yosys (Debian's 0.23) and nextpnr-ecp5 with ecppack; `scripts/setup.sh --fpga` installs the latter from PyPI.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if (($# < 2)) || [[ ! $2 =~ ^(core|ulx3s|row|plain-row)$ ]]; then
    sed -n '2,7s/^# //p' "${BASH_SOURCE[0]}"
    exit 2
fi
out=$1
design=$2
shift 2
case $design in
    core) top=tephra_harness clocks=1 constraints=(--freq 50) ;;
    row | plain-row) top=tephra_row_harness clocks=1 constraints=(--freq 50) ;;
    ulx3s) top=tephra_ulx3s clocks=2 constraints=(--lpf ulx3s.lpf) ;;
esac
mkdir -p "$out"

# tool NAME: the program, or the one that PyPI's package calls yowasp-NAME.
tool() {
    local name
    for name in "$1" "yowasp-$1" "$HOME/.local/share/tephra-fpga/bin/yowasp-$1"; do
        if command -v "$name"; then return; fi
    done
    echo "ecp5: $1 is not installed (scripts/setup.sh --fpga)" >&2
    return 1
}
nextpnr=$(tool nextpnr-ecp5)
ecppack=$(tool ecppack)

parameters=()
for setting in "$@"; do parameters+=(-chparam "${setting%%=*}" "${setting#*=}"); done
{
    echo "read_verilog -sv -noassert $here/../rtl/tephra_pkg.sv"
    for file in "$here"/../rtl/*.sv "$here"/tephra_*.sv "$here"/../rtl/ecp5/*.sv; do
        [[ $file != *tephra_pkg.sv ]] || continue
        # A module that has a version of the vendor's own is read from there alone, plain-row aside.
        if [[ $design == plain-row ]]; then
            [[ $file != */ecp5/* ]] || continue
        else
            [[ $file == */ecp5/* || ! -e $here/../rtl/ecp5/${file##*/} ]] || continue
        fi
        echo "read_verilog -sv -noassert $file"
    done
    echo "hierarchy -top $top ${parameters[*]}"
    echo "synth_ecp5 -top $top -json $out/$design.json"
    echo "tee -q -o $out/synthesis.txt stat"
} >"$out/synthesis.ys"
yosys -q "$out/synthesis.ys"
cp "$here/../rtl/ecp5/ulx3s.lpf" "$out"  # the tools from PyPI see the folder that they run in
# nextpnr ends with 1 when the clock is missed, and still writes the file: its status counts.
(cd "$out" && "$nextpnr" --85k --package CABGA381 --speed 6 "${constraints[@]}" --json "$design.json" --textcfg "$design.config" \
    --report report.json --log pnr.log --quiet)
(cd "$out" && "$ecppack" --compress "$design.config" "$design.bit")

echo "parameters: ${*:-defaults}"
grep -E ' (CCU2C|DP16KD|LUT4|MULT18X18D|TRELLIS_DPR16X4|TRELLIS_FF) ' "$out/synthesis.txt"
grep -E 'TRELLIS_COMB|TRELLIS_FF|DP16KD|MULT18X18D' "$out/pnr.log" | head -4
grep 'Max frequency' "$out/pnr.log" | tail -"$clocks"
ls -l "$out/$design.bit"

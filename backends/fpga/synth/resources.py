#!/usr/bin/env python3
"""Measures what cores and products take, with Yosys, and writes machines/fpgas/families/FAMILY.json.
    resources.py OUT FAMILY...        families: ecp5, xc7, xcup
OUT keeps what Yosys prints, by family and parameters: what is there is not run again. A core takes minutes."""
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
RTL = HERE.parent / "rtl"
FAMILIES = HERE.parents[2] / "machines" / "fpgas" / "families"

# Lanes, packing, streams; address bits are the defaults of rtl/tephra_core.sv. The first three make the plane of
# backends/fpga/resources.hpp, the others test it.
CORES = [(16, 0, 1), (64, 0, 1), (16, 0, 4), (40, 1, 2)]
PRODUCTS = [16, 64]
PACKINGS = ["two-bits", "five-trits"]

# LUTs of a cell, in the family's unit. Xilinx: cells of distributed RAM and shift registers stand in LUTs.
XILINX = {"INV": 1, "LUT1": 1, "LUT2": 1, "LUT3": 1, "LUT4": 1, "LUT5": 1, "LUT6": 1, "SRL16E": 1, "SRLC32E": 1, "RAM32M": 4,
          "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM32X1S": 1}
LUTS = {"ecp5": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}, "xc7": XILINX, "xcup": XILINX}
UNITS = {"ecp5": "LUT4 + 2 CCU2C + 6 TRELLIS_DPR16X4",
         "xc7": "INV, LUT1 to LUT6, SRL and distributed RAM (4 a RAM32M or RAM64M)",
         "xcup": "INV, LUT1 to LUT6, SRL and distributed RAM (4 a RAM32M or RAM64M)"}
REGISTERS = ("TRELLIS_FF", "FDRE", "FDSE", "FDCE", "FDPE")
DSPS = ("MULT18X18D", "DSP48E1", "DSP48E2")
BLOCKS = {"DP16KD": 1, "RAMB18E1": 1, "RAMB36E1": 2, "RAMB18E2": 1, "RAMB36E2": 2}  # of 18 kbit
# Memories of so few words stand in LUTs with this version of Yosys.
LUT_RAM_DEPTH = {"ecp5": 0, "xc7": 64, "xcup": 64}
PLACED = {
    "ecp5": {"value": 1.0519, "kind": "measured",
             "source": "benchmarks/results/fpga-ecp5-2026-11-29.txt, the core of 16 lanes: nextpnr gives 10868 "
                       "TRELLIS_COMB, synthesis 10332 LUTs"},
    "xc7": {"value": 1, "kind": "assumed", "source": "no open place and route was run; LUTs of synthesis"},
    "xcup": {"value": 1, "kind": "assumed", "source": "no open place and route; LUTs of synthesis"},
}


def cells_of(out, family, top, **parameters):
    """Cells by type of a synthesised module, and the seconds that it took; null: it was there already."""
    name = "-".join([family, top] + [f"{key}={value}" for key, value in parameters.items()])
    statistics = out / f"{name}.stat"
    seconds = None
    if not statistics.exists():
        files = [RTL / "tephra_pkg.sv"] + sorted(set(RTL.glob("*.sv")) - {RTL / "tephra_pkg.sv"})
        synthesis = "synth_ecp5" if family == "ecp5" else f"synth_xilinx -flatten -family {family}"
        script = [f"read_verilog -sv -noassert {file}" for file in files]
        script += ["hierarchy -top " + " ".join([top] + [f"-chparam {k} {v}" for k, v in parameters.items()]),
                   f"{synthesis} -top {top}", f"tee -q -o {statistics}.part stat"]
        (out / f"{name}.ys").write_text("\n".join(script) + "\n")
        start = time.time()
        subprocess.run(["yosys", "-q", str(out / f"{name}.ys")], check=True)
        seconds = round(time.time() - start)
        pathlib.Path(f"{statistics}.part").rename(statistics)
    lines = (line.split() for line in statistics.read_text().splitlines() if line.startswith("     "))
    return {cell: int(count) for cell, count in lines}, seconds


def needs(family, cells):
    def total(weights):
        return sum(count * weights.get(cell, 0) for cell, count in cells.items())

    return {"luts": total(LUTS[family]), "registers": total(dict.fromkeys(REGISTERS, 1)),
            "dsps": total(dict.fromkeys(DSPS, 1)), "block_rams": total(BLOCKS)}


def measure(out, family):
    cores = []
    for lanes, packing, streams in CORES:
        parameters = {"LANES": lanes, "PACKING": packing, "STREAMS": streams}
        cells, _ = cells_of(out, family, "tephra_core", **parameters)
        cores.append({"lanes": lanes, "packing": PACKINGS[packing], "streams": streams, **needs(family, cells),
                      "cells": cells})
    narrow, wide = (needs(family, cells_of(out, family, "tephra_ternary_row", LANES=lanes)[0]) for lanes in PRODUCTS)
    trits = needs(family, cells_of(out, family, "tephra_trits")[0])
    lanes = PRODUCTS[1] - PRODUCTS[0]
    version = subprocess.run(["yosys", "-V"], check=True, capture_output=True, text=True).stdout.split(" (")[0]
    return {
        "about": "Made by backends/fpga/synth/resources.py: synthesis alone, the RTL as it is. cells: what Yosys counts.",
        "family": family, "tool": version.strip(), "lut": UNITS[family],
        "lane_luts": round((wide["luts"] - narrow["luts"]) / lanes, 3),
        "lane_registers": round((wide["registers"] - narrow["registers"]) / lanes, 3),
        "trits_luts": trits["luts"], "trits_registers": trits["registers"],
        "lut_ram_depth": LUT_RAM_DEPTH[family], "placed": PLACED[family], "cores": cores,
    }


def main():
    if len(sys.argv) < 3 or any(family not in LUTS for family in sys.argv[2:]):
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    FAMILIES.mkdir(parents=True, exist_ok=True)
    for family in sys.argv[2:]:
        (FAMILIES / f"{family}.json").write_text(json.dumps(measure(out, family), indent=2) + "\n")


if __name__ == "__main__":
    main()

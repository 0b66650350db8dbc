#!/usr/bin/env python3
"""Writes cases of spiking and graded networks: neurons.json, synapses.json and networks.json, in the folder given.

  make_cases.py [FOLDER [SEED]]      default: the folder of this script, and the seed of the cases that are kept

Each case holds a network, its input, and what every population sends and holds after every step, as lava_reference.py
computes it. Values are drawn at edges: wrap, clip, thresholds met exactly, negative values, the largest delays, weights
of the wrong sign. Needs only Python 3; the output does not depend on the machine.
"""
import json
import os
import sys

sys.dont_write_bytecode = True  # no __pycache__ in the source tree

import network_cases
import neuron_cases
import synapse_cases
from draw import Draw

FILES = {"neurons": neuron_cases.MAKERS, "synapses": synapse_cases.MAKERS, "networks": network_cases.MAKERS}
SEED = 2408


def text(cases):
    """One line for what a case is and one for each expected row of rows, so that a change shows where it is."""
    lines = []
    for c in cases:
        body = [f'{json.dumps(key)}:{json.dumps(value, separators=(",", ":"))}' for key, value in c.items()
                if key != "expected"]
        seen = [f'{json.dumps(name)}:{{' + ",\n".join(
            f'{json.dumps(key)}:{json.dumps(rows, separators=(",", ":"))}' for key, rows in values.items()) + "}"
            for name, values in c["expected"].items()]
        lines.append("{" + ",\n".join(body) + ',\n"expected":{' + ",\n".join(seen) + "}}")
    return "[" + ",\n".join(lines) + "]\n"


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else SEED
    for name, makers in FILES.items():
        cases = [made for maker in makers for made in maker(Draw(f"{seed} {maker.__name__}"))]
        with open(os.path.join(folder, name + ".json"), "w", newline="\n") as f:
            f.write(text(cases))


if __name__ == "__main__":
    main()

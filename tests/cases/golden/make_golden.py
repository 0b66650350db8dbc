#!/usr/bin/env python3
"""Writes mmf-7m.json beside this script: a sample of the float reference's golden values for the model that ships.

  make_golden.py REFERENCE/mmf-7m.golden.npz

The .npz (ids, logits, and per layer the forget gate f, the state h and the residual x of 32 tokens) comes from the
NumPy float64 implementation that was checked against the published one. Needs NumPy.
"""
import json
import os
import sys

import numpy as np

POSITIONS, LOGIT_STEP, STATE_STEP = 16, 61, 17


def sample(values, step):
    return [[float(f"{v:.7g}") for v in row] for row in values[:POSITIONS, ::step].astype(np.float64)]


def main():
    golden = np.load(sys.argv[1])
    out = {"ids": golden["ids"][:POSITIONS].tolist(), "logit_step": LOGIT_STEP, "state_step": STATE_STEP,
           "logits": sample(golden["logits"], LOGIT_STEP)}
    for key in sorted(golden.files):
        if key.startswith("layer"):
            out[key] = sample(golden[key], STATE_STEP)
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in out.items()]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mmf-7m.json"), "w", newline="\n") as f:
        f.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()

"""Ten random programs, equal to Lava's own run in each state and output; benchmarks/compare/beside_lava.py
--graphs compares as many as one likes."""

import secrets
import warnings

import numpy as np
import pytest
import random_graphs
import tephra
import tephra.lava

steps = 50


@pytest.mark.parametrize("number", range(10))
def test_a_random_program_is_equal_to_lavas(number):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(20):
            seed = secrets.randbits(31)
            print(f"seed {seed}")  # shown when the test fails
            try:
                ours = random_graphs.record(seed, steps, tephra.lava.attach, split=20)
                break
            except tephra.Error as refused:
                if not random_graphs.is_out_of_range(refused):
                    raise
        theirs = random_graphs.record(seed, steps, None)
    assert [label for label, _ in ours] == [label for label, _ in theirs]
    for (label, mine), (_, wanted) in zip(ours, theirs, strict=True):
        assert np.array_equal(mine, wanted), f"seed {seed}, {label}"

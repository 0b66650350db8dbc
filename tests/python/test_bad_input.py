"""Whatever is handed in: one exception with place and hint, or the right thing; never a crash."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tephra

from shipped import PILOTNET


def good_call(value):
    """Offers a value as the frame of a layer of 20 neurons."""
    builder = tephra.NetworkBuilder()
    layer = builder.layer("a", 20, tephra.neurons.graded(), message_bits=16)
    builder.input(layer)
    builder.output(layer)
    engine = tephra.Engine(builder.build())
    engine.step(value)
    return engine.messages(layer)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(20),
        np.arange(20, dtype=np.uint8),
        np.arange(20, dtype=">i2"),
        np.arange(20.0, dtype=np.float32),
        np.arange(40)[::2] // 2,
        np.arange(20)[::-1][::-1],
        np.arange(60, dtype=np.int32).reshape(20, 3)[:, 0] // 3,
        list(range(20)),
        np.frombuffer(b"\0" + np.arange(20, dtype=np.int32).tobytes(), np.int32, 20, 1),
    ],
    ids=lambda a: str(getattr(a, "dtype", "list")),
)
def test_good_arrays_of_all_layouts_count_alike(array):
    assert good_call(array).tolist() == list(range(20))


@pytest.mark.parametrize(
    "value",
    [
        np.full(20, 0.5),
        np.full(20, np.nan),
        np.full(20, np.inf),
        np.full(20, 2**31),
        np.full(20, 2**63, np.uint64),
        np.array([None] * 20),
        np.array(["1"] * 20),
        np.ones(20, complex),
        np.ones(19, int),
        np.ones((20, 2), int),
        [[1, 2], [3]],
        "text",
        object(),
        {1: 2},
    ],
    ids=lambda v: str(getattr(v, "dtype", type(v).__name__)),
)
def test_bad_arrays_are_refused(value):
    with pytest.raises(tephra.Error) as caught:
        good_call(value)
    assert caught.value.place.startswith("inputs") and caught.value.hint


def test_files_that_are_closed_moved_or_damaged(tmp_path, model_path):
    with pytest.raises(tephra.Error, match="gone"):
        tephra.load(tmp_path / "gone.tph")
    with open(tmp_path / "closed", "w") as file:
        pass
    with pytest.raises(tephra.Error, match="path"):
        tephra.load(file)
    damaged = bytearray(model_path.read_bytes())
    damaged[5000] ^= 1
    (tmp_path / "damaged.tph").write_bytes(damaged)
    with pytest.raises(tephra.Error, match="damaged.tph"):
        tephra.load(tmp_path / "damaged.tph")
    with pytest.raises(tephra.Error):
        tephra.load(tmp_path)


def test_engines_are_of_no_more_use_after_an_error():
    builder = tephra.NetworkBuilder()
    builder.layer("a", 2, tephra.neurons.lif(bias=4000))
    builder.input("a", port="bias")
    engine = tephra.Engine(builder.build())
    engine.step([1, 2])
    with pytest.raises(tephra.Error, match="left the range"):
        engine.step([1000, 0])
    with pytest.raises(tephra.Error, match="failed"):
        engine.step([1, 2])


def test_constructors_that_nobody_should_call_say_so():
    for kind in (tephra.Model, tephra.Network, tephra.Run, tephra.Mapping, tephra.Report, tephra.Comparison):
        with pytest.raises(TypeError, match="use tephra"):
            kind()


def test_options_of_the_other_kind_are_refused(model, small, tmp_path):
    for call in (
        lambda: tephra.load(PILOTNET / "network.net", dt=1e-3),
        lambda: tephra.load(PILOTNET / "network.net", reset_offset=3),
        lambda: tephra.simulate(small, "kapoho-point", prompt="x", steps=1),
        lambda: tephra.simulate(model, "kapoho-point", prompt="x", steps=1),
        lambda: tephra.simulate(model, "kapoho-point", prompt="x", mode="prefill", tokens=3),
        lambda: tephra.simulate(model, "kapoho-point", prompt="x", trace_mib=3),
        lambda: tephra.simulate(model, "kapoho-point", prompt="x", every_s=3),
        lambda: tephra.simulate(model, "kapoho-point", prompt="x", fault_seed=3),
        lambda: tephra.map_program(small, "kapoho-point", head="host"),
        lambda: tephra.map_program(small, "kapoho-point", layer_cores=[1, 1, 1], synapses="int8"),
        lambda: tephra.synth(tmp_path / "x", preset="mmfree-370m", hidden=8, layers=1, intermediate=8, vocab=8),
        lambda: tephra.import_checkpoint(PILOTNET / "network.net", tmp_path / "x", threads=2),
    ):
        with pytest.raises(tephra.Error, match="ignored|no effect|no argument"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_says_so(model):
    with pytest.raises(tephra.Error) as caught:
        tephra.map_program(model, "oheo-gulch", cores_per_chip=1)
    assert caught.value.code == "does_not_fit"
    with pytest.raises(tephra.Error) as caught:
        tephra.compare(tephra.simulate(model, "kapoho-point", prompt="A", tokens=1), expect_error=1e-9)
    assert caught.value.code == "comparison_failed"


def test_random_calls_do_not_crash_the_interpreter(tmp_path, small, frames):
    kept = tmp_path / "kept"
    kept.mkdir()
    tephra.synth(kept / "good.tph", hidden=16, layers=1, vocab=64, calibration_tokens=4)
    tephra.simulate(small, "oheo-gulch", input=frames).write(kept / "run.json")
    for name in ("good.tph", "run.json"):
        (tmp_path / name).write_bytes((kept / name).read_bytes())
    (tmp_path / "damaged.tph").write_bytes((kept / "good.tph").read_bytes()[:-100])
    (tmp_path / "damaged.net").write_bytes((PILOTNET / "network.net").read_bytes()[:50000])
    tephra.map_program(small, "oheo-gulch").write(tmp_path / "map.json")
    seed = random.SystemRandom().randrange(2**32)
    calls = int(os.environ.get("TEPHRA_FUZZ_CALLS", 10000))
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "fuzz.py"), str(calls), str(seed), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(tephra.__file__).parents[1])},
    )
    assert done.returncode == 0, f"seed {seed}: {done.returncode}\n{done.stderr[-2000:]}"
    assert "'other'" not in done.stdout, f"seed {seed}: {done.stdout}\n{done.stderr[-4000:]}"
    assert done.stdout.startswith(f"{calls} calls")
    assert calls < 10000 or "never called: nothing" in done.stdout, f"seed {seed}: {done.stdout}"

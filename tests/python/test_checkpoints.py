"""Runs that are saved and go on: the same run as without a break."""

import os
import signal

import numpy as np
import pytest

import tephra


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.tph"
    return tephra.synth(path, hidden=16, layers=1, vocab=64, calibration_tokens=4)


def test_a_run_of_a_model_goes_on(tiny, tmp_path):
    options = {"prompt": [1, 17, 4], "tokens": 300, "seed": 5}
    whole = tephra.simulate(tiny, "kapoho-point", **options)
    saved = tmp_path / "run.ckpt"
    assert tephra.simulate(tiny, "kapoho-point", checkpoint=saved, every_s=0.001, **options).to_dict() == whole.to_dict()
    resumed = tephra.simulate(tiny, "kapoho-point", resume=saved, threads=2, **options)
    assert resumed.to_dict() == whole.to_dict()
    assert resumed.text == whole.text
    with pytest.raises(tephra.Error, match="another choice of tokens") as caught:
        tephra.simulate(tiny, "kapoho-point", resume=saved, **{**options, "seed": 6})
    assert caught.value.code == "bad_input" and caught.value.place == str(saved)


def test_ctrl_c_saves_a_run(tiny, tmp_path):
    options = {"prompt": [1, 17, 4], "tokens": 1000, "sampler": lambda stream, position, logits: 5}
    saved = tmp_path / "run.ckpt"

    def interrupt(done, total):
        if done == 20:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        tephra.simulate(tiny, "kapoho-point", checkpoint=saved, progress=interrupt, **options)
    seen = []
    resumed = tephra.simulate(tiny, "kapoho-point", resume=saved, progress=lambda done, total: seen.append(done), **options)
    assert seen[0] > 20
    assert resumed.to_dict() == tephra.simulate(tiny, "kapoho-point", **options).to_dict()


def test_a_run_of_a_network_goes_on_with_its_probes(small, frames, tmp_path):
    options = {"input": frames, "probe": ["c:v", "b:spikes"]}
    whole = tephra.simulate(small, "oheo-gulch", **options)
    saved = tmp_path / "run.ckpt"
    tephra.simulate(small, "oheo-gulch", checkpoint=saved, every_s=0.001, **options)
    resumed = tephra.simulate(small, "oheo-gulch", resume=saved, **options)
    assert resumed.to_dict() == whole.to_dict()
    for name, values in whole.recorded.items():
        assert np.array_equal(resumed.recorded[name], values)
    with pytest.raises(tephra.Error, match="another input"):
        tephra.simulate(small, "oheo-gulch", resume=saved, **{**options, "input": frames + 1})


def test_a_checkpoint_that_cannot_be_written_is_refused(tiny, tmp_path):
    with pytest.raises(tephra.Error, match="cannot create"):
        tephra.simulate(tiny, "kapoho-point", prompt=[1], checkpoint=tmp_path / "absent" / "x")

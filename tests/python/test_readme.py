"""The Python that README.md shows runs as it stands there, one block after the other."""

import re

import pytest

from shipped import ROOT


def blocks():
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_blocks_run(capsys):
    pytest.importorskip("pandas")
    names = {}
    assert len(blocks()) == 2
    for block in blocks():
        exec(compile(block, "README.md", "exec"), names)
    run = names["run"]
    assert capsys.readouterr().out.startswith(run.text + "\n(") and run.text
    low, value, high = names["report"].energy_j()["system"]
    assert 0 < low < value < high
    assert names["spikes"].shape == (50, 10) and names["spikes"].any()

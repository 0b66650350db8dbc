"""The notebooks of examples/: each runs in a fresh kernel and prints what the kept file shows."""

import importlib.metadata

import pytest

pytest.importorskip("nbclient", reason="the notebooks are not run: nbclient is not installed")
for needed in ("ipykernel", "matplotlib", "pandas"):
    pytest.importorskip(needed, reason=f"the notebooks are not run: {needed} is not installed")

import nbformat

import notebooks

LARGEST_BYTES = 400_000


def lava_is_there():
    try:
        importlib.metadata.version("lava-nc")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def without_needs(path):
    """What a notebook needs and this environment lacks, or nothing."""
    if "lava" in path.stem and not lava_is_there():
        return "Lava is not installed (docs/lava.md)"
    if "nir" in path.stem:
        try:
            importlib.metadata.version("nir")
        except importlib.metadata.PackageNotFoundError:
            return "nir is not installed (pip install 'tephra[nir]')"
    return None


@pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_prints_what_is_kept(path, tmp_path):
    missing = without_needs(path)
    if missing:
        pytest.skip(f"{path.name} is not run: {missing}")
    kept = nbformat.read(path, as_version=4)
    fresh = notebooks.execute(path, tmp_path)
    for mine, wanted in zip(notebooks.fixed_text(fresh), notebooks.fixed_text(kept), strict=True):
        assert mine == wanted, "write it anew: python tests/python/notebooks.py"
    assert len(notebooks.pictures(fresh)) == len(notebooks.pictures(kept))


@pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)
def test_a_kept_notebook_is_whole_and_small(path):
    kept = nbformat.read(path, as_version=4)
    nbformat.validate(kept)
    code = [cell for cell in kept.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in outputs)
    assert len(notebooks.pictures(kept)) >= 2
    assert any("assert " in cell.source for cell in code)
    assert path.stat().st_size < LARGEST_BYTES


def test_all_four_are_there():
    assert [path.name[0] for path in notebooks.NOTEBOOKS] == ["1", "2", "3", "4"]

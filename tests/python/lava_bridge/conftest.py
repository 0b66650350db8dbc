"""Tests of the bridge need Lava (docs/lava.md says how it installs); without it they are left out, with a line."""

import importlib.metadata

import pytest

try:
    importlib.metadata.version("lava-nc")
    collect_ignore_glob = []
except importlib.metadata.PackageNotFoundError:
    collect_ignore_glob = ["test_*.py"]


def pytest_report_header(config):
    if collect_ignore_glob:
        return "tephra.lava: not tested, Lava is not installed (docs/lava.md)"
    return None


@pytest.fixture
def fixed_point():
    """A run configuration that chooses Lava's fixed-point models."""
    import tephra.lava  # noqa: F401  makes lava importable
    from lava.magma.core.run_configs import Loihi2SimCfg

    return Loihi2SimCfg(select_tag="fixed_pt")

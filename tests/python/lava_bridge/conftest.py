"""What the tests of the Lava bridge share."""

import pytest


@pytest.fixture
def fixed_point():
    """A run configuration that chooses Lava's fixed-point models."""
    import tephra.lava  # noqa: F401  makes lava importable
    from lava.magma.core.run_configs import Loihi2SimCfg

    return Loihi2SimCfg(select_tag="fixed_pt")

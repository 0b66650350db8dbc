"""What the tests share: the program beside the package, models, networks. Tests of the Lava bridge are left out, with a
line, where Lava is not installed (docs/lava.md)."""

import importlib.metadata
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import tephra

from shipped import PILOTNET, ROOT


try:
    importlib.metadata.version("lava-nc")
    has_lava = True
except importlib.metadata.PackageNotFoundError:
    has_lava = False


def pytest_ignore_collect(collection_path):
    if not has_lava and collection_path.parent.name in ("lava_bridge", "lava_suite"):
        return True
    return None


def pytest_report_header(config):
    return None if has_lava else "tephra.lava: not tested, Lava is not installed (docs/lava.md)"


@pytest.fixture(scope="session")
def program():
    """Runs the command line and returns what it prints."""
    path = Path(tephra.__file__).parent / "tephra"

    def call(*arguments):
        done = subprocess.run(
            [str(path), *map(str, arguments)], check=True, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}
        )
        return done.stdout.decode()

    return call


@pytest.fixture(scope="session")
def model():
    return tephra.shipped_model()


@pytest.fixture(scope="session")
def model_path():
    return ROOT / "models" / "mmf-7m.tph"


@pytest.fixture(scope="session")
def pilotnet():
    return tephra.load(PILOTNET / "network.net", reset_interval=16)


def small_network():
    """A chain of three layers with a delay and a recurrent connection."""
    rng = np.random.default_rng(7)
    net = tephra.NetworkBuilder("small")
    a = net.layer("a", 20, tephra.neurons.relay(), message_bits=8)
    b = net.layer("b", 30, tephra.neurons.lif(threshold=50, voltage_decay=200, current_decay=1000))
    c = net.layer("c", 10, tephra.neurons.leaky_readout(voltage_decay=300), message_bits=24)
    net.connect(a, b, tephra.synapses.dense(rng.integers(-100, 100, (30, 20))))
    net.connect(b, b, tephra.synapses.dense(rng.integers(-20, 20, (30, 30))), delay=2)
    net.connect(b, c, tephra.synapses.dense(rng.integers(-100, 100, (10, 30))))
    net.input(a)
    net.output(b)
    net.output(c)
    return net.build()


@pytest.fixture(scope="session")
def small():
    return small_network()


@pytest.fixture(scope="session")
def frames():
    return np.random.default_rng(8).integers(-5, 6, (40, 20)).astype(np.int32)

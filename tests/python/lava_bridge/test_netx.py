"""NetX networks of others, read by lava-dl, equal to Lava's own run. Skipped where the files are not there."""

import importlib.util
import pathlib

import numpy as np
import pytest
import tephra.lava
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source

# No skip of the module: Lava executes all files beside the class of a process.
there = importlib.util.find_spec("lava.lib.dl") is not None
pytestmark = pytest.mark.skipif(not there, reason="lava-dl is not installed (docs/lava.md)")
if there:
    from lava.lib.dl import netx

networks = pathlib.Path(__file__).resolve().parents[4] / "shared" / "spiking" / "netx"


def oxford(steps):
    net = netx.hdf5.Network(net_config=str(networks / "oxford" / "network.net"))
    spikes = np.random.default_rng(1).random((200, steps)) < 0.05
    source = Source(data=spikes.astype(int))
    source.s_out.connect(net.inp)
    return net, source


def pilotnet_lif(steps):
    net = netx.hdf5.Network(net_config=str(networks / "pilotnet_lif" / "network.net"), reset_interval=16)
    net.in_layer.neuron.bias_mant.init = np.load(networks / "pilotnet_lif" / "image.npy")
    return net, None


def pilotnet_sdnn(steps):
    net = netx.hdf5.Network(net_config=str(networks / "pilotnet_sdnn" / "network.net"))
    source = Source(data=np.load(networks / "pilotnet_sdnn" / "input.npy").astype(int))
    source.s_out.connect(net.in_layer.neuron.a_in)
    return net, source


def results(make, steps, attach):
    """What a network sends, and the states of all its neurons at the end."""
    net, source = make(steps)
    sink = Sink(shape=net.out.shape, buffer=steps)
    net.out.connect(sink.a_in)
    if attach:
        attachment = tephra.lava.attach(net)
    for part in (steps // 2, steps - steps // 2):
        net.run(RunSteps(part), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    found = {"output": sink.data.get()}
    for number, layer in enumerate(net.layers):
        for name in ("u", "v", "sigma", "act"):
            if hasattr(layer, "neuron") and hasattr(layer.neuron, name):
                found[f"layer {number}, {name}"] = getattr(layer.neuron, name).get()
    if attach:
        assert {placement.where for placement in attachment.runtime.placements} <= {"engine", "runtime"}
    net.stop()
    return found


@pytest.mark.parametrize(("make", "steps"), [(oxford, 300), (pilotnet_sdnn, 12), (pilotnet_lif, 20)])
def test_a_network_of_others_is_equal_to_lavas_run(make, steps):
    if not networks.exists():
        pytest.skip(f"there is no {networks}")
    mine, wanted = (results(make, steps, attach) for attach in (True, False))
    assert mine.keys() == wanted.keys()
    for name, values in wanted.items():
        assert np.array_equal(mine[name], values), name
    assert any(values.any() for values in wanted.values())

"""Networks in NIR: graphs and files, by the package `nir` itself, and what snnTorch exports."""

import numpy as np
import pytest

import tephra

nir = pytest.importorskip("nir")


def graph(dt=1e-3):
    rng = np.random.default_rng(5)
    hidden, outputs = 12, 4
    return nir.NIRGraph(
        nodes={
            "input": nir.Input({"input": np.array([8])}),
            "fc1": nir.Affine(rng.normal(0, 0.5, (hidden, 8)), rng.normal(0, 0.1, hidden)),
            "lif1": nir.LIF(
                tau=np.full(hidden, 20 * dt),
                r=np.full(hidden, 20.0),
                v_leak=np.zeros(hidden),
                v_threshold=np.ones(hidden),
            ),
            "fc2": nir.Linear(rng.normal(0, 0.5, (outputs, hidden))),
            "li": nir.LI(tau=np.full(outputs, 10 * dt), r=np.full(outputs, 10.0), v_leak=np.zeros(outputs)),
            "output": nir.Output({"output": np.array([outputs])}),
        },
        edges=[("input", "fc1"), ("fc1", "lif1"), ("lif1", "fc2"), ("fc2", "li"), ("li", "output")],
    )


def float_spikes(net, frames, dt):
    """The first layer in real numbers, forward Euler: spikes of each step."""
    fc, lif = net.nodes["fc1"], net.nodes["lif1"]
    v, rows = np.zeros(len(lif.tau)), []
    for frame in frames:
        current = fc.weight @ frame + fc.bias
        v = v + dt / lif.tau * (lif.r * current - v)
        spikes = v >= lif.v_threshold
        v = np.where(spikes, 0, v)
        rows.append(spikes)
    return np.array(rows)


def test_a_graph_and_its_file_are_one_network(tmp_path):
    made = graph()
    nir.write(tmp_path / "net.nir", made)
    again = nir.read(tmp_path / "net.nir")
    networks = [
        tephra.from_nir(made, dt=1e-3),
        tephra.from_nir(again, dt=1e-3),
        tephra.from_nir(tmp_path / "net.nir", dt=1e-3),
        tephra.load(tmp_path / "net.nir", dt=1e-3),
    ]
    assert len({network.hash for network in networks}) == 1
    assert networks[2].name == "net" and tephra.from_nir(made, dt=1e-3, name="mine").name == "mine"
    assert {error["layer"] for error in networks[0].errors} == {"lif1", "li"}
    assert tephra.from_nir(made, dt=2e-3).hash != networks[0].hash


def test_fixed_point_follows_the_graph():
    made, dt = graph(), 1e-3
    for name in ("fc2", "li"):
        del made.nodes[name]
    made.nodes["output"] = nir.Output({"output": np.array([12])})
    made = nir.NIRGraph(made.nodes, [("input", "fc1"), ("fc1", "lif1"), ("lif1", "output")])
    frames = np.random.default_rng(6).integers(0, 2, (200, 8))
    network = tephra.from_nir(made, dt=dt, weight_bits=16)
    ran = tephra.run(network, input=frames, probe=["lif1:spikes"])["lif1:spikes"]
    expected = float_spikes(made, frames, dt)
    assert expected.sum() > 100
    # A message takes a step from the input to the first layer.
    assert np.abs(ran[1:].sum(0) - expected[:-1].sum(0)).max() <= 2


def test_what_is_no_graph_is_refused(tmp_path):
    for value in (5, None, {"nodes": {}}, [graph()]):
        with pytest.raises(tephra.Error, match="graph_or_path"):
            tephra.from_nir(value)
    with pytest.raises(tephra.Error):
        tephra.from_nir(tmp_path / "absent.nir")
    with pytest.raises(tephra.Error, match="dt"):
        tephra.from_nir(graph(), dt=0)


def test_snntorch_exports_run():
    torch = pytest.importorskip("torch")
    snntorch = pytest.importorskip("snntorch")
    export_nir = pytest.importorskip("snntorch.export_nir")
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(8, 16),
        snntorch.Leaky(beta=0.9, init_hidden=True),
        torch.nn.Linear(16, 2),
        snntorch.Leaky(beta=0.9, init_hidden=True, output=True),
    )
    data = torch.randint(0, 2, (64, 8)).float()
    wanted = (data[:, :4].sum(1) > data[:, 4:].sum(1)).long()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(50):
        snntorch.utils.reset(net)
        spikes = sum(net(data)[0] for _ in range(10))
        loss = torch.nn.functional.cross_entropy(spikes, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    exported = export_nir.export_to_nir(net, data[:1])
    network = tephra.from_nir(exported, dt=1e-4, weight_bits=16)
    right = 0
    for frame, label in zip(data.int().numpy(), wanted.numpy()):
        sent = tephra.run(network, input=np.tile(frame, (12, 1))).recorded
        right += int(np.argmax(list(sent.values())[0].reshape(12, -1).sum(0)) == label)
    assert right > 40

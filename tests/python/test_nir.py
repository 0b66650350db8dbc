"""Networks in NIR: graphs and files, by the package `nir` itself, and what snnTorch exports."""

import numpy as np
import pytest

import tephra

from shipped import ROOT

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


# One LIF neuron on every framework (neuromorphs/NIR, paper/01_lif): steps of input spikes, and of the neuron's. Sinabs and
# Rockpool let voltages decay by an exponential, the others take a step of Euler's.
PUBLISHED_INPUT = (
    [60, 220, 270, 310, 320, 350, 370, 400, 410, 430, 440, 450, 460, 470, 480, 490, 500, 510, 520, 530]
    + [670, 680, 690, 700, 710, 720, 730, 740, 750, 760, 770, 780, 840, 850]
)
PUBLISHED = {
    "Norse": [460, 510, 710, 760],
    "snnTorch": [460, 510, 710, 760],
    "Nengo": [460, 510, 710, 760],
    "exact": [460, 510, 710, 760],
    "Spyx": [461, 511, 711, 761],
    "Sinabs": [450, 500, 710, 760],
    "Rockpool": [450, 500, 710, 760],
}


@pytest.mark.parametrize("weight_bits", [8, 16])
def test_the_published_neuron_spikes_as_on_every_framework(weight_bits):
    numbers = {"tau": 0.0025, "r": 1, "v_leak": 0, "v_threshold": 0.1, "v_reset": 0}
    made = nir.NIRGraph(
        nodes={
            "input": nir.Input({"input": np.array([1])}),
            "0": nir.Affine(np.ones((1, 1)), np.zeros(1)),
            "1": nir.LIF(**{name: np.full(1, value) for name, value in numbers.items()}),
            "output": nir.Output({"output": np.array([1])}),
        },
        edges=[("input", "0"), ("0", "1"), ("1", "output")],
    )
    frames = np.zeros((1000, 1), int)
    frames[PUBLISHED_INPUT] = 1
    ran = tephra.run(tephra.from_nir(made, dt=1e-4, weight_bits=weight_bits), input=frames)
    spikes = np.flatnonzero(ran["1:spikes"]) - 1  # a message takes a step from the input
    for framework, wanted in PUBLISHED.items():
        far = 10 if framework in ("Sinabs", "Rockpool") else 1  # steps; ten are one spike of the input
        assert len(spikes) == len(wanted) and np.abs(spikes - wanted).max() <= far, framework


def published(name):
    path = ROOT.parent / "shared" / "spiking" / "nir" / name
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return path


@pytest.mark.parametrize(
    ("name", "layers", "dt"),
    [
        ("lif_norse.nir", ["input", "1"], 1e-4),
        ("braille_noDelay_bias_zero.nir", ["input", "lif1.lif", "lif2"], 1e-4),  # snnTorch
        ("cnn_sinabs.nir", ["input", "1", "3", "6", "10", "12"], 1),
    ],
)
def test_files_that_frameworks_exported_run(name, layers, dt, tmp_path):
    path = published(name)
    network = tephra.from_nir(path, dt=dt)
    assert sorted(layer.name for layer in network.layers) == sorted(layers)
    again = nir.read(path)
    nir.write(tmp_path / "again.nir", again)
    assert network.hash == tephra.from_nir(again, dt=dt).hash == tephra.from_nir(tmp_path / "again.nir", dt=dt).hash
    shape = network.layers[network.inputs[0][0]].shape
    frames = np.random.default_rng(2).integers(0, 2, (40, *shape))
    assert any(sent.any() for sent in tephra.run(network, input=frames, probe=[f"{layers[1]}:spikes"]).recorded.values())


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
    utils = pytest.importorskip("snntorch.utils")
    torch.manual_seed(0)

    def leaky(neurons, **options):  # constants for each neuron: the export takes their number from there
        beta, threshold = torch.full((neurons,), 0.9), torch.ones(neurons)
        # NIR's neurons are zero after a spike, at once.
        reset = {"reset_mechanism": "zero", "reset_delay": False}
        return snntorch.Leaky(beta=beta, threshold=threshold, init_hidden=True, **reset, **options)

    net = torch.nn.Sequential(torch.nn.Linear(8, 16), leaky(16), torch.nn.Linear(16, 2), leaky(2, output=True))
    data = torch.randint(0, 2, (64, 8)).float()
    wanted = (data[:, :4].sum(1) > data[:, 4:].sum(1)).long()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(50):
        utils.reset(net)
        spikes = sum(net(data)[0] for _ in range(10))
        loss = torch.nn.functional.cross_entropy(spikes, wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    exported = export_nir.export_to_nir(net, data[:1], ignore_dims=[0])
    network = tephra.from_nir(exported, dt=1e-4, weight_bits=16)
    right = 0
    for frame, label in zip(data.int().numpy(), wanted.numpy()):
        sent = tephra.run(network, input=np.tile(frame, (12, 1))).recorded
        right += int(np.argmax(list(sent.values())[0].reshape(12, -1).sum(0)) == label)
    assert right > 40

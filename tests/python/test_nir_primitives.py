"""Each primitive of NIR: written and read by the package `nir` itself, and its fixed point beside real numbers."""

import inspect

import numpy as np
import pytest

import tephra

nir = pytest.importorskip("nir")

dt, steps = 1e-3, 150


def full(value, shape=8):
    return np.full(shape, float(value))


def draw(*shape):
    return np.random.default_rng(3).normal(0, 0.5, shape)


def convolve(image, node):
    """[channel out, y, x] of [channel in, y, x], with stride and padding."""
    (above, left), (down, right) = node.padding, node.stride
    image = np.pad(image, ((0, 0), (above, above), (left, left)))
    patches = np.lib.stride_tricks.sliding_window_view(image, node.weight.shape[2:], axis=(1, 2))[:, ::down, ::right]
    return np.einsum("cyxhw,ochw->oyx", patches, node.weight) + node.bias[:, None, None]


def pool(image, node):
    height, width = node.kernel_size
    down, right = node.stride
    return np.lib.stride_tricks.sliding_window_view(image, (height, width), axis=(1, 2))[:, ::down, ::right].sum((3, 4))


def conv2d():
    # One group, a square kernel: for others nir 1.0.8 infers wrong shapes, and its graph refuses itself.
    return nir.Conv2d((6, 5), draw(4, 2, 3, 3), (2, 1), (1, 0), 1, 1, draw(4))


def conv1d():
    return nir.Conv1d(12, draw(3, 2, 4), 2, 1, 1, 1, draw(3))


def convolve_1d(image, node):
    as_image = nir.Conv2d(
        (1, 12), node.weight[:, :, None], (1, node.stride), (0, node.padding), 1, node.groups, node.bias
    )
    return convolve(image[:, None], as_image)[:, 0]


# Node, shape of its input, and what it makes of the frames of all steps.
linear = {
    "Affine": (lambda: nir.Affine(draw(7, 8), draw(7)), (8,), lambda n, x: x @ n.weight.T + n.bias),
    "Linear": (lambda: nir.Linear(draw(7, 8)), (8,), lambda n, x: x @ n.weight.T),
    "Scale": (lambda: nir.Scale(draw(8)), (8,), lambda n, x: x * n.scale),
    "Conv1d": (conv1d, (2, 12), lambda n, x: np.array([convolve_1d(frame, n) for frame in x])),
    "Conv2d": (conv2d, (2, 6, 5), lambda n, x: np.array([convolve(frame, n) for frame in x])),
    "SumPool2d": (
        lambda: nir.SumPool2d(np.array([2, 2]), np.array([2, 1]), np.array([0, 0])),
        (2, 6, 5),
        lambda n, x: np.array([pool(frame, n) for frame in x]),
    ),
    "AvgPool2d": (
        lambda: nir.AvgPool2d(np.array([3, 2]), np.array([3, 2]), np.array([0, 0])),
        (2, 6, 5),
        lambda n, x: np.array([pool(frame, n) / 6 for frame in x]),
    ),
    "Flatten": (
        lambda: nir.Flatten({"input": np.array([2, 6, 5])}, 0, -1),
        (2, 6, 5),
        lambda n, x: x.reshape(len(x), -1),
    ),
    "Delay": (
        lambda: nir.Delay(np.arange(8) * 3 * dt),
        (8,),
        lambda n, x: np.array([np.concatenate([np.zeros(3 * k), x[: steps - 3 * k, k]]) for k in range(8)]).T,
    ),
}


def simulate(node, currents):
    """Spikes, or voltages where the node sends these, of each step: forward Euler."""
    kind = type(node).__name__
    if kind == "Threshold":
        return currents > node.threshold
    leaks = "LI" in kind
    tau = node.tau_mem if "Cuba" in kind else node.tau if leaks else dt
    leak = node.v_leak if leaks else 0
    reset = node.v_reset if kind.endswith("IF") else 0
    v, current, rows = np.zeros(currents.shape[1:]) + reset, np.zeros(currents.shape[1:]), []
    for x in currents:
        if "Cuba" in kind:
            current = current + dt / node.tau_syn * (node.w_in * x - current)
            x = current
        v = v + (dt / tau * (leak - v) if leaks else 0) + (dt / tau if leaks else dt) * node.r * x
        if not kind.endswith("IF"):
            rows.append(v)
            continue
        spikes = v > node.v_threshold
        v = np.where(spikes, reset, v)
        rows.append(spikes)
    return np.array(rows)


neurons = {
    "I": lambda: nir.I(full(20)),
    "IF": lambda: nir.IF(r=full(300), v_threshold=full(1), v_reset=full(-0.25)),
    "LI": lambda: nir.LI(tau=full(20 * dt), r=full(2), v_leak=full(0.5)),
    "LIF": lambda: nir.LIF(
        tau=np.linspace(5, 40, 8) * dt, r=full(9), v_leak=full(0.1), v_threshold=full(1), v_reset=full(-0.5)
    ),
    "CubaLI": lambda: nir.CubaLI(tau_syn=full(4 * dt), tau_mem=full(20 * dt), r=full(3), v_leak=full(0), w_in=full(2)),
    "CubaLIF": lambda: nir.CubaLIF(
        tau_syn=np.linspace(2, 9, 8) * dt,
        tau_mem=full(15 * dt),
        r=full(8),
        v_leak=full(0),
        v_threshold=full(1),
        v_reset=full(0),
        w_in=full(1.5),
    ),
    "Threshold": lambda: nir.Threshold(full(0.4)),
}


def chain(nodes, shape, out_shape):
    names = list(nodes)
    return nir.NIRGraph(
        nodes={
            "input": nir.Input({"input": np.array(shape)}),
            **nodes,
            "output": nir.Output({"output": np.array(out_shape)}),
        },
        edges=list(zip(["input", *names], [*names, "output"], strict=True)),
    )


def run(graph, frames, tmp_path, weight_bits=14):
    """What the last neurons send, [steps, *axes of the graph]; graph, file and graph read again are one network."""
    path = tmp_path / "graph.nir"
    nir.write(path, graph)
    options = {"dt": dt, "weight_bits": weight_bits}
    networks = [tephra.from_nir(what, **options) for what in (graph, nir.read(path), path)]
    assert len({network.hash for network in networks}) == 1
    reverse = (0, *range(frames.ndim - 1, 0, -1))
    done = tephra.run(networks[0], input=frames.transpose(reverse))
    (sent,) = done.recorded.values()
    return sent.transpose((0, *range(sent.ndim - 1, 0, -1)))


def late(frames):
    """As the first layer gets them: a message from the input takes a step."""
    return np.concatenate([np.zeros_like(frames[:1]), frames[:-1]])


def close(counts, wanted):
    """Spike counts: the fixed point may move single spikes, and so gain or lose one."""
    assert wanted.sum() > 50 and np.abs(counts - wanted).max() <= max(1, 0.02 * wanted.max()), (counts, wanted)


@pytest.mark.parametrize("name", linear)
def test_a_linear_primitive_gives_the_spikes_of_real_numbers(name, tmp_path):
    make, shape, compute = linear[name]
    node = make()
    frames = np.random.default_rng(4).integers(0, 2, (steps, *shape))
    currents = compute(node, late(frames).astype(float))
    after = nir.IF(r=full(1000, currents.shape[1:]), v_threshold=full(0.9, currents.shape[1:]))
    graph = chain({"node": node, "if": after}, shape, currents.shape[1:])
    close(run(graph, frames, tmp_path).sum(0), simulate(after, currents).sum(0))


@pytest.mark.parametrize("name", neurons)
def test_a_neuron_gives_the_spikes_or_voltages_of_real_numbers(name, tmp_path):
    node = neurons[name]()
    weights = nir.Affine(draw(8, 8) + 0.1, draw(8) * 0.1 + 0.05)
    frames = np.random.default_rng(5).integers(0, 2, (steps, 8))
    wanted = simulate(node, late(frames) @ weights.weight.T + weights.bias)
    graph = chain({"weights": weights, "node": node}, (8,), (8,))
    if wanted.dtype == bool:
        close(run(graph, frames, tmp_path).sum(0), wanted.sum(0))
        return
    sent = run(graph, frames, tmp_path, weight_bits=8)  # voltages without a threshold need room above the weights
    scale = (sent * wanted).sum() / (wanted**2).sum()  # of the layer
    assert np.abs(sent / scale - wanted).max() < 0.02 * np.abs(wanted).max()


def test_a_graph_within_a_graph(tmp_path):
    frames = np.random.default_rng(6).integers(0, 2, (steps, 8))
    inner = chain({"weights": nir.Linear(draw(8, 8)), "lif": neurons["LIF"]()}, (8,), (8,))
    flat = chain({"weights": nir.Linear(draw(8, 8)), "lif": neurons["LIF"]()}, (8,), (8,))
    sent = run(chain({"inner": inner}, (8,), (8,)), frames, tmp_path)
    assert sent.any() and np.array_equal(sent, run(flat, frames, tmp_path))


def test_every_primitive_of_the_package_is_tested_or_refused_by_name():
    known = {
        name
        for name, kind in vars(nir).items()
        if inspect.isclass(kind) and issubclass(kind, nir.NIRNode) and kind is not nir.NIRNode
    }
    assert known - {*linear, *neurons} == {"Input", "Output", "NIRGraph", "Identity"} & known

"""Networks made by hand, and the plain engine step by step."""

import numpy as np
import pytest

import tephra


def pair():
    net = tephra.NetworkBuilder("pair")
    a = net.layer("a", 3, tephra.neurons.lif(threshold=10))
    b = net.layer("b", 2, tephra.neurons.lif(threshold=10, voltage_decay=100))
    net.connect(a, b, tephra.synapses.dense([[1, 2, 3], [4, 5, 6]], exponent=2))
    net.input(a, port="current")
    net.output(b)
    return net.build()


def reference(steps, offered):
    """LIF with current decay 4095 and threshold 10, by the law (docs/numerics.md, section 11.2)."""
    weights = np.array([[1, 2, 3], [4, 5, 6]])
    v_a, v_b, arriving = np.zeros(3, int), np.zeros(2, int), np.zeros(2, int)
    rows = []
    for _ in range(steps):
        v_a = v_a + offered * 64
        spikes_a = (v_a > 640).astype(int)
        v_a[spikes_a == 1] = 0
        v_b = v_b * (4096 - 100) // 4096 + arriving * 64
        spikes_b = (v_b > 640).astype(int)
        v_b[spikes_b == 1] = 0
        arriving = (weights @ spikes_a) << 2
        rows.append((spikes_a, v_b.copy(), spikes_b))
    return rows


def test_an_engine_steps_as_the_law_says():
    engine = tephra.Engine(pair())
    offered = np.array([3, 4, 11])
    for spikes_a, v_b, spikes_b in reference(20, offered):
        engine.step(offered)
        assert np.array_equal(engine.messages("a"), spikes_a)
        assert np.array_equal(engine.state("b", "v"), v_b)
        assert np.array_equal(engine.messages("b"), spikes_b)
    assert engine.steps == 20
    assert engine.sent("a") > 0 and engine.synops("b") == 2 * engine.sent("a")


def test_many_steps_in_one_call_record_what_single_steps_show():
    offered = np.arange(60).reshape(20, 3) % 13
    spikes, v = tephra.Engine(pair()).run(20, offered, probes=[("b", "spikes"), ("b", "v")])
    engine = tephra.Engine(pair())
    for step in range(20):
        engine.step(offered[step])
        assert np.array_equal(engine.messages("b"), spikes[step])
        assert np.array_equal(engine.state("b", "v"), v[step])


def test_a_state_that_is_set_is_used():
    engine = tephra.Engine(pair())
    engine.set_state("b", "v", [639, 641])
    engine.step()
    assert list(engine.messages("b")) == [0, 0]  # the leak takes 641 below the threshold
    engine.set_state("b", "v", 1000)
    engine.step()
    assert list(engine.messages("b")) == [1, 1]
    with pytest.raises(tephra.Error, match="24 bits"):
        engine.set_state("b", "v", 2**24)


def test_a_view_shows_the_engine_and_keeps_it_alive():
    engine = tephra.Engine(pair())
    view = engine.messages("a", copy=False)
    kept = engine.messages("a")
    engine.step([11, 0, 11])
    assert list(view) == [1, 0, 1] and list(kept) == [0, 0, 0]
    assert not view.flags.writeable
    del engine
    assert list(view) == [1, 0, 1]


def test_a_network_written_and_read_computes_the_same(tmp_path):
    network = pair()
    network.write(tmp_path / "pair.tph")
    again = tephra.read_network(tmp_path / "pair.tph")
    assert again.hash == network.hash and again.name == "pair"
    assert [layer.name for layer in again.layers] == ["a", "b"]
    assert again.connections[0].synapses.parameters()["weights"].tolist() == [1, 2, 3, 4, 5, 6]


def test_delays_and_sparse_synapses():
    net = tephra.NetworkBuilder()
    a = net.layer("a", 2, tephra.neurons.relay(), message_bits=8)
    b = net.layer("b", 2, tephra.neurons.graded(), message_bits=16)
    net.connect(a, b, tephra.synapses.sparse(2, 2, [0, 1], [1, 0], [3, -5], [0, 2]), delay=1)
    net.input(a)
    net.output(b)
    engine = tephra.Engine(net.build())
    got = []
    for step in range(6):
        engine.step([7, 9] if step == 0 else None)
        got.append(engine.messages(b).tolist())
    assert got == [[0, 0], [0, 0], [0, 21], [0, 0], [-45, 0], [0, 0]]


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (lambda: tephra.neurons.lif(threshold=-1), "lif"),
        (lambda: tephra.neurons.lif(threshold=1.5), "lif, threshold"),
        (lambda: tephra.neurons.lif(threshold=[1, float("nan")]), "lif, threshold"),
        (lambda: tephra.synapses.dense([[1, 2], [3]]), "dense, weights"),
        (lambda: tephra.synapses.dense([1, 2]), "dense, weights"),
        (lambda: tephra.synapses.dense(np.array([[1, None]])), "dense, weights"),
        (lambda: tephra.synapses.dense([[300]], weight_bits=8), "dense, weights"),
        (lambda: tephra.Engine(pair()).step([1, 2]), "inputs, 0"),
        (lambda: tephra.Engine(pair()).state("c", "v"), "layer"),
        (lambda: tephra.Engine(pair()).state("b", "w"), "word"),
        (lambda: tephra.Machine("kapoho"), "machine"),
        (lambda: tephra.read_network("/nowhere/at/all.net"), "/nowhere/at/all.net"),
    ],
)
def test_bad_input_is_one_exception_with_place_and_hint(call, place):
    with pytest.raises(tephra.Error) as caught:
        call()
    assert caught.value.place == place
    assert caught.value.code == "bad_input"
    assert caught.value.message and caught.value.hint


def test_machines_and_cost_tables_can_be_read_changed_and_written(tmp_path):
    machine = tephra.Machine("kapoho-point")
    assert machine.chips == 8 and "kapoho-point" in tephra.machine_names()
    assert tephra.Machine.from_dict(machine.to_dict()).hash == machine.hash
    other = machine.to_dict()
    machine.write(tmp_path / "m.json")
    assert tephra.Machine(tmp_path / "m.json").hash == machine.hash
    other["unknown"] = 1
    with pytest.raises(tephra.Error, match="unknown"):
        tephra.Machine.from_dict(other)
    costs = tephra.CostTable("loihi2")
    assert tephra.CostTable.from_dict(costs.to_dict()).hash == costs.hash

"""The plain engine's step in parts, and constants that change between two steps."""

import numpy as np
import pytest

import tephra


def pair():
    net = tephra.NetworkBuilder("pair")
    a = net.layer("a", 2, tephra.neurons.relay(), message_bits=8)
    b = net.layer("b", 2, tephra.neurons.lif(threshold=10))
    net.connect(a, b, tephra.synapses.dense([[1, 2], [3, 4]]))
    net.input(a)
    net.input(b)
    return net.build()


def test_a_step_in_parts_is_the_same_step():
    network = pair()
    whole, parts = tephra.Engine(network), tephra.Engine(network)
    for step in range(6):
        inputs = (np.array([step, 1]), np.array([0, step]))
        whole.step(inputs)
        for layer in ("b", 0):
            parts.fire(layer, inputs)
        parts.finish()
        for layer in range(2):
            assert np.array_equal(whole.messages(layer), parts.messages(layer))
        assert np.array_equal(whole.state("b", "v"), parts.state("b", "v"))


def test_a_layer_fires_once_a_step():
    engine = tephra.Engine(pair())
    engine.fire("a")
    with pytest.raises(tephra.Error, match='it has not fired in this step') as raised:
        engine.finish()
    assert raised.value.place == 'layer "b", step 1'


def test_constants_change_between_two_steps():
    engine = tephra.Engine(pair())
    engine.step((np.array([1, 0]), None))
    engine.set_synapses(0, tephra.synapses.dense([[5, 6], [7, 8]]))
    engine.step((np.array([1, 0]), None))  # the old weights are on their way
    assert engine.state("b", "u").tolist() == [1 << 6, 3 << 6]
    engine.step()
    assert engine.state("b", "u").tolist() == [5 << 6, 7 << 6]
    engine.set_neurons("b", tephra.neurons.lif(threshold=0))
    engine.step()
    assert engine.messages("b").tolist() == [1, 1]
    for wrong in (
        lambda: engine.set_neurons("b", tephra.neurons.relay()),
        lambda: engine.set_neurons("b", "lif"),
        lambda: engine.set_synapses(0, tephra.synapses.dense([[5, 6]])),
        lambda: engine.set_synapses(7, tephra.synapses.dense([[5, 6]])),
        lambda: engine.set_synapses(0, None),
    ):
        with pytest.raises(tephra.Error) as raised:
            wrong()
        assert raised.value.place and raised.value.hint

"""Spiking and graded networks: built layer by layer or read from files, and run step by step without a machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from . import _core
from ._core import Neurons, Synapses
from ._made import Named

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import ArrayLike

PathLike = Union[str, "os.PathLike[str]"]


class Layer(NamedTuple):
    """A population of neurons. message_bits: 0 for spikes, else of signed payloads."""

    name: str
    shape: tuple[int, ...]
    neurons: Neurons
    message_bits: int

    @property
    def size(self) -> int:
        size = 1
        for extent in self.shape:
            size *= extent
        return size


class Connection(NamedTuple):
    """What layer ``source`` sends in step t reaches ``port`` of layer ``target`` in step t + 1 + delay."""

    source: int
    target: int
    port: int
    synapses: Synapses
    delay: int


class Network(Named):
    """A checked network; immutable. Made by :class:`NetworkBuilder` or :func:`tephra.load`."""

    _made_by = "tephra.load(path) or tephra.NetworkBuilder().build()"
    notes: list[str]  #: what a NetX file says and lava-dl leaves out
    errors: list[dict[str, Any]]  #: of a NIR file: how far the fixed point of each layer is from it

    def _named(self, name: str | None) -> Network:
        """The same under another name; itself for None."""
        return self if name is None else Network._of(self._native.renamed(name), notes=self.notes, errors=self.errors)

    @property
    def layers(self) -> list[Layer]:
        return [Layer(*layer) for layer in self._native.layers]

    @property
    def connections(self) -> list[Connection]:
        return [Connection(*connection) for connection in self._native.connections]

    @property
    def inputs(self) -> list[tuple[int, int]]:
        """(layer, port) of each input."""
        return self._native.inputs

    @property
    def outputs(self) -> list[int]:
        """Layers whose messages the host reads."""
        return self._native.outputs

    def find(self, layer: str) -> int:
        """Index of a layer by its name. Errors: :class:`tephra.Error` that names the nearest."""
        return self._native.find(layer)

    def write(self, path: PathLike) -> None:
        """Writes a deployment file (.tph), whole or not at all, which :func:`tephra.load` reads back equal."""
        self._native.write(path)

    def __repr__(self) -> str:
        layers = self.layers
        return f"<tephra.Network {self.name!r}: {len(layers)} layers, {sum(layer.size for layer in layers)} neurons>"


class NetworkBuilder:
    """Makes a :class:`Network` part by part.

    >>> net = tephra.NetworkBuilder("pair")
    >>> a = net.layer("a", 3, tephra.neurons.lif(threshold=10))
    >>> b = net.layer("b", 2, tephra.neurons.lif(threshold=10))
    >>> net.connect(a, b, tephra.synapses.dense([[1, 2, 3], [4, 5, 6]], exponent=2))
    0
    >>> net.input(a)
    0
    >>> net.output(b)
    >>> network = net.build()
    """

    def __init__(self, name: str = "network"):
        self._name = name
        self._layers: list[tuple[Any, ...]] = []
        self._connections: list[tuple[Any, ...]] = []
        self._inputs: list[tuple[Any, Any]] = []
        self._outputs: list[Any] = []

    def layer(self, name: str, shape: int | Sequence[int], neurons: Neurons, *, message_bits: int = 0) -> int:
        """Adds a layer and returns its index. shape: neurons, or axes such as (x, y, channels), the last of which
        varies fastest. message_bits: 0 for spikes (1 or -1, which count as 1), else of signed payloads, up to 32."""
        self._layers.append((name, shape, neurons, message_bits))
        return len(self._layers) - 1

    def connect(
        self, source: int | str, target: int | str, synapses: Synapses, *, port: int | str = 0, delay: int = 0
    ) -> int:
        """Adds a connection between two layers, by index or name, and returns its index. port: of the target's neurons,
        by index or name. delay: steps beside the one that every connection takes; with the synapses' own, up to 62."""
        place = f"connection {len(self._connections)}"
        to = self._index(target, place + ", target")
        self._connections.append(
            (self._index(source, place + ", source"), to, self._port(to, port, place + ", port"), synapses, delay)
        )
        return len(self._connections) - 1

    def input(self, layer: int | str, *, port: int | str = 0) -> int:
        """Lets values from outside into a port of a layer, in the step in which they are offered. Returns the number of
        the input, which is its place in :meth:`Engine.step`."""
        index = self._index(layer, "inputs, layer")
        self._inputs.append((index, self._port(index, port, "inputs, port")))
        return len(self._inputs) - 1

    def output(self, layer: int | str) -> None:
        """Lets the host read what a layer sends."""
        self._outputs.append(self._index(layer, "outputs"))

    def build(self) -> Network:
        """Checks the parts against each other. Errors: :class:`tephra.Error` with the layer or the connection."""
        native = _core.make_network(self._name, self._layers, self._connections, self._inputs, self._outputs)
        return Network._of(native, notes=[], errors=[])

    def _index(self, layer: int | str, place: str) -> Any:
        if not isinstance(layer, str):
            return layer
        for index, (name, *_) in enumerate(self._layers):
            if isinstance(name, str) and name == layer:
                return index
        known = ", ".join(str(name) for name, *_ in self._layers) or "none yet"
        raise _core.refusal(f'there is no layer "{layer}"', place, f"there are: {known}")

    def _port(self, layer: Any, port: int | str, place: str) -> Any:
        if not isinstance(port, str):
            return port
        neurons = self._layers[layer][2] if isinstance(layer, int) and 0 <= layer < len(self._layers) else None
        ports = neurons.ports if isinstance(neurons, Neurons) else []
        if port in ports:
            return ports.index(port)
        raise _core.refusal(f'its neurons have no port "{port}"', place, f"they have: {', '.join(ports) or 'none'}")


class Engine:
    """The plain engine: a network without a machine, step by step. It is the definition of what a network computes, and
    works event by event: messages that are zero cost nothing.

    After an error in a step, other than a wrong size of an input, the engine is of no more use. Several threads may
    call one engine; their calls wait for each other. The GIL is released while it works.
    """

    def __init__(self, network: Network):
        if not isinstance(network, Network):
            raise _core.refusal("it is no tephra.Network", "network", "make one with load() or NetworkBuilder")
        self._network = network
        self._native = _core.Engine(network._native)

    @property
    def network(self) -> Network:
        return self._network

    @property
    def steps(self) -> int:
        """Steps done so far."""
        return self._native.steps

    def step(self, inputs: ArrayLike | tuple[ArrayLike | None, ...] | list[ArrayLike | None] | None = None) -> None:
        """One step. inputs: for a network with one input an array with a value for each neuron of its layer; else a
        tuple or list of such arrays, one for each input, or None for zeros.

        Errors: :class:`tephra.Error` with the layer and the step when an input has another size, a message does not fit
        its layer's bits, sums may leave 32 bits, or a neuron left the range of its law."""
        self._native.step(inputs)

    def run(
        self,
        steps: int,
        inputs: Any = None,
        probes: Sequence[tuple[int | str, str]] = (),
    ) -> list[np.ndarray]:
        """``steps`` steps in one call. inputs: as of :meth:`step`; each array is one frame for all steps, or has an axis
        of steps before those of the layer. probes: (layer, "spikes") for messages or (layer, state) pairs.

        Returns an array of int32 for each probe, [steps, *shape of the layer]."""
        return self._native.run(steps, inputs, probes)

    def messages(self, layer: int | str, *, copy: bool = True) -> np.ndarray:
        """What the neurons of a layer sent in the last step, int32 in the layer's shape. copy=False: a read-only array
        over the engine's memory, which the next step changes."""
        return self._native.messages(layer, copy)

    def state(self, layer: int | str, word: int | str, *, copy: bool = True) -> np.ndarray:
        """A state word of a layer after the last step, by name ("u", "v", ...) or index; as :meth:`messages`."""
        return self._native.state(layer, word, copy)

    def set_state(self, layer: int | str, word: int | str, values: ArrayLike) -> None:
        """Sets a state word between two steps: one value for all neurons, or one for each. Errors:
        :class:`tephra.Error` for values beyond 2**23 in magnitude."""
        self._native.set_state(layer, word, values)

    def fire(
        self, layer: int | str, inputs: ArrayLike | tuple[ArrayLike | None, ...] | list[ArrayLike | None] | None = None
    ) -> None:
        """One layer's share of a step, for a host that computes beside the engine within the step: each layer fires
        once, in any order, then :meth:`finish` ends the step. inputs: as of :meth:`step`; those of the layer are read.
        Errors: as of :meth:`step`; also for a layer that fires twice."""
        self._native.fire(layer, inputs)

    def finish(self) -> None:
        """Ends a step whose layers were fired one by one: what they sent goes on its way. Errors:
        :class:`tephra.Error` that names a layer that has not fired."""
        self._native.finish()

    def set_neurons(self, layer: int | str, neurons: Neurons) -> None:
        """Gives a layer's neurons other constants between two steps; their state stays. Errors: :class:`tephra.Error`
        for another kind, other states, or constants for another number of neurons."""
        self._native.set_neurons(layer, neurons)

    def set_synapses(self, connection: int, synapses: Synapses) -> None:
        """Gives a connection, by its index, other weights between two steps; what is on its way stays. Errors:
        :class:`tephra.Error` for other sizes, or longer delays than the network's."""
        self._native.set_synapses(connection, synapses)

    def sent(self, layer: int | str) -> int:
        """Messages of a layer that were not zero, over all steps."""
        return self._native.sent(layer)

    def synops(self, layer: int | str) -> int:
        """Weights that messages met on their way to a layer, over all steps."""
        return self._native.synops(layer)


def read_network(path: PathLike, **options: Any) -> Network:
    """Reads a network: NetX (.net), NIR (.nir) or a deployment file (.tph), told by what the file holds.

    NetX: reset_interval, reset_offset (steps), threshold ("above" or "reached"). NIR: dt (seconds of a step, default
    1e-4), rule ("nearest" or "lava"), weight_bits (2 to 16). Both: input_bits (message bits of input that enters as
    messages; 0: spikes). An option that would be ignored is refused. ``notes`` of the result says what a NetX file says
    and lava-dl leaves out; ``errors`` how far fixed point is from a NIR file."""
    kind = _core.file_kind(path)
    if kind == "netx":
        native, notes = _core.read_netx(path, **options)
        return Network._of(native, notes=notes, errors=[])
    if kind == "nir":
        native, errors = _core.read_nir(path, **options)
        return Network._of(native, notes=[], errors=errors)
    if kind != "network":
        raise _core.refusal("this is a language model", os.fsdecode(path), "read it with tephra.load()")
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise _core.refusal("ignored with a deployment file", given[0], "import has read the network: leave it out")
    return Network._of(_core.read_network(path), notes=[], errors=[])

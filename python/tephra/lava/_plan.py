"""Which processes of a graph the engine takes, and the network that it makes of them."""

import warnings
from dataclasses import dataclass, field

import numpy as np
from lava.magma.core.process.ports.ports import create_port_id

import tephra

from ._errors import process_name
from ._models import Unfit, initial_vars, neuron_kinds
from ._synapses import stored_weights, synapse_kinds

_largest_state = 1 << 23
_payload_bits = 32


class _Misfit(Exception):
    def __init__(self, process, reason):
        super().__init__(reason)
        self.process, self.reason = process, reason


def transforms(edge):
    """Functions of the virtual ports (reshape, transpose) on the way of an edge."""
    found = edge.target.get_incoming_transform_funcs()
    return found.get(create_port_id(edge.source.process.id, edge.source.name), [])


def order_of(edge):
    """order[i]: which value of the source stands at place i of the target, both in C order."""
    numbers = np.arange(int(np.prod(edge.source.shape))).reshape(edge.source.shape)
    for function in transforms(edge):
        numbers = function(numbers)
    return np.asarray(numbers).reshape(-1)


@dataclass
class NeuronPart:
    """A process of neurons in the engine."""

    process: object
    model: type
    kind: object
    values: dict  # Vars as Lava's model holds them
    shape: tuple
    neurons: object
    layer: int = -1
    bits: int = 0


@dataclass
class SynapsePart:
    """A connection process in the engine: one or more connections of the network, with the same weights."""

    process: object
    model: type
    kind: object
    values: dict
    weights: object  # as Lava's model holds them from its first step on
    graded: bool  # payloads count, or each message as 1
    source: int = -1  # layer that it listens to
    relay: int = -1  # layer that the host feeds, where it has no single source in the engine
    readout: int = -1  # layer that repeats what it sends, where others than the engine's neurons listen
    targets: list = field(default_factory=list)  # (connection, rows, columns)


@dataclass
class HostInput:
    """Values that the host gives to a port of a layer: the sum over edges. `binary`: each value that is not 0 is 1."""

    layer: int
    port: int
    edges: list
    binary: bool = False
    owner: object = None


class Plan:
    """What of a graph runs in the engine."""

    def __init__(self, graph):
        self.graph = graph
        self.rejected = graph.rejected
        while True:
            try:
                self._make()
                return
            except _Misfit as misfit:
                self.rejected[misfit.process] = misfit.reason

    def reads(self, process):
        """Layer whose messages are what the process sends."""
        if process in self.neurons:
            return self.neurons[process].layer
        return self.synapses[process].readout

    # Candidates.
    def _make(self):
        self.neurons, self.synapses = {}, {}
        self.layers, self.connections, self.inputs = [], [], []
        into = {}
        for edge in self.graph.edges:
            into.setdefault((edge.target.process, edge.target.name), []).append(edge)
        for process, model in self.graph.models.items():
            if process in self.rejected or model not in neuron_kinds and model not in synapse_kinds:
                continue
            try:
                if model in neuron_kinds:
                    self.neurons[process] = self._neuron_part(process, model)
                else:
                    self.synapses[process] = self._synapse_part(process, model)
                self._check_dtypes(process, into)
            except (Unfit, tephra.Error) as unfit:
                raise _Misfit(process, getattr(unfit, "message", "") or str(unfit)) from unfit
        self._choose_bits(into)
        for part in self.neurons.values():
            part.layer = self._layer(part.process, part.shape, part.neurons, part.bits)
        for part in self.synapses.values():
            self._connect_source(part, into)
        for part in self.synapses.values():
            self._connect_targets(part)
        for part in self.neurons.values():
            for number, name in enumerate(part.kind.ports):
                edges = [e for e in into.get((part.process, name), []) if e.source.process not in self.synapses]
                if edges:
                    self.inputs.append(HostInput(part.layer, number, edges))

    def _neuron_part(self, process, model):
        kind, values = neuron_kinds[model], initial_vars(process, model)
        if "bias" in vars(process) and "bias_mant" in values:  # published programs set it; Lava does not look at it either
            warnings.warn(
                f'{process_name(process)}: it has no Var "bias", which was set; set bias_mant.init', stacklevel=2
            )
        shape = tuple(getattr(process, kind.ports[0]).shape)
        for name in kind.states:
            if np.any(np.abs(values[name].astype(np.int64)) > _largest_state):
                raise Unfit(f"{name} starts beyond 24 bits")
        return NeuronPart(process, model, kind, values, shape, kind.make(values, shape, process.proc_params))

    def _synapse_part(self, process, model):
        kind, values = synapse_kinds[model], initial_vars(process, model)
        if np.any(values[kind.buffer]):
            raise Unfit(f"{kind.buffer} does not start at zero")
        weights = stored_weights(kind, values, process.proc_params)
        graded = int(np.asarray(values["num_message_bits"]).reshape(-1)[0]) > 0
        return SynapsePart(process, model, kind, values, weights, graded)

    def _check_dtypes(self, process, into):
        part = self.neurons.get(process)
        binary = part is None and not self.synapses[process].graded
        for name in part.kind.ports if part is not None else ("s_in",):
            for edge in into.get((process, name), []):
                dtype = np.dtype(getattr(self.graph.models[edge.source.process], edge.source.name).d_type)
                if not binary and dtype.kind not in "bui":
                    raise Unfit(f"port {name} gets values of type {dtype}")
                if part is not None and part.kind.narrow_input and dtype.itemsize < 4:
                    raise Unfit(f"port {name} gets values of type {dtype}, in which Lava's sums overflow")

    def _direct(self, part, into):
        """The one edge from neurons of the engine that a connection listens to, if there is no other."""
        edges = into.get((part.process, "s_in"), [])
        return edges[0] if len(edges) == 1 and edges[0].source.process in self.neurons else None

    def _choose_bits(self, into):
        for neurons in self.neurons.values():
            neurons.bits = _payload_bits if neurons.kind.graded else 0
        for part in self.synapses.values():
            edge = self._direct(part, into)
            if edge is not None and part.graded and self.neurons[edge.source.process].kind.signed:
                self.neurons[edge.source.process].bits = 2

    # The network.
    def _layer(self, process, shape, neurons, bits, suffix=""):
        taken = {name for name, *_ in self.layers}
        name = process.name + suffix
        self.layers.append((name if name not in taken else f"{name} ({process.id})", shape, neurons, bits))
        return len(self.layers) - 1

    def _connect_source(self, part, into):
        edge = self._direct(part, into)
        size = int(np.prod(part.process.s_in.shape))
        columns = np.arange(size)
        if edge is not None and (part.graded or self.neurons[edge.source.process].bits == 0):
            part.source = self.neurons[edge.source.process].layer
            columns[order_of(edge)] = np.arange(size)
        else:
            bits = _payload_bits if part.graded else 0
            part.relay = part.source = self._layer(part.process, (size,), tephra.neurons.relay(), bits, " input")
            edges = into.get((part.process, "s_in"), [])
            if edges:
                self.inputs.append(HostInput(part.relay, 0, edges, binary=not part.graded))
        part.columns = columns

    def _connect_targets(self, part):
        out = part.process.a_out
        size = int(np.prod(out.shape))
        others = False
        for edge in self.graph.edges:
            if edge.source is not out:
                continue
            target = self.neurons.get(edge.target.process)
            if target is None:
                others = True
                continue
            self._connection(part, target.layer, target.kind.ports.index(edge.target.name), order_of(edge))
        if others or not part.targets:
            part.readout = self._layer(part.process, (size,), tephra.neurons.relay(), _payload_bits, " output")
            self._connection(part, part.readout, 0, np.arange(size))

    def synapses_of(self, part, rows):
        """The engine's synapses with the weights that a part has now."""
        return part.kind.make(part.weights, part.values, part.process.proc_params, rows, part.columns)

    def _connection(self, part, target, port, rows):
        try:
            synapses = self.synapses_of(part, rows)
        except (Unfit, tephra.Error) as unfit:
            raise _Misfit(part.process, getattr(unfit, "message", "") or str(unfit)) from unfit
        part.targets.append((len(self.connections), rows))
        self.connections.append((part.source, target, port, synapses, 0))

    def network(self, name, outputs=()):
        """The network of all parts; outputs: layers that the host reads."""
        builder = tephra.NetworkBuilder(name)
        for layer_name, shape, neurons, bits in self.layers:
            builder.layer(layer_name, shape, neurons, message_bits=bits)
        for source, target, port, synapses, delay in self.connections:
            builder.connect(source, target, synapses, port=port, delay=delay)
        for entry in self.inputs:
            builder.input(entry.layer, port=entry.port)
        for layer in outputs:
            builder.output(layer)
        return builder.build()

"""Sources, sinks and monitors of Lava's library, when everything else is in the engine: whole runs in one call."""

import numpy as np
from lava.proc.io import sink, source
from lava.proc.monitor.models import PyMonitorModel

from ._errors import ProcessError, error, process_name
from ._plan import order_of
from ._synapses import straight

_values_of_a_chunk = 1 << 22


class _Owner:
    """Vars of a process that the runtime itself stands for."""

    asynchronous = False

    def __init__(self, process, arrays):
        self.process, self.arrays, self.who = process, arrays, process_name(process)

    def dtype(self, port):
        raise NotImplementedError

    def read(self, name):
        return self.arrays[name]

    def get(self, var):
        return np.asarray(self.arrays[var.name], np.float64).reshape(var.shape).copy()

    def set(self, var, value):
        array = self.arrays[var.name]
        flat = np.asarray(value).reshape(-1)
        array.reshape(-1)[: flat.size] = flat[: array.size]


def _array(process, name, dtype):
    var = getattr(process, name)
    array = np.zeros(var.shape, dtype)
    array[:] = var.init
    return array


class InOut:
    """fits: whether it can stand for all processes that are not in the engine."""

    def __init__(self, graph, plan):
        self._graph, self._plan = graph, plan
        self.owners, self.probes = {}, []
        self._sinks, self._monitors = [], []
        self.fits = all(self._take(p, m) for p, m in graph.models.items() if p not in self._in_engine()) and all(
            edge.source.process in self._sources() for entry in plan.inputs for edge in entry.edges
        )

    def _in_engine(self):
        return {**self._plan.neurons, **self._plan.synapses}

    def _sources(self):
        return {p for p, m in self._graph.models.items() if m is source.PySendModelFixed}

    def _take(self, process, model):
        into = [edge for edge in self._graph.edges if edge.target.process is process]
        if any(edge.source.process not in self._in_engine() for edge in into):
            return False
        if model is source.PySendModelFixed:
            self.owners[process] = _Owner(process, {"data": _array(process, "data", np.int32)})
            return True
        if model in (sink.PyReceiveModelFixed, sink.PyReceiveModelFloat):
            owner = _Owner(process, {"data": _array(process, "data", model.data.d_type)})
            self.owners[process] = owner
            self._sinks.append((owner, [(self._probe(e.source.process, "spikes"), order_of(e)) for e in into]))
            return True
        return model is PyMonitorModel and self._take_monitor(process, into)

    def _probe(self, process, word):
        layer = self._plan.reads(process)
        if (layer, word) not in self.probes:
            self.probes.append((layer, word))
        return self.probes.index((layer, word))

    def _take_monitor(self, process, into):
        parameters = process.proc_params
        arrays = {var.name: np.zeros(var.shape, np.float64) for var in process.vars}
        owner = _Owner(process, arrays)
        for number in range(parameters["n_ref_ports"]):
            targets = getattr(process, parameters["RefPorts"][number]).get_dst_ports()
            if len(targets) != 1 or targets[0].var.process not in self._plan.neurons:
                return False
            var = targets[0].var
            word = self._plan.neurons[var.process].kind.states.get(var.name)
            if word is None:
                return False
            probe = self._probe(var.process, word)
            self._monitors.append((owner, parameters["VarsData1"][number], [(probe, None)]))
        for number in range(parameters["n_in_ports"]):
            name = parameters["InPorts"][number]
            probes = [
                (self._probe(e.source.process, "spikes"), order_of(e)) for e in into if e.target.name == name
            ]
            self._monitors.append((owner, parameters["VarsData2"][number], probes))
        self.owners[process] = owner
        return True

    def largest_chunk(self):
        """Steps that one call of the engine does at most, by the memory that they take."""
        width = sum(int(np.prod(self._plan.layers[layer][1])) for layer, _ in self.probes)
        width += sum(int(np.prod(self._plan.layers[entry.layer][1])) for entry in self._plan.inputs)
        return max(1, _values_of_a_chunk // max(width, 1))

    def frames(self, entry, time_step, steps):
        """What a host input gets in the steps that follow: [steps, neurons]."""
        total = None
        for edge in entry.edges:
            data = self.owners[edge.source.process].arrays["data"]
            data = data.reshape(-1, data.shape[-1])
            at = (time_step + np.arange(steps)) % data.shape[1]
            values = np.take(data.T, at, axis=0)
            order = order_of(edge)
            values = values if straight(order) else values[:, order]
            total = values if total is None else total.astype(np.int64) + values
        return np.not_equal(total, 0).astype(np.int32) if entry.binary else total

    def record(self, recorded, time_step, steps):
        """Gives what the engine recorded to sinks and monitors."""
        def sums(probes, shape):
            total = np.zeros((steps, int(np.prod(shape))), np.int64) if len(probes) != 1 else None
            for probe, order in probes:
                values = recorded[probe].reshape(steps, -1)
                values = values if order is None or straight(order) else values[:, order]
                total = values if total is None else total + values
            return total.reshape((steps, *shape))

        for owner, probes in self._sinks:
            data = owner.arrays["data"]
            length = data.shape[-1]
            values = sums(probes, data.shape[:-1])
            first = max(0, steps - length)  # what is written over in the same run need not be written
            at = (time_step + np.arange(first, steps)) % length
            data[..., at] = np.moveaxis(values[first:], 0, -1)
        for owner, name, probes in self._monitors:
            data = owner.arrays[name]
            if time_step + steps > data.shape[0]:
                raise error(
                    f"it has room for {data.shape[0]} steps, the run has {time_step + steps}",
                    owner.who,
                    "probe() with as many steps as all runs have together",
                    kind=ProcessError,
                )
            data[time_step : time_step + steps] = sums(probes, data.shape[1:])

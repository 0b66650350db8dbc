"""The engine beside the processes in Python: fires its layers as soon as what they need within a step is there."""

import time

import numpy as np
from lava.magma.core.process.ports.ports import create_port_id

import tephra

from ._channels import engine_name
from ._io import InOut
from ._parts import Connections, Neurons
from ._plan import Plan, transforms

_seconds_of_a_chunk = 0.2


class _Source:
    """One edge of a host input: values of another layer in the same step, or of a process in Python."""

    def __init__(self, engine, edge, port_owner):
        self.transforms = transforms(edge)
        self.shape = edge.source.shape
        source = edge.source.process
        self.layer = engine.plan.reads(source) if source in engine.processes else None
        if self.layer is None:
            self.port = port_owner.receive[edge.target.name, create_port_id(source.id, edge.source.name)]

    def ready(self, fired):
        return self.layer in fired if self.layer is not None else self.port.probe()

    def values(self, engine):
        values = engine.messages(self.layer).reshape(self.shape) if self.layer is not None else self.port.recv()
        for function in self.transforms:
            values = function(values)
        return values.reshape(-1)


class EngineSide:
    """The part of a program that the engine runs. build() makes the engine once all channels are there."""

    def __init__(self, plan, io, kept_steps):
        self.plan, self.io = plan, io
        self._kept_steps, self._kept = kept_steps, []  # what the host gave in the first steps
        self.processes = {part.process: Neurons(self, part) for part in plan.neurons.values()}
        self.processes |= {part.process: Connections(self, part) for part in plan.synapses.values()}
        self.time_step = 0
        self.changed = ""  # the last Var that was set after the first step
        self.starts_beyond_zero = False
        self._later = []
        self._exchange = None

    def build(self, exchange, alone):
        """alone: no process in Python takes part; self.io holds the sources, sinks and monitors."""
        self._exchange, self.alone = exchange, alone
        self.network = self.plan.network("lava")
        self.native = tephra.Engine(self.network)
        for part in self.plan.neurons.values():
            for name, word in part.kind.states.items():
                if np.any(part.values[name]):
                    self.starts_beyond_zero = True
                    self.native.set_state(part.layer, word, part.values[name].reshape(-1))
        self._sends = {}  # layer -> [(send port, shape)]
        self._needs = {}  # layer -> [(number of the input, sources, binary)]
        if alone:
            return
        for process, owner in self.processes.items():
            for port in owner.sends:
                name = port.name
                self._sends.setdefault(self.plan.reads(process), []).append((port, getattr(process, name).shape))
        for number, entry in enumerate(self.plan.inputs):
            sources = [_Source(self, edge, self.processes[edge.target.process]) for edge in entry.edges]
            self._needs.setdefault(entry.layer, []).append((number, sources, entry.binary))

    def state(self, layer, word):
        return self.native.state(layer, word)

    def messages(self, layer):
        return self.native.messages(layer)

    # Steps beside processes in Python.
    def step(self):
        """One step. Waits for values of processes in Python where a layer needs them."""
        fired, waiting = set(), list(range(len(self.plan.layers)))
        if self.time_step < self._kept_steps:
            self._kept.append({})
        while waiting:
            ready = [layer for layer in waiting if self._ready(layer, fired)]
            if not ready:
                with self._exchange.lock:
                    self._exchange.wait(
                        engine_name,
                        self._exchange.changed,
                        lambda: any(self._ready(layer, fired) for layer in waiting),
                        "values of processes in Python, or of its own layers",
                    )
                continue
            for layer in ready:
                self._fire(layer)
                fired.add(layer)
            waiting = [layer for layer in waiting if layer not in fired]
        self.native.finish()
        self.time_step += 1

    def _ready(self, layer, fired):
        return all(source.ready(fired) for _, sources, _ in self._needs.get(layer, ()) for source in sources)

    def _fire(self, layer):
        frames = None
        for number, sources, binary in self._needs.get(layer, ()):
            frames = frames or [None] * len(self.plan.inputs)
            values = [source.values(self) for source in sources]
            total = sum(values if binary else (each.astype(np.int64) for each in values))
            frames[number] = (total != 0).astype(np.int32) if binary else total
            if self.time_step < self._kept_steps:
                self._kept[-1][number] = frames[number].astype(np.int32)
        self.native.fire(layer, frames and tuple(frames))
        for port, shape in self._sends.get(layer, ()):
            port.send(self.messages(layer).reshape(shape))

    def settle(self):
        """With the exchange's lock held, at the end of the engine's phase: writes that waited for it."""
        for owner, name, flat in self._later:
            self.write(owner, name, flat)
        self._later.clear()

    def write_later(self, owner, name, flat):
        with self._exchange.lock:
            if engine_name in self._exchange.active:
                self._later.append((owner, name, flat))
            else:
                self.write(owner, name, flat)

    def write(self, owner, name, flat):
        owner.write(name, flat)
        if self.time_step > 0:
            self.changed = owner.place(name) + ","

    def frames(self, steps):
        """What the host gave to the first input in the first steps (at most kept_steps): [steps, neurons]."""
        if self.alone:
            return self.io.frames(self.plan.inputs[0], 0, steps)
        return np.array([frames[0] for frames in self._kept[:steps]])

    def network_for_machine(self):
        """The network, of which the host reads what nobody else listens to."""
        heard = {source for source, *_ in self.plan.connections}
        silent = [layer for layer in range(len(self.plan.layers)) if layer not in heard]
        return self.plan.network("lava", silent or [len(self.plan.layers) - 1])

    # Steps without any.
    def run(self, steps, pause_wanted):
        """Many steps in one call of the engine, a chunk of about a fifth of a second at a time, so that Ctrl-C and
        pause() are heard. pause_wanted(): asked between chunks."""
        most, chunk = self.io.largest_chunk(), 4
        while steps > 0 and not pause_wanted():
            now = min(steps, chunk, most)
            started = time.perf_counter()
            self._run_chunk(now)
            steps -= now
            seconds = time.perf_counter() - started
            chunk = max(1, min(8 * now, int(now * _seconds_of_a_chunk / max(seconds, 1e-6))))

    def _run_chunk(self, steps):
        inputs = tuple(self.io.frames(entry, self.time_step, steps) for entry in self.plan.inputs)
        recorded = self.native.run(steps, inputs or None, self.io.probes)
        self.io.record(recorded, self.time_step, steps)
        self.time_step += steps


def make_engine(graph, kept_steps):
    """The engine's part of a graph; none where no process fits it. kept_steps: of how many steps the host's values are
    kept for the simulated machine."""
    plan = Plan(graph)
    if not plan.neurons and not plan.synapses:
        return None
    return EngineSide(plan, InOut(graph, plan), kept_steps)


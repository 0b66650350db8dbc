"""Simulation of models and networks on machines."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

from . import _core, _show
from ._made import Made
from .machines import CostTable, Machine, machine_of
from .mappings import Mapping, program_of
from .models import Model
from .networks import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike

    from .reports import Report

PathLike = Union[str, "os.PathLike[str]"]
Progress = Union[bool, Callable[[int, int], Any], None]


class LinkFault(NamedTuple):
    """What a link did in one round to the packets of one population."""

    round: int
    origin: int  #: chip that it leaves
    to: int  #: chip that it reaches
    population: str  #: that sent the packets
    retries: int  #: further times that packets were sent
    added_ps: int  #: that these took the link
    lost: int  #: packets


class Missed(NamedTuple):
    """What a slice of a population did not get of one round."""

    round: int
    population: str
    core: int | None  #: None: on the host
    messages: int
    waited: bool  #: self-timed runs: the slice waited for it until the time-out


class Faults(NamedTuple):
    """Errors of links between chips in a run."""

    seed: int
    stall_ps: int  #: time-out of a self-timed run; 0 with barriers
    links: list[LinkFault]
    slices: list[Missed]


class Run(Made):
    """What a simulation on a machine counted and when things happened; integers alone. Shows itself as the report page in
    a notebook, priced by the cost table of its machine's kind."""

    _made_by = "tephra.simulate(...) or Run.read(path)"
    recorded: dict[str, np.ndarray]  #: of a network: what probes recorded, as of NetworkRun
    trace_dropped: int  #: events of the timeline that had no room

    @classmethod
    def read(cls, path: PathLike) -> Run:
        """Reads a run file that ``tephra simulate -o`` or :meth:`write` wrote."""
        return cls._of(_core.read_run(path), recorded={}, trace_dropped=0)

    def write(self, path: PathLike) -> None:
        """Writes the run file, the bytes that ``tephra simulate -o`` writes; whole or not at all."""
        self._native.write(path)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as the run file says it (docs/formats.md)."""
        return json.loads(self._native.json())

    @cached_property
    def _data(self) -> dict[str, Any]:
        return self.to_dict()

    @property
    def model_name(self) -> str:
        return self._native.model_name

    @property
    def machine_name(self) -> str:
        return self._native.machine_name

    @property
    def rounds(self) -> int:
        """Tokens or time steps that went through the machine."""
        return self._native.rounds

    @property
    def round(self) -> str:
        """What a round is: "token" or "time step"."""
        return self._native.round

    @property
    def elapsed_ps(self) -> int:
        """Simulated time, picoseconds."""
        return self._native.elapsed_ps

    @property
    def trace(self) -> str:
        """Hash of all events in order; equal for equal runs, on any number of threads."""
        return self._native.trace

    @property
    def text(self) -> str:
        """Generated text; streams separated by form feeds."""
        return self._native.text

    @property
    def faults(self) -> Faults | None:
        """What errors of links between chips did; None on a machine whose links do not err."""
        faults = self._data.get("faults")
        if faults is None:
            return None
        names = [population["name"] for population in self._data["populations"]]
        links = [
            LinkFault(round, origin, to, names[population], retries, added, lost)
            for round, origin, to, population, retries, added, lost in faults["links"]
        ]
        slices = [
            Missed(round, names[population], core if core >= 0 else None, messages, waited == 1)
            for round, population, core, messages, waited in faults["slices"]
        ]
        return Faults(int(faults["seed"]), faults["stall_ps"], links, slices)

    def phases_ps(self) -> dict[str, int]:
        """What the critical path waited for, picoseconds; they sum to elapsed_ps."""
        return dict(self._native.phases())

    def totals(self) -> dict[str, int]:
        """Counted events by kind, over the whole machine."""
        return self._native.total()

    def frame(self, of: str = "populations") -> pd.DataFrame:
        """A pandas frame, a row each: of "populations", "cores", "tokens" (or time steps) or "links"."""
        return _show.records(self._data, of, "run")

    def report(self, costs: CostTable | PathLike | None = None) -> Report:
        """:func:`price` of this run."""
        from .reports import price

        return price(self, costs)

    def plot_raster(self, probe: str | None = None, ax: Any = None) -> Any:
        """Spikes that a probe recorded as dots over time; returns the matplotlib axes."""
        return _show.raster(self.recorded, probe, ax)

    def plot_phases(self, ax: Any = None) -> Any:
        """Simulated time by what the critical path waited for; returns the matplotlib axes."""
        return _show.phases(self.phases_ps(), self.round, self.rounds, ax)

    def plot_chips(self, of: str = "busy", ax: Any = None) -> Any:
        """Heat map of the cores of all chips with work: share of the time that each is "busy"; returns the axes."""
        return _show.chips(self._data, of, None, ax)

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()

    def __repr__(self) -> str:
        plural = "" if self.rounds == 1 else "s"
        return (
            f"<tephra.Run {self.model_name!r} on {self.machine_name!r}: {self.rounds} {self.round}{plural}, "
            f"{self.elapsed_ps / 1e9:.6g} ms>"
        )


def simulate(
    model: Model | Network | PathLike,
    machine: Machine | PathLike,
    *,
    map: Mapping | PathLike | None = None,
    synapses: str | None = None,
    head: str | None = None,
    sync: str | None = None,
    noc: str | None = None,
    fault_seed: int | None = None,
    threads: int | None = None,
    trace: PathLike | None = None,
    trace_mib: int | None = None,
    checkpoint: PathLike | None = None,
    every_s: float | None = None,
    resume: PathLike | None = None,
    prompt: str | ArrayLike | None = None,
    prompts: Sequence[str | ArrayLike] | None = None,
    mode: str | None = None,
    tokens: int | None = None,
    streams: int | None = None,
    greedy: bool | None = None,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    sampler: Callable[[int, int, np.ndarray], int] | None = None,
    input: ArrayLike | PathLike | None = None,
    events: ArrayLike | PathLike | None = None,
    steps: int | None = None,
    probe: Sequence[str] | None = None,
    layer_cores: Sequence[int] | None = None,
    progress: Progress = None,
) -> Run:
    """Runs a model or network on a simulated machine, event by event; bits, counts and times are those of
    ``tephra simulate`` with the same options.

    map: a mapping or its file; made on the fly when absent, with synapses and head. sync: "barrier" (default) or
    "dataflow". noc: "contended" (default) or "ideal". fault_seed: decides which packets err on a machine
    whose links do (default 0; :attr:`Run.faults`). threads: of the simulator; results do not depend on them.
    trace: write a timeline for ui.perfetto.dev, of at most trace_mib MiB (default 64).
    checkpoint: file for the state of the run, written every every_s seconds, and when Ctrl-C ends the call. resume: such a
    file, from which the same call goes on; both may name one file. The run is the same as without them.

    Of a language model: prompt or prompts (texts or token ids, given out to the streams in turn), mode ("generate" or
    "prefill"), tokens (to generate a stream, default 32), streams, sampling as of :meth:`Model.generate`; sampler: a
    function (stream, position, logits) -> id, which may run on any thread.
    Of a network: input, events, steps, probe as of :func:`run`; probes are recorded only when they are named (an empty
    default). layer_cores: as of :func:`map_program`.

    progress: True (a bar where tqdm is there) or a function (done, all). What callbacks raise ends the run and leaves
    here; so does Ctrl-C. An option that would be ignored is refused. Errors: :class:`tephra.Error`."""
    place = machine_of(machine)
    of_models = {
        "prompt": prompt,
        "prompts": prompts,
        "mode": mode,
        "tokens": tokens,
        "streams": streams,
        "head": head,
        "greedy": greedy,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
        "sampler": sampler,
    }
    of_networks = {"input": input, "events": events, "steps": steps, "probe": probe, "layer_cores": layer_cores}
    loaded, _ = (model, None) if isinstance(model, (Model, Network)) else program_of(model)
    network = isinstance(loaded, Network)
    foreign = of_models if network else of_networks
    for name, value in foreign.items():
        if value is not None:
            kind = "a network" if network else "a language model"
            raise _core.refusal(f"ignored with {kind}", f"simulate, {name}", "leave it out")
    if map is not None:
        for name, value in {"synapses": synapses, "head": head, "layer_cores": layer_cores}.items():
            if value is not None:
                raise _core.refusal("ignored with map", f"simulate, {name}", "leave it out")
    shared = {
        "sync": sync,
        "noc": noc,
        "fault_seed": fault_seed,
        "threads": threads,
        "trace": trace,
        "trace_mib": trace_mib,
        "checkpoint": checkpoint,
        "every_s": every_s,
        "resume": resume,
    }
    with _show.progress(progress) as callback:
        task = None
        if network:
            probes = [] if probe is None else probe
            task = _core.NetworkTask(
                "simulate", loaded._native, input=input, events=events, steps=steps, probe=probes, progress=callback
            )
        # A frame that is the same in every step enters once: the host sends what has changed.
        _, program = program_of(loaded, task is not None and task.constant)
        mapping = _mapping(map, loaded, program, place, synapses, head, streams, layer_cores)
        if task is not None:
            result = _core.simulate_network(task, program, place._native, mapping, **shared)
        else:
            options = {name: value for name, value in of_models.items() if name != "head"}
            result = _core.simulate_model(
                loaded._native, program, place._native, mapping, progress=callback, **options, **shared
            )
    native, recorded, dropped = result
    return Run._of(native, recorded=recorded, trace_dropped=dropped)


def _mapping(
    given: Mapping | PathLike | None,
    model: Any,
    program: Any,
    machine: Machine,
    synapses: str | None,
    head: str | None,
    streams: int | None,
    layer_cores: Sequence[int] | None,
) -> Any:
    if isinstance(given, Mapping):
        return given._native
    if given is not None:
        return _core.read_mapping(given, program, machine._native)
    if layer_cores is not None:
        if synapses is not None:
            raise _core.refusal("ignored with layer_cores", "simulate, synapses", "leave it out")
        return _core.map_layers(program, machine._native, layer_cores)
    options = {} if isinstance(model, Network) else {"head": head, "streams": streams}
    return _core.map_program(program, machine._native, synapses=synapses, **options)

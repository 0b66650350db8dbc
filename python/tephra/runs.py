"""Simulation, and what is made of runs: reports, comparisons, the ledger repeated."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

from . import _core, _show
from .machines import CostTable, Machine, costs_of, machine_of
from .mappings import Mapping, program_of
from .models import Model
from .networks import Network, read_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike

PathLike = Union[str, "os.PathLike[str]"]
Progress = Union[bool, Callable[[int, int], Any], None]

__all__ = [
    "Comparison",
    "NetworkRun",
    "Report",
    "Run",
    "Validation",
    "compare",
    "price",
    "run",
    "simulate",
    "validate",
]


class NetworkRun:
    """What :func:`run` gives: arrays of the probes by name, and counts by layer."""

    def __init__(self, steps: int, recorded: dict[str, np.ndarray], counts: list[tuple[Any, ...]]):
        self.steps = steps
        self.recorded = recorded
        self._counts = counts

    def __getitem__(self, probe: str) -> np.ndarray:
        """What a probe recorded: int8 for spikes, else int32, [steps, *shape of the layer]."""
        if probe in self.recorded:
            return self.recorded[probe]
        known = ", ".join(self.recorded) or "nothing"
        raise _core.refusal(f"no probe recorded {probe!r}", "probe", f"there is {known}")

    def counts(self) -> dict[str, list[Any]]:
        """A list a column: layer, neurons, model, messages (not zero) and synops (weights met), over all steps."""
        columns = ("layer", "neurons", "model", "messages", "synops")
        return {name: [row[k] for row in self._counts] for k, name in enumerate(columns)}

    def frame(self) -> pd.DataFrame:
        """:meth:`counts` as a pandas frame, a row a layer."""
        return _show.frame(self.counts())

    def plot_raster(self, probe: str | None = None, ax: Any = None) -> Any:
        """Spikes of a probe over time as dots; returns the matplotlib axes."""
        return _show.raster(self.recorded, probe, ax)

    def _repr_html_(self) -> str:
        return _show.table(self.counts(), f"{self.steps} steps of the plain engine")

    def __repr__(self) -> str:
        return f"<tephra.NetworkRun: {self.steps} steps, {len(self.recorded)} probes>"


def run(
    network: Network | PathLike,
    *,
    input: ArrayLike | PathLike | None = None,
    events: ArrayLike | PathLike | None = None,
    steps: int | None = None,
    probe: Sequence[str] | None = None,
    progress: Progress = None,
    **options: Any,
) -> NetworkRun:
    """Runs a network on the plain engine, without a machine; the bits are those of ``tephra run``.

    input: integers in the shape of the first input's layer (the same frame in every step), or with an axis of steps
    before it; or a .npy file. events: rows (time from 0, neuron, value), in place of input. steps: default those of the
    input. probe: names such as "conv1:spikes", "conv1:v"; default: spikes of the outputs; an empty list: none.
    progress: True (a bar where tqdm is there) or a function (done, all). options: of :func:`load`, where a path is
    given."""
    net = network if isinstance(network, Network) else read_network(network, **options)
    if isinstance(network, Network) and options:
        raise _core.refusal("ignored with a network that is read already", next(iter(options)), "leave it out")
    with _show.progress(progress) as callback:
        task = _core.NetworkTask(
            "run", net._native, input=input, events=events, steps=steps, probe=probe, progress=callback
        )
        return NetworkRun(*_core.run_network(task))


class Run:
    """What a simulation on a machine counted and when things happened; integers alone. Shows itself as the report page in
    a notebook, priced by the cost table of its machine's kind."""

    def __init__(self, *args: Any, **kwargs: Any):
        raise TypeError("use tephra.simulate(...) or Run.read(path)")

    _native: Any
    recorded: dict[str, np.ndarray]  #: of a network: what probes recorded, as of NetworkRun
    trace_dropped: int  #: events of the timeline that had no room

    @classmethod
    def _of(cls, native: Any, recorded: dict[str, np.ndarray] | None = None, dropped: int = 0) -> Run:
        made = cls.__new__(cls)
        made._native = native
        made.recorded = recorded or {}
        made.trace_dropped = dropped
        return made

    @classmethod
    def read(cls, path: PathLike) -> Run:
        """Reads a run file that ``tephra simulate -o`` or :meth:`write` wrote."""
        return cls._of(_core.read_run(path))

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
    threads: int | None = None,
    trace: PathLike | None = None,
    trace_mib: int | None = None,
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
    "dataflow". noc: "contended" (default) or "ideal". threads: of the simulator; results do not depend on them.
    trace: write a timeline for ui.perfetto.dev, of at most trace_mib MiB (default 64).

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
    shared = {"sync": sync, "noc": noc, "threads": threads, "trace": trace, "trace_mib": trace_mib}
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
    return Run._of(*result)


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


class Row(NamedTuple):
    """One number of a report, with its range over the prices, kind and source."""

    section: str
    name: str
    scope: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    kind: str
    source: str


class Report:
    """A priced run: speed, energy and where both go. Shows itself as the report page in a notebook."""

    def __init__(self, *args: Any, **kwargs: Any):
        raise TypeError("use tephra.price(run)")

    _native: Any

    @classmethod
    def _of(cls, native: Any) -> Report:
        made = cls.__new__(cls)
        made._native = native
        return made

    @property
    def run(self) -> Run:
        return Run._of(self._native.run)

    @property
    def costs_name(self) -> str:
        return self._native.costs_name

    @property
    def notes(self) -> list[str]:
        """What a reader must know before quoting a number."""
        return self._native.notes

    @property
    def rounds_per_s(self) -> float:
        """Tokens or time steps a second over the whole run."""
        return self._native.rounds_per_s

    @property
    def steady_rounds_per_s(self) -> float:
        """The limit for a long run."""
        return self._native.steady_rounds_per_s

    def energy_j(self) -> dict[str, tuple[float, float, float]]:
        """Joules a token or time step at the steady rate, (low, value, high), by scope: "neurocores", "system"."""
        return {scope: (low, value, high) for scope, low, value, high, _ in self._native.scopes()}

    def power_w(self) -> dict[str, float]:
        """Watts at the steady rate, by scope."""
        return {scope: watts for scope, *_, watts in self._native.scopes()}

    def groups_j(self) -> dict[str, tuple[float, float, float]]:
        """Joules of the whole run, (low, value, high), by what spent them: "synapse", "neuron", "network" ..."""
        return {group: (low, value, high) for group, low, value, high in self._native.groups()}

    def rows(self) -> list[Row]:
        """Every number with its range, unit, kind and source: what ``tephra report --format csv`` prints."""
        return [Row(*row) for row in self._native.rows()]

    def to_dict(self) -> dict[str, Any]:
        """What ``tephra report --format json`` prints."""
        return json.loads(self._native.json())

    def html(self) -> str:
        """The report page, one self-contained document: what ``tephra report --html`` writes."""
        return self._native.page()

    def frame(self) -> pd.DataFrame:
        """:meth:`rows` as a pandas frame."""
        return _show.frame({name: [getattr(row, name) for row in self.rows()] for name in Row._fields})

    def plot_energy(self, ax: Any = None) -> Any:
        """Energy a token or time step by what spends it, with ranges; returns the matplotlib axes."""
        return _show.energy(self.groups_j(), self._native.run.round, self._native.run.rounds, ax)

    def plot_phases(self, ax: Any = None) -> Any:
        """As of :meth:`Run.plot_phases`."""
        return self.run.plot_phases(ax)

    def plot_chips(self, of: str = "energy", ax: Any = None) -> Any:
        """Heat map of the cores of all chips with work: dynamic "energy" or share of the time "busy"; returns the
        matplotlib axes."""
        return _show.chips(self.run._data, of, self._native.cores(), ax)

    def _repr_html_(self) -> str:
        return _show.page(self.html(), self._native.title)

    def __repr__(self) -> str:
        return f"<tephra.Report {self._native.title!r}, prices {self.costs_name!r}>"


def price(run: Run | PathLike, costs: CostTable | PathLike | None = None) -> Report:
    """Prices a run: joules are counts times prices. costs: a table, its name or path; default: the one of the machine's
    kind. Errors: :class:`tephra.Error` where the table does not price that kind of machine."""
    if not isinstance(run, Run):
        run = Run.read(run)
    table = costs_of(run._native.machine_kind if costs is None else costs)
    return Report._of(_core.price(run._native, table._native))


class Comparison:
    """Runs beside GPUs and published rows. Shows itself as the comparison page in a notebook."""

    def __init__(self, *args: Any, **kwargs: Any):
        raise TypeError("use tephra.compare(runs)")

    _native: Any

    @classmethod
    def _of(cls, native: Any) -> Comparison:
        made = cls.__new__(cls)
        made._native = native
        return made

    def to_dict(self) -> dict[str, Any]:
        """What ``tephra compare --format json`` prints."""
        return json.loads(self._native.json())

    def html(self) -> str:
        """The comparison page: what ``tephra compare --html`` writes."""
        return self._native.page()

    def frame(self) -> pd.DataFrame:
        """The rows as a pandas frame."""
        return _show.records(self.to_dict(), "rows", "comparison")

    def _repr_html_(self) -> str:
        return _show.page(self.html(), "tephra: comparison")

    def __repr__(self) -> str:
        return f"<tephra.Comparison: {len(self.to_dict()['rows'])} rows>"


def compare(
    *runs: Run | Report | PathLike,
    baselines: Sequence[PathLike] | None = None,
    costs: CostTable | PathLike | None = None,
    reference: str | None = None,
    allow_unlike: bool | None = None,
    all_models: bool | None = None,
    expect_error: float | None = None,
) -> Comparison:
    """Puts runs beside GPU and published rows.

    baselines: files of rows; default: those that ship. costs: as of :func:`price`, for runs that are not priced yet.
    reference: text in device or software of the row that ratios refer to. allow_unlike: ratios for rows of another task
    too, marked. all_models: baselines of other models too. expect_error: raises :class:`tephra.Error` with code
    "comparison_failed" when a prediction is off by more than so many percent, or a run has none."""
    reports = []
    for one in runs:
        if isinstance(one, Report):
            if costs is not None:
                raise _core.refusal("ignored with a report", "compare, costs", "it is priced already: leave it out")
            reports.append(one._native)
        else:
            reports.append(price(one, costs)._native)
    return Comparison._of(
        _core.compare(
            reports,
            baselines=baselines,
            reference=reference,
            allow_unlike=allow_unlike,
            all_models=all_models,
            expect_error=expect_error,
        )
    )


class Line(NamedTuple):
    """A published figure beside what came out here."""

    row: str
    quantity: str
    unit: str
    scope: str
    kind: str
    use: str
    measured: float
    predicted: float | None
    low: float | None
    high: float | None
    why_not: str
    error_percent: float | None
    wanted_percent: float | None
    source: str


class Validation:
    """Published measurements, repeated. Shows itself as the validation page in a notebook."""

    def __init__(self, native: Any):
        self._native = native

    def lines(self) -> list[Line]:
        return [Line(*line) for line in self._native.lines()]

    def to_dict(self) -> dict[str, Any]:
        """What ``tephra validate --format json`` prints."""
        return json.loads(self._native.json())

    def html(self) -> str:
        return self._native.page()

    def markdown(self) -> str:
        """The table of docs/validation.md."""
        return self._native.markdown()

    def frame(self) -> pd.DataFrame:
        """:meth:`lines` as a pandas frame."""
        return _show.frame({name: [getattr(line, name) for line in self.lines()] for name in Line._fields})

    def _repr_html_(self) -> str:
        return _show.page(self.html(), "tephra: validation")


def validate(*, row: str | None = None, threads: int | None = None, progress: Progress = None) -> Validation:
    """Repeats the measurements of the ledger, or of one of its rows, and holds the results beside them. All rows take
    minutes: the published language models are simulated."""
    with _show.progress(progress) as callback:
        return Validation(_core.validate(row=row, threads=threads, progress=callback))

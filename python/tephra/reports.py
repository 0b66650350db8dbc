"""What is made of runs: reports, comparisons, the ledger repeated."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

from . import _core, _show
from ._made import Made
from .machines import CostTable, costs_of
from .runs import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

PathLike = Union[str, "os.PathLike[str]"]
Progress = Union[bool, Callable[[int, int], Any], None]


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


class Report(Made):
    """A priced run: speed, energy and where both go. Shows itself as the report page in a notebook."""

    _made_by = "tephra.price(run)"

    @property
    def run(self) -> Run:
        return Run._of(self._native.run, recorded={}, trace_dropped=0)

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

    def frame(self, of: str = "rows") -> pd.DataFrame:
        """A pandas frame of "rows" (:meth:`rows`), of a network also "measured" (a :class:`Line` each: what silicon was
        measured to do with it, beside this run; empty where the ledger has nothing) or "messages" (a row a time bin,
        a column a layer)."""
        if not isinstance(of, str) or of not in ("rows", "measured", "messages"):
            raise _core.refusal(f"a report has no {of!r}", "of", "it has rows, measured and messages")
        if of == "rows":
            return _show.frame({name: [getattr(row, name) for row in self.rows()] for name in Row._fields})
        if of == "measured":
            return _show.frame(_show.measured_columns(self.to_dict(), Line._fields))
        return _show.frame(_show.message_columns(self.to_dict()))

    def plot_messages(self, ax: Any = None) -> Any:
        """Heat map of a network's layers over time: the share of neurons that send in a time step; returns the
        matplotlib axes."""
        return _show.messages(self.to_dict(), self._native.run.rounds, ax)

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


class Comparison(Made):
    """Runs beside GPUs and published rows. Shows itself as the comparison page in a notebook."""

    _made_by = "tephra.compare(runs)"

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


class Validation(Made):
    """Published measurements, repeated. Shows itself as the validation page in a notebook."""

    _made_by = "tephra.validate()"

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
        return Validation._of(_core.validate(row=row, threads=threads, progress=callback))

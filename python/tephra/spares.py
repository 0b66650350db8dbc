"""What dead parts of a machine cost."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Union

from . import _core, _show
from ._made import Made
from .machines import CostTable, Machine, costs_of, machine_of
from .mappings import program_of
from .networks import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from .models import Model

PathLike = Union[str, "os.PathLike[str]"]

__all__ = ["Spares", "measure_spares"]


class Spares(Made):
    """Time and energy of the same work on copies of a machine in which parts, drawn at random, are dead. Shows itself as
    the page of ``tephra map --spares --html`` in a notebook."""

    _made_by = "tephra.measure_spares(model, machine)"

    def summaries(self) -> dict[str, list[Any]]:
        """A row for the machine as it is (dead 0) and for each number of dead parts, a list a column: dead, draws, ran,
        and least, median and most of us and uj: microseconds and microjoules a token or time step over the draws that
        ran (None where none did)."""
        columns: dict[str, list[Any]] = {"dead": [], "draws": [], "ran": []}
        for dead, draws, ran, *figures in self._native.rows():
            for name, value in (("dead", dead), ("draws", draws), ("ran", ran)):
                columns[name].append(value)
            for unit, figure in zip(("us", "uj"), figures):
                for k, which in enumerate(("least", "median", "most")):
                    columns.setdefault(f"{which}_{unit}", []).append(None if figure is None else figure[k])
        return columns

    def frame(self) -> pd.DataFrame:
        """:meth:`summaries` as a pandas frame."""
        return _show.frame(self.summaries())

    def to_dict(self) -> dict[str, Any]:
        """All draws, each with the parts that were dead: what ``tephra map --spares --format json`` prints
        (docs/formats.md)."""
        return json.loads(self._native.json())

    def html(self) -> str:
        """One self-contained page with charts."""
        return self._native.page()

    def _repr_html_(self) -> str:
        return _show.page(self.html(), self._title)

    @property
    def _title(self) -> str:
        return f"spares of {self._native.model_name} on {self._native.machine_name}"

    def __repr__(self) -> str:
        dead = ", ".join(str(number) for number in self.summaries()["dead"][1:])
        return f"<tephra.Spares {self._native.model_name!r} on {self._native.machine_name!r}: {dead} dead>"


def measure_spares(
    model: Model | Network | PathLike,
    machine: Machine | PathLike,
    spares: Sequence[int] = (1, 2, 4),
    *,
    dead: str | None = None,
    draws: int | None = None,
    seed: int | None = None,
    costs: CostTable | PathLike | None = None,
    threads: int | None = None,
    synapses: str | None = None,
    head: str | None = None,
    streams: int | None = None,
    cores_per_chip: int | None = None,
    unplaced: bool | None = None,
    tokens: int | None = None,
    input: ArrayLike | PathLike | None = None,
    events: ArrayLike | PathLike | None = None,
    steps: int | None = None,
) -> Spares:
    """Maps and runs the same work on copies of a machine in which so many parts, drawn at random, are dead; the mapper
    places and routes around them. The numbers are those of ``tephra map --spares`` with the same options.

    spares: numbers of parts that die together. dead: what dies, "cores" (default), "links" between chips,
    "mesh-links" of chips, or "routers". draws: random draws of each number (default 20), by seed (default 0). costs: as
    of :func:`price`. threads: runs at the same time; results do not depend on it. synapses, head, streams, cores_per_chip, unplaced: as of :func:`map_program`.
    Of a language model: tokens that a run generates (default 1). Of a network: input, events, steps as of :func:`run`.

    A draw that the machine cannot run any more is a result. Errors: :class:`tephra.Error` for the machine as it is, and
    for an option that would be ignored."""
    place = machine_of(machine)
    table = costs_of(place.kind if costs is None else costs)
    loaded, program = program_of(model)
    shared = {
        "spares": spares,
        "dead": dead,
        "draws": draws,
        "seed": seed,
        "threads": threads,
        "synapses": synapses,
        "head": head,
        "streams": streams,
        "cores_per_chip": cores_per_chip,
        "unplaced": unplaced,
    }
    if isinstance(loaded, Network):
        if tokens is not None:
            raise _core.refusal("ignored with a network", "measure_spares, tokens", "leave it out")
        task = _core.NetworkTask(
            "measure_spares", loaded._native, input=input, events=events, steps=steps, probe=[], progress=None
        )
        _, program = program_of(loaded, task.constant)
        return Spares._of(_core.spares_of_network(task, program, place._native, table._native, **shared))
    for name, value in {"input": input, "events": events, "steps": steps}.items():
        if value is not None:
            raise _core.refusal("ignored with a language model", f"measure_spares, {name}", "leave it out")
    return Spares._of(
        _core.spares_of_model(loaded._native, program, place._native, table._native, tokens=tokens, **shared)
    )

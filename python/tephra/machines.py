"""Machines and cost tables: read by name or path, changed as plain dicts, written as JSON."""

from __future__ import annotations

import json
import os
from typing import Any, Union

from . import _core
from ._made import Named

PathLike = Union[str, "os.PathLike[str]"]


def machine_names() -> list[str]:
    """Names of the machines that ship, for :class:`Machine`."""
    return _core.data_file_names("machines")


def cost_table_names() -> list[str]:
    """Names of the cost tables that ship, for :class:`CostTable`."""
    return _core.data_file_names("machines/costs")


class _Described(Named):
    """What a JSON file of ours describes; a value: ``changed`` and ``from_dict`` make others."""

    _find: Any
    _parse: Any

    def __init__(self, name_or_path: PathLike):
        self._native = type(self)._find(name_or_path)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Any:
        """Makes one of what :meth:`to_dict` gives. Errors: :class:`tephra.Error` with the JSON pointer."""
        try:
            text = json.dumps(data, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise _core.refusal(f"it is not JSON: {error}", cls.__name__, "give dicts, lists, numbers and text") from None
        return cls._of(cls._parse(text))

    def to_dict(self) -> dict[str, Any]:
        """Everything that its file says, units in the names, sources beside the numbers; a copy."""
        return json.loads(self._native.text)

    def changed(self, **changes: Any) -> Any:
        """A copy in which ``a__b=value`` sets the member "b" of "a" of :meth:`to_dict`; the member must exist."""
        data = self.to_dict()
        for name, value in changes.items():
            *parents, last = name.split("__")
            place: Any = data
            for parent in parents:
                place = self._member(place, parent, name)
            self._member(place, last, name)
            place[last] = value
        return type(self).from_dict(data)

    def _member(self, place: Any, member: str, name: str) -> Any:
        """A member of a dict on the way to `name`. Errors: :class:`tephra.Error` with the members that there are."""
        if isinstance(place, dict) and member in place:
            return place[member]
        known = ", ".join(place) if isinstance(place, dict) else "nothing below it"
        raise _core.refusal(
            f"it has no member {name!r}", type(self).__name__, f"in place of {member!r} there is {known}"
        )

    def write(self, path: PathLike) -> None:
        """Writes the JSON file, whole or not at all."""
        _core.write_text(path, json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n")

    def __repr__(self) -> str:
        return f"<tephra.{type(self).__name__} {self.name!r}>"


class Machine(_Described):
    """Chips with links, each a mesh of tiles with neurocores; limits and times.

    ``Machine("kapoho-point")`` takes the name of a machine that ships (:func:`machine_names`) or the path of a JSON
    file (docs/formats.md). Errors: :class:`tephra.Error` with file and JSON pointer.
    """

    _find = staticmethod(_core.find_machine)
    _parse = staticmethod(_core.parse_machine)

    @property
    def kind(self) -> str:
        """What cost tables name: "loihi1", "loihi2", "generic"."""
        return self._native.kind

    @property
    def chips(self) -> int:
        return self._native.chips

    @property
    def cores(self) -> int:
        """Neurocores of all chips, reserved and dead ones included."""
        return self._native.cores

    @property
    def cores_per_chip(self) -> int:
        return self._native.cores_per_chip

    @property
    def dead_cores(self) -> list[int]:
        """Numbers of the cores that are dead, sorted."""
        return self._native.dead_cores

    @property
    def dead_links(self) -> list[tuple[int, int]]:
        """Dead links between chips, (from, to), sorted. Each direction is a link of its own."""
        return self._native.dead_links

    @property
    def dead_mesh_links(self) -> list[tuple[int, int]]:
        """Dead links between neighbouring routers of a chip, likewise.

        A router's number is chip x tiles per chip + x + tiles_x y.
        """
        return self._native.dead_mesh_links

    @property
    def dead_routers(self) -> list[int]:
        """Numbers of the routers of which no link works, sorted. Their cores are lost too."""
        return self._native.dead_routers

    @property
    def slow_cores(self) -> dict[int, float]:
        """By what each slow core's times are multiplied, by its number."""
        return self._native.slow_cores

    @property
    def working_cores(self) -> list[int]:
        """Numbers of the cores that take work: not reserved, not dead, and within reach of the host."""
        return self._native.working_cores


class CostTable(_Described):
    """What a counted event costs, in pJ, and what a powered chip draws, in mW, each with range, kind and source.

    ``CostTable("loihi2")`` takes the name of a table that ships (:func:`cost_table_names`) or the path of a JSON file.
    """

    _find = staticmethod(_core.find_costs)
    _parse = staticmethod(_core.parse_costs)

    @property
    def about(self) -> str:
        return self._native.about

    @property
    def machine_kinds(self) -> list[str]:
        """Kinds of machine that it prices."""
        return self._native.machine_kinds


def machine_of(machine: Machine | PathLike) -> Machine:
    """The machine, or the one of that name or path."""
    return machine if isinstance(machine, Machine) else Machine(machine)


def costs_of(costs: CostTable | PathLike) -> CostTable:
    """The cost table, or the one of that name or path."""
    return costs if isinstance(costs, CostTable) else CostTable(costs)

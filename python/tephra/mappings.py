"""Mapping: which core of a machine holds which neurons."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Union

from . import _core, _show
from ._made import Hashed
from .machines import Machine, machine_of
from .models import Model
from .networks import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

PathLike = Union[str, "os.PathLike[str]"]

__all__ = ["Mapping", "map_program"]


def program_of(model: Model | Network | PathLike, constant_input: bool = False) -> tuple[Any, Any]:
    """The model or network, and its native program. constant_input: the host sends what has changed."""
    if isinstance(model, (str, os.PathLike)):
        from .models import load

        model = load(model)
    if isinstance(model, Model):
        return model, _core.lower_model(model._native)
    if isinstance(model, Network):
        return model, _core.lower_network(model._native, constant_input)
    raise _core.refusal(
        f"it is of type {type(model).__name__}", "model", "give a tephra.Model, a tephra.Network or the path of one"
    )


class Mapping(Hashed):
    """Which core of a machine holds which neurons. Shows itself as a picture in a notebook."""

    _made_by = "tephra.map_program(model, machine) or Mapping.read(path, model, machine)"
    machine: Machine

    @classmethod
    def read(cls, path: PathLike, model: Model | Network | PathLike, machine: Machine | PathLike) -> Mapping:
        """Reads a mapping file. Errors: :class:`tephra.Error` with its first fault (:meth:`faults` lists all)."""
        place = machine_of(machine)
        _, program = program_of(model)
        return cls._of(_core.read_mapping(path, program, place._native), machine=place)

    @staticmethod
    def faults(path: PathLike, model: Model | Network | PathLike, machine: Machine | PathLike) -> list[str]:
        """Every fault of a mapping file, with its place; empty when the machine can run the model so."""
        _, program = program_of(model)
        return _core.check_mapping(path, program, machine_of(machine)._native)

    @property
    def model_name(self) -> str:
        return self._native.model_name

    @property
    def streams(self) -> int:
        """Sequences in flight that state is kept for."""
        return self._native.streams

    def to_dict(self) -> dict[str, Any]:
        """What the mapping file says (docs/formats.md)."""
        return json.loads(self._native.json())

    def write(self, path: PathLike) -> None:
        """Writes the mapping file, whole or not at all."""
        self._native.write(path)

    def svg(self, svg_color: str = "layer") -> str:
        """The picture of chips, cores and traffic; cores coloured by "layer" or "load"."""
        return self._native.svg(svg_color)

    def cores(self) -> dict[str, list[Any]]:
        """What each core holds, a list a column: core, chip, tile, layer (of its largest slice), neurons,
        synaptic_bytes, state_bytes, axons_in, axons_out."""
        return self._native.cores()

    def traffic(self) -> dict[str, int]:
        """Packets, flits x hops and flits over the busiest links, a token or time step at full activity."""
        return self._native.traffic()

    def frame(self) -> pd.DataFrame:
        """:meth:`cores` as a pandas frame, a row a core."""
        return _show.frame(self.cores())

    def _repr_html_(self) -> str:
        return _show.picture(self.svg())

    def __repr__(self) -> str:
        return f"<tephra.Mapping {self.model_name!r} on {self._native.machine_name!r}: {len(self.cores()['core'])} cores>"


def map_program(
    model: Model | Network | PathLike,
    machine: Machine | PathLike,
    *,
    synapses: str | None = None,
    head: str | None = None,
    streams: int | None = None,
    cores_per_chip: int | None = None,
    unplaced: bool | None = None,
    layer_cores: Sequence[int] | None = None,
) -> Mapping:
    """Places a model or network on the cores of a machine.

    synapses: weights on the cores, "ternary2" (2 bits) or "int8"; default: the machine's first. head: where the output
    head of a language model runs, "chip" (default) or "host". streams: sequences in flight that state is kept for.
    cores_per_chip: use at most so many. unplaced: leave out the placement by traffic. layer_cores: of a network, cores of
    each layer, one after the other from core 0 on, in place of all others.
    Errors: :class:`tephra.Error`, code "does_not_fit", with what is short."""
    place = machine_of(machine)
    _, program = program_of(model)
    if layer_cores is not None:
        given = {"synapses": synapses, "head": head, "streams": streams, "cores_per_chip": cores_per_chip}
        for name, value in {**given, "unplaced": unplaced}.items():
            if value is not None:
                raise _core.refusal("ignored with layer_cores", name, "leave it out")
        return Mapping._of(_core.map_layers(program, place._native, layer_cores), machine=place)
    native = _core.map_program(
        program,
        place._native,
        synapses=synapses,
        head=head,
        streams=streams,
        cores_per_chip=cores_per_chip,
        unplaced=unplaced,
    )
    return Mapping._of(native, machine=place)

"""Runs of networks on the plain engine, without a machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Union

from . import _core, _show
from .networks import Network, read_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike

PathLike = Union[str, "os.PathLike[str]"]
Progress = Union[bool, Callable[[int, int], Any], None]


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

"""Networks in NIR, the exchange format of snnTorch, Norse, Sinabs, Rockpool, Spyx, Nengo and others."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from . import _core
from .networks import Network, read_network


def from_nir(
    graph_or_path: Any,
    dt: float | None = None,
    *,
    rule: str | None = None,
    weight_bits: int | None = None,
    input_bits: int | None = None,
    name: str | None = None,
) -> Network:
    """Makes a network of fixed-point neurons of a NIR graph.

    graph_or_path: a ``nir.NIRGraph`` (needs ``tephra[nir]``), or the path of a .nir file. dt: seconds of a step, default
    1e-4: use what the exporting framework stepped with. rule: "nearest" (default: a scale for each layer, from its
    largest weight; everything is rounded to the nearest) or "lava" (what Lava's converter does). weight_bits: of a weight
    with its sign, 2 to 16, default 8. input_bits: message bits of graded input; 0 (default): spikes. name: of the
    network, default the file's name, or "nir".

    ``errors`` of the result says for each layer how far its fixed-point parameters are from the graph's.
    Errors: :class:`tephra.Error` with the node, and what to do instead."""
    options = {"dt": dt, "rule": rule, "weight_bits": weight_bits, "input_bits": input_bits}
    if isinstance(graph_or_path, (str, os.PathLike)):
        if _core.file_kind(graph_or_path) != "nir":
            raise _core.refusal("this is no NIR file", os.fsdecode(graph_or_path), "give a .nir file or a NIRGraph")
        return read_network(graph_or_path, **options)._named(name)
    try:
        import nir
    except ModuleNotFoundError:
        raise _core.refusal("the graph of a NIR file needs nir", "from_nir", 'pip install "tephra[nir]"') from None
    if not isinstance(graph_or_path, nir.NIRGraph):
        raise _core.refusal(
            f"it is of type {type(graph_or_path).__name__}", "graph_or_path", "give a nir.NIRGraph or a path"
        )
    with tempfile.TemporaryDirectory(prefix="tephra-") as folder:
        path = os.path.join(folder, "nir.nir")
        nir.write(path, graph_or_path)
        return read_network(path, **options)._named(name)

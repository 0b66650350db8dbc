"""tephra: what a neuromorphic network computes, how fast, and for how many joules.

Each stage is a function, each result an object: ``load`` a model or network, ``map_program`` it onto a machine,
``simulate`` it there, ``price`` the run, ``compare`` what comes out. ``NetworkBuilder`` makes networks by hand, and
``Engine`` runs them step by step without a machine.

Errors of input are :class:`tephra.Error`, with code, message, place and hint.
"""

from . import neurons, synapses
from ._core import Error, __version__
from .machines import CostTable, Machine, cost_table_names, machine_names
from .networks import Connection, Engine, Layer, Network, NetworkBuilder, read_network

__all__ = [
    "Connection",
    "CostTable",
    "Engine",
    "Error",
    "Layer",
    "Machine",
    "Network",
    "NetworkBuilder",
    "__version__",
    "cost_table_names",
    "machine_names",
    "neurons",
    "read_network",
    "synapses",
]

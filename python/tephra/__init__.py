"""tephra: what a neuromorphic network computes, how fast, and for how many joules.

Each stage is a function, each result an object: :func:`load` a model or network, :func:`map_program` it onto a machine,
:func:`simulate` it there, :func:`price` the run, :func:`compare` what comes out. :class:`NetworkBuilder` makes networks
by hand, and :class:`Engine` runs them step by step without a machine.

Errors of input are :class:`tephra.Error`, with code, message, place and hint.
"""

from . import neurons, synapses
from ._core import Error, __version__
from .generation import Generation, TokenEngine
from .machines import CostTable, Machine, cost_table_names, machine_names
from .mappings import Mapping, map_program
from .models import (
    Likelihood,
    Model,
    Perplexity,
    evaluate,
    import_checkpoint,
    load,
    shipped_file,
    shipped_model,
    synth,
)
from .networks import Connection, Engine, Layer, Network, NetworkBuilder, read_network
from .nir import from_nir
from .plain_runs import NetworkRun, run
from .reports import Comparison, Report, Validation, compare, price, validate
from .runs import Faults, LinkFault, Missed, Run, simulate
from .scores import Answer, Score, score
from .spares import Spares, measure_spares

__all__ = [
    "Answer",
    "Comparison",
    "Connection",
    "CostTable",
    "Engine",
    "Error",
    "Faults",
    "Generation",
    "Layer",
    "Likelihood",
    "LinkFault",
    "Machine",
    "Mapping",
    "Missed",
    "Model",
    "Network",
    "NetworkBuilder",
    "NetworkRun",
    "Perplexity",
    "Report",
    "Run",
    "Score",
    "Spares",
    "TokenEngine",
    "Validation",
    "__version__",
    "compare",
    "cost_table_names",
    "evaluate",
    "from_nir",
    "import_checkpoint",
    "load",
    "machine_names",
    "map_program",
    "measure_spares",
    "neurons",
    "price",
    "read_network",
    "run",
    "score",
    "shipped_file",
    "shipped_model",
    "simulate",
    "synapses",
    "synth",
    "validate",
]

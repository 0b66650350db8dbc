"""A Lava program as a graph of leaf processes, with the process models that its run configuration chose."""

import importlib
import pkgutil
import sys
from dataclasses import dataclass, field

from lava.magma.compiler import exceptions
from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs, find_processes
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.run_configs import AbstractLoihiHWRunCfg

_library_models = {}  # process class of Lava's own library -> its models: looking for them reads files


@dataclass(frozen=True)
class Edge:
    """source: OutPort of a leaf process; target: InPort of one."""

    source: object
    target: object


@dataclass
class Graph:
    models: dict = field(default_factory=dict)  # leaf process -> class of its process model
    processes: list = field(default_factory=list)  # all of them, those with sub-process models too
    edges: list = field(default_factory=list)
    expanded: bool = False  # sub-process models have made their processes
    rejected: dict = field(default_factory=dict)  # process of a kind that the engine has -> why it does not take it


def _library_models_of(process):
    """What Lava's own search finds for a process of its library, without executing each file beside it once more."""
    module = sys.modules[type(process).__module__]
    parent = importlib.import_module(module.__name__.rpartition(".")[0])
    names = [name for _, name, _ in pkgutil.iter_modules(parent.__path__, parent.__name__ + ".")]
    beside = [importlib.import_module(name) for name in names]
    found = []
    for searched in [module, *beside]:
        found += [m for m in ProcGroupDiGraphs._find_proc_models_in_module(process, searched) if m not in found]
    if not found:
        raise exceptions.NoProcessModelFound(process)
    return found


def _models_of(process, known):
    cls = type(process)
    if cls in known:
        return known[cls]
    if cls in _library_models:
        return list(_library_models[cls])
    if cls.__module__.startswith("lava."):
        found = _library_models[cls] = _library_models_of(process)
    else:
        found = known[cls] = ProcGroupDiGraphs._find_proc_models(proc=process)
    return list(found)


def _choose(process, run_cfg, known):
    exceptions_of_user = getattr(run_cfg, "exception_proc_model_map", None) or {}
    if process in exceptions_of_user:
        return exceptions_of_user[process]
    models = _models_of(process, known)
    if isinstance(run_cfg, AbstractLoihiHWRunCfg) and getattr(run_cfg, "select_tag", None) is None:
        # A board computes in fixed point; Lava would choose the models of Intel's own package here.
        models = [model for model in models if "fixed_pt" in getattr(model, "tags", ())] or models
    return ProcGroupDiGraphs._select_proc_models(process, models, run_cfg)


def _resolve(processes, run_cfg, known, graph):
    for process in processes:
        model = _choose(process, run_cfg, known)
        graph.processes.append(process)
        process._model_class = model
        if not issubclass(model, AbstractSubProcessModel):
            graph.models[process] = model
            continue
        inner = model(process)
        ProcGroupDiGraphs._propagate_var_ports(process)
        parts = inner.find_sub_procs()
        graph.expanded |= bool(parts)
        process.register_sub_procs(parts)
        process.validate_var_aliases()
        _resolve(parts.values(), run_cfg, known, graph)


def connected(process):
    """All processes that are connected to this one, directly or not, in the order in which they were made."""
    return sorted(set(find_processes(process)), key=lambda p: p.id)


def release(process, graph):
    """After a refusal: the processes can be compiled again, unless sub-process models have made processes of theirs."""
    if not graph.expanded:
        for member in connected(process):
            member._is_compiled = False


def read_graph(process, run_cfg):
    """The graph of everything that is connected to a process.

    Errors: Lava's own, where a process is compiled twice, has no model, or the run configuration finds none.
    """
    roots = connected(process)
    for root in roots:
        if root.is_compiled:
            raise exceptions.ProcessAlreadyCompiled(root)
    for root in roots:
        root._is_compiled = True
    graph = Graph()
    try:
        _resolve(roots, run_cfg, {}, graph)
    except Exception:
        release(process, graph)
        raise
    _add_edges(graph)
    return graph


def graph_of_executable(executable):
    """The graph of what Lava's own compiler has compiled: models are chosen, sub-process models expanded."""
    graph = Graph(expanded=True)
    graph.models = {process: process.model_class for process in executable.proc_builders}
    graph.processes = list(dict.fromkeys([*executable.process_list, *graph.models]))
    _add_edges(graph)
    return graph


def _add_edges(graph):
    for leaf in graph.models:
        for source in leaf.out_ports.members:
            for target in source.get_dst_ports():
                edge = Edge(source, target)
                if target.process in graph.models and edge not in graph.edges:
                    graph.edges.append(edge)

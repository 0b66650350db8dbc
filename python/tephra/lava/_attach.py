"""attach(): from then on Process.run() of the attached processes reaches tephra's runtime instead of Lava's."""

import logging

from lava.magma.core.process.process import AbstractProcess

from . import _hardware
from ._engine import make_engine
from ._errors import ProcessError, error, process_name
from ._graph import connected, graph_of_executable, read_graph, release
from ._profile import machine_by_name
from ._runtime import Runtime

_lava_create_runtime = AbstractProcess.create_runtime


class Attachment:
    """What attach() gives back; `with attach(...)` detaches at the end. `runtime`: after the first run()."""

    def __init__(self, process, machine, floating_point, profile_steps):
        self.machine, self.floating_point, self.profile_steps = machine, floating_point, profile_steps
        self.runtime = None
        self._process = process
        self._detached = False
        if process is None:
            if AbstractProcess.create_runtime is not _lava_create_runtime:
                raise error("all processes are attached already", "attach()", "detach the other attachment before")
            attachment = self

            def create_runtime(process, run_cfg=None, executable=None, compile_config=None):
                attachment._create_runtime(process, run_cfg, executable, compile_config)

            AbstractProcess.create_runtime = create_runtime
            _hardware.appear(machine)
            return
        for member in connected(process):
            if "create_runtime" in vars(member):
                raise error(
                    "it is attached already",
                    process_name(member),
                    "detach the other attachment before, or attach it once for all connected processes",
                )
            if member.runtime is not None or member.is_compiled:
                raise error("it was compiled already", process_name(member), "attach before the first run()")
        for member in connected(process):
            self._take(member)

    def _take(self, member):
        def create_runtime(run_cfg=None, executable=None, compile_config=None, member=member):
            self._create_runtime(member, run_cfg, executable, compile_config)

        member.create_runtime = create_runtime

    def _create_runtime(self, process, run_cfg, executable, compile_config):
        if executable is not None:
            graph = graph_of_executable(executable)
        elif run_cfg is not None:
            graph = read_graph(process, run_cfg)
        else:
            raise ValueError("run_cfg must not be None when a process has not been compiled.")
        try:
            if self.floating_point == "refuse":
                refuse_floating_point(graph)
            size = (compile_config or {}).get("pypy_channel_size", 64)
            callbacks = getattr(run_cfg, "callback_fxs", ())
            verbose = _hardware.CompilerOptions.verbose or process._log_config.level <= logging.INFO
            engine = make_engine(graph, self.profile_steps)
            self.runtime = Runtime(graph, engine, self.machine, size, callbacks, self.profile_steps, verbose)
        except Exception:
            release(process, graph)
            raise

    def profile(self):
        """The steps done so far once more, on the simulated machine: an object with run (tephra.Run), report
        (tephra.Report), mapping, cores and counts. Errors: tephra.Error that names what the machine can't take."""
        if self.runtime is None:
            raise error("the program has not run", "profile()", "call run() before", kind=ProcessError)
        return self.runtime.profile()

    def detach(self):
        """Lava's own runtime serves processes that are compiled later."""
        if self._detached:
            return
        self._detached = True
        if self._process is None:
            AbstractProcess.create_runtime = _lava_create_runtime
            _hardware.vanish()
            return
        for member in connected(self._process):
            vars(member).pop("create_runtime", None)

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        self.detach()
        return False


def refuse_floating_point(graph):
    """Refuses models of Lava's library that compute in floating point; sources, sinks and monitors may."""
    for process, model in graph.models.items():
        module = model.__module__
        if "floating_pt" in getattr(model, "tags", ()) and module.startswith("lava.proc.") and ".io." not in module:
            raise error(
                f"the run configuration chooses its floating-point model {model.__name__}, and the engine computes in "
                "fixed point",
                process_name(process),
                'choose select_tag="fixed_pt", or attach(..., floating_point="python") to run Lava\'s own model in '
                "this process",
                kind=ProcessError,
            )


def attach(process=None, *, machine="oheo-gulch", floating_point="refuse", profile_steps=256):
    """Lets tephra run a Lava program.

    process: any process of the program; all that are connected to it are attached. None: all processes that are
      compiled later, until detach(); programs that ask (lava.utils.system.Loihi2) then find a Loihi 2.
    machine: a machine of tephra, or its name, which times and energies are asked of (profile(), loihi2_profiler).
    floating_point: "refuse": a process of Lava's library whose floating-point model the run configuration chooses is
      refused by name; "python": Lava's own model of it runs in this process, beside the engine.
    profile_steps: how many steps of a run the machine simulates when it is asked.
    Returns an Attachment. Errors: tephra.Error with place and hint.
    """
    if process is not None and not isinstance(process, AbstractProcess):
        raise error(f"a {type(process).__name__} was given", "attach(), process", "give a process of a Lava program")
    if floating_point not in ("refuse", "python"):
        raise error(f"it is {floating_point!r}", "attach(), floating_point", 'it can be "refuse" or "python"')
    if isinstance(profile_steps, bool) or not isinstance(profile_steps, int) or profile_steps < 1:
        raise error(f"it is {profile_steps!r}", "attach(), profile_steps", "give a number of steps, at least 1")
    return Attachment(process, machine_by_name(machine), floating_point, profile_steps)

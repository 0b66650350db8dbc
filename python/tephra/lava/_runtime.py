"""The runtime that takes the place of Lava's: Process.run(), pause(), wait(), stop(), Var.get() and set() reach it."""

import logging
import sys
import threading
import time
from dataclasses import dataclass

from lava.magma.core.model.py.model import AbstractPyProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort, create_port_id
from lava.magma.core.run_conditions import RunContinuous, RunSteps

from . import _python
from ._channels import Channel, Exchange, RecvPort, SendPort, Stopped, VarLink, engine_name
from ._errors import ProcessError, error, process_name
from ._profile import simulate
from ._python import Phase, PythonProcess, Response


@dataclass(frozen=True)
class Placement:
    """Where a process runs. where: "engine"; "runtime": a source, sink or monitor that tephra itself stands for;
    "python": its own model, in this process. reason: why not in the engine."""

    process: object
    where: str
    reason: str = ""


_requests = {
    int(Response.REQ_PRE_LRN_MGMT[0]): "pre",
    int(Response.REQ_LEARNING[0]): "learn",
    int(Response.REQ_POST_LRN_MGMT[0]): "post",
    int(Response.REQ_PAUSE[0]): "pause",
    int(Response.REQ_STOP[0]): "stop",
}
_phase_numbers = {name: int(getattr(Phase, name)[0]) for name in ("SPK", "PRE_MGMT", "LRN", "POST_MGMT", "HOST")}


class Runtime:
    """Runs the processes of a graph, those that the engine can in the engine, the others in this process.

    Made by attach(); `machine`: name of the machine that counts and times are asked of later.
    """

    def __init__(self, graph, engine, machine, channel_size=64, callbacks=(), profile_steps=256):
        self.log = logging.getLogger(__name__)
        self.machine, self._engine = machine, engine
        self._callbacks, self._profile_steps, self._profiled = callbacks, profile_steps, None
        self._exchange = Exchange()
        self._state = "ready"  # ready, running, paused, stopped
        self._thread = None
        self._pause_wanted = False
        self._stop_wanted = False
        self._failure = None
        self.num_steps = 0
        self.time_step = 0
        self._vars = {}
        self._to_script = []  # channels that the user's script reads
        self._python = {}
        self.placements = []
        self._build(graph, channel_size)
        for process in graph.processes:
            process.runtime = self

    # Building.
    def _build(self, graph, channel_size):
        engine = self._engine
        done = {}
        if engine is not None:
            done = {**engine.processes, **(engine.io.owners if engine.io.fits else {})}
        for process, model in graph.models.items():
            if process not in done:
                if not issubclass(model, AbstractPyProcessModel):
                    raise error(
                        f"the run configuration chooses {model.__name__}, which is no model in Python",
                        process_name(process),
                        "choose another by the run configuration's exception_proc_model_map or select_tag",
                        kind=ProcessError,
                    )
                self._python[process] = PythonProcess(process, model, self._exchange, channel_size)
        owners = {**done, **self._python}
        self.placements = [self._placement(process, model, graph.rejected) for process, model in graph.models.items()]
        for process, owner in owners.items():
            for var in process.vars:
                self._vars[var.id] = (var, owner)
        for edge in graph.edges:
            self._connect(edge, owners, channel_size)
        for process, owner in self._python.items():
            self._connect_outside(process, owner)
            for port in process.ref_ports:
                self._connect_ref(port, owner, owners)
        for owner in self._python.values():
            owner.build()
        if engine is not None:
            engine.build(self._exchange, alone=engine.io.fits)

    def _placement(self, process, model, rejected):
        if self._engine is not None and process in self._engine.processes:
            return Placement(process, "engine")
        if process not in self._python:
            return Placement(process, "runtime")
        reason = rejected.get(process, f"the engine has no model {model.__name__}")
        return Placement(process, "python", reason)

    def _connect(self, edge, owners, channel_size):
        source, target = owners[edge.source.process], owners[edge.target.process]
        if edge.source.process not in self._python and edge.target.process not in self._python:
            return
        channel = Channel(self._exchange, edge.source.shape, source.dtype(edge.source), channel_size)
        send = SendPort(edge.source.name, channel, source.who, target.who)
        receive = RecvPort(edge.target.name, channel, target.who, source.who)
        source.add_port(edge.source.name, send, None)
        target.add_port(edge.target.name, receive, create_port_id(edge.source.process.id, edge.source.name))

    def _connect_outside(self, process, owner):
        for port in list(process.in_ports.members) + list(process.out_ports.members):
            if not port.external_pipe_flag:
                continue
            channel = Channel(
                self._exchange, port.shape, owner.dtype(port), port.external_pipe_buffer_size, outside=True
            )
            if isinstance(port, InPort):
                owner.add_port(port.name, RecvPort(port.name, channel, owner.who, "the script"), None)
                port.external_pipe_csp_send_port = SendPort("src", channel, None, owner.who)
            elif isinstance(port, OutPort):
                self._to_script.append(channel)
                owner.add_port(port.name, SendPort(port.name, channel, owner.who, "the script"), None)
                port.external_pipe_csp_recv_port = RecvPort("dst", channel, None, owner.who)

    def _connect_ref(self, port, owner, owners):
        for target in port.get_dst_ports():
            var, remote = target.var, owners.get(target.var.process)
            if remote is None:
                continue
            transforms = target.get_incoming_transform_funcs().get(create_port_id(port.process.id, port.name), [])

            def transform(value, steps=transforms):
                for step in steps:
                    value = step(value)
                return value

            link = VarLink(
                self._exchange, owner.who, port.shape, owner.dtype(port), remote, var.name, transform
            )
            send, receive = link.ports(port.name)
            owner.add_port(port.name, send, None)
            owner.add_port(port.name, receive, create_port_id(target.process.id, target.name))

    # What Lava's processes call.
    def start(self, run_condition):
        """Runs for a condition: RunSteps(n), blocking or not, or RunContinuous()."""
        if self._state == "stopped":
            raise error("the program was stopped", "run()", "make the processes anew, and attach them", kind=ProcessError)
        if self._state == "running":
            raise error("the program is running", "run()", "call wait() or pause() before", kind=ProcessError)
        if isinstance(run_condition, RunSteps):
            self.num_steps = run_condition.num_steps
        elif isinstance(run_condition, RunContinuous):
            self.num_steps = sys.maxsize
        else:
            raise ValueError(f"Wrong type of run_condition : {run_condition.__class__}")
        for callback in self._callbacks:
            callback.pre_run_callback(self, {})
        self._state = "running"
        self._pause_wanted = False
        if isinstance(run_condition, RunSteps) and run_condition.blocking:
            self._run(self.num_steps)
            self._settle()
        else:
            self._thread = threading.Thread(target=self._run, args=(self.num_steps,), daemon=True)
            self._thread.start()

    def wait(self):
        """Waits until a run that does not block has done its steps."""
        self._join()
        self._settle()

    def pause(self):
        """Ends a run behind the step that is being done."""
        if self._state != "running":
            return
        self._pause_wanted = True
        for owner in self._python.values():
            owner.request(_python.pause_command)
        self._join()
        self._settle()

    def stop(self):
        """Ends the program; its Vars are then out of reach, as in Lava."""
        if self._state == "stopped":
            return
        self._pause_wanted = True
        for owner in self._python.values():
            owner.request(_python.stop_command)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1)
        self._let_script_read()
        self._end()
        self._join()

    def _let_script_read(self):
        """Gives a thread of the script that reads an Extractor a moment for what is left, as Lava's stop() does."""
        with self._exchange.lock:
            for channel in self._to_script:
                channel.went.wait_for(lambda: not channel.items, timeout=0.1)  # noqa: B023
        time.sleep(0.01 if self._to_script else 0)

    def _end(self):
        self._state = "stopped"
        with self._exchange.lock:
            self._exchange.end()
        for owner in self._python.values():
            owner.stop()

    def _join(self):
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _settle(self):
        """After a run: raises what ended it."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            self._end()
            raise failure
        if self._state == "running":
            self._state = "paused"
            for callback in self._callbacks:
                callback.post_run_callback(self, {})
        if self._stop_wanted:
            self.stop()

    @property
    def engine(self):
        """The engine's side of the program; None: no process runs in the engine."""
        return self._engine

    def profile(self):
        """The steps done so far on the machine (at most profile_steps of attach()): a Profile with run and report."""
        steps = min(self.time_step, self._profile_steps)
        if steps == 0:
            raise error("no step was done", "profile", "run the program before", kind=ProcessError)
        if self._profiled is None or self._profiled.steps != steps:
            self._profiled = simulate(self, steps)
        return self._profiled

    def get_var(self, var_id, idx=None):
        """The value of a Var as float64, in its shape."""
        var, owner = self._owner(var_id)
        if owner is None:
            return None
        value = owner.get(var)
        return value[idx] if idx else value

    def set_var(self, var_id, value, idx=None):
        var, owner = self._owner(var_id)
        if owner is None:
            return
        owner.set(var, value[idx] if idx else value)
        if self._engine is not None and self.time_step > 0:
            self._engine.changed = f"{process_name(var.process)}, Var {var.name},"

    def _owner(self, var_id):
        if self._state == "running":
            self.log.warning("Cannot get or set a Var when the execution is going on")
            return None, None
        if var_id not in self._vars:
            self.stop()
            raise AssertionError(f"The Var with id <{var_id}> was not associated in the ProcModel.")
        if self._state == "stopped" or (self._state == "ready" and self.time_step == 0):
            raise RuntimeError("Runtime has not started")
        return self._vars[var_id]

    # Stepping.
    def _run(self, steps):
        try:
            asynchronous = [p for p in self._python.values() if p.asynchronous]
            lockstep = [p for p in self._python.values() if not p.asynchronous]
            if asynchronous:
                self._exchange.finds_deadlocks = False  # these wait between the steps of the others, too
                self._begin(asynchronous, steps)
            if self._engine is not None and self._engine.alone:
                self._engine.run(steps, lambda: self._pause_wanted)
                self.time_step = self._engine.time_step
            elif lockstep or self._engine is not None:
                self._steps(steps, lockstep)
            if asynchronous:
                self._await(asynchronous)
                self._read_answers(asynchronous, asynchronous=True)
        except BaseException as raised:
            self._failure = self._exchange.failure or (None if isinstance(raised, Stopped) else raised)
            with self._exchange.lock:
                self._exchange.end()

    def _steps(self, steps, lockstep):
        for _ in range(steps):
            if self._pause_wanted or self._stop_wanted:
                break
            self.time_step += 1
            self._begin(lockstep, _phase_numbers["SPK"], engine=True)
            if self._engine is not None:
                self._engine.step()
                self._exchange.finish(engine_name, self._engine.settle)
            self._await(lockstep)
            wanted = self._read_answers(lockstep)
            for flag, phase in (("pre", "PRE_MGMT"), ("learn", "LRN"), ("post", "POST_MGMT")):
                if flag in wanted:
                    self._begin(lockstep, _phase_numbers[phase])
                    self._await(lockstep)
                    wanted |= self._read_answers(lockstep)
        for owner in lockstep:
            if owner.model is not None:
                owner.model._cmd_handlers[_phase_numbers["HOST"]]()

    def _begin(self, owners, phase, engine=False):
        with self._exchange.lock:
            if self._exchange.failure is not None:
                raise self._exchange.failure
            self._exchange.active |= {owner.who for owner in owners}
            if engine and self._engine is not None:
                self._exchange.active.add(engine_name)
        for owner in owners:
            owner.command(phase)

    def _await(self, owners):
        names = {owner.who for owner in owners}
        with self._exchange.lock:
            while names & self._exchange.active and self._exchange.failure is None and not self._exchange.stopped:
                self._exchange.changed.wait()
            if self._exchange.failure is not None:
                raise self._exchange.failure
            if self._exchange.stopped:
                self._pause_wanted = True

    def _read_answers(self, owners, asynchronous=False):
        wanted = set()
        kinds = {-4: "pause", -5: "stop"} if asynchronous else _requests
        for owner in owners:
            kind = kinds.get(owner.answer)
            if kind == "pause":
                self._pause_wanted = True
            elif kind == "stop":
                self._stop_wanted = True
            elif kind is not None:
                wanted.add(kind)
        return wanted

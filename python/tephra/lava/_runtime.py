"""The runtime that takes the place of Lava's: Process.run(), pause(), wait(), stop(), Var.get() and set() reach it."""

import logging
import sys
import threading
import time

from lava.magma.compiler.channels.pypychannel import CspSendPort
from lava.magma.core.run_conditions import RunContinuous, RunSteps

from . import _python
from ._channels import Exchange, Stopped, engine_name
from ._errors import ProcessError, error, process_name
from ._profile import simulate
from ._python import Phase, Response
from ._wiring import Wiring

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

    def __init__(self, graph, engine, machine, channel_size=64, callbacks=(), profile_steps=256, verbose=False):
        self.log = logging.getLogger(__name__)
        self.machine, self._engine = machine, engine
        self._callbacks, self._profile_steps, self._profiled = callbacks, profile_steps, None
        self._verbose = verbose
        self._exchange = Exchange()
        self._state = "ready"  # ready, running, paused, stopped
        self._thread = None
        self._pause_wanted = False
        self._stop_wanted = False
        self._failure = None
        self.num_steps = 0
        self.time_step = 0
        wiring = Wiring(graph, engine, self._exchange, channel_size)
        self._vars, self._python, self._to_script = wiring.vars, wiring.python, wiring.to_script
        self.placements = wiring.placements
        for process in graph.processes:
            process.runtime = self

    # What Lava's processes call.
    def start(self, run_condition):
        """Runs for a condition: RunSteps(n), blocking or not, or RunContinuous()."""
        if self._state == "stopped":
            raise error("the program was stopped", "run()", "make and attach the processes anew", kind=ProcessError)
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

    def _let_wires_pass(self):
        """VarWires have a channel of Lava's own to the script, which a thread of the script empties: waits until it has
        taken what was sent, at most a tenth of a second. Lava's runs are slower than that thread."""
        ports = [value for process in self._python for value in process.proc_params._parameters.values()]
        ends = time.perf_counter() + 0.1
        for port in [port for port in ports if isinstance(port, CspSendPort)]:
            while port._req is not None and port._req.get_value() > 0 and time.perf_counter() < ends:
                time.sleep(0.001)
            time.sleep(0.002)

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
            self._let_wires_pass()
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
            if self._verbose:
                print(self._profiled.core_table())
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

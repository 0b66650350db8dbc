"""Processes with a model in Python, which run in this process: one thread each, in lockstep by Lava's phases."""

import queue
import threading

import numpy as np
from lava.magma.compiler.builders.py_builder import PyProcessBuilder
from lava.magma.compiler.utils import PortInitializer, VarInitializer, VarPortInitializer
from lava.magma.core.model.py.model import PyAsyncProcessModel, PyLoihiProcessModel
from lava.magma.runtime.mgmt_token_enums import MGMT_COMMAND
from lava.utils.sparse import find
from scipy.sparse import csr_matrix, issparse

from ._channels import Stopped
from ._errors import ProcessError, error, process_name

Phase, Response = PyLoihiProcessModel.Phase, PyLoihiProcessModel.Response
_stop = object()


class _Commands:
    """What an asynchronous model asks whether it shall pause or stop."""

    def __init__(self):
        self.pending = None

    def probe(self):
        return self.pending is not None

    def peek(self):
        return self.pending

    def recv(self):
        return self.pending

    def start(self):
        pass

    def join(self):
        pass


class _Answers:
    """What a model answers to a phase."""

    def __init__(self):
        self.last = 0

    def send(self, response):
        self.last = int(response[0])

    def start(self):
        pass

    def join(self):
        pass


class PythonProcess:
    """One leaf process with its model. Made in two steps: channels are added, then build()."""

    def __init__(self, process, model_class, exchange, channel_size):
        self.process, self.model_class, self.exchange = process, model_class, exchange
        self.who = self.busy = process_name(process)
        self._builder = PyProcessBuilder(model_class, process.id, process.proc_params)
        self._builder.set_variables([VarInitializer(v.name, v.shape, v.init, v.id) for v in process.vars])
        self._builder.set_py_ports(
            [self._port(port, port.get_incoming_transform_funcs(), channel_size) for port in process.in_ports]
            + [self._port(port, port.get_incoming_transform_funcs(), channel_size) for port in process.out_ports]
        )
        self._builder.set_ref_ports(
            [self._port(port, port.get_outgoing_transform_funcs(), channel_size) for port in process.ref_ports]
        )
        self._builder.set_var_ports(
            [
                VarPortInitializer(p.name, p.shape, p.var.name, None, type(p).__name__, channel_size, None, {})
                for p in process.var_ports
            ]
        )
        self._builder.check_all_vars_and_ports_set()
        self._commands = queue.SimpleQueue()
        self._later = []  # writes of RefPorts that wait for the end of the phase
        self.model = None
        self.answer = 0
        self._thread = None

    def _port(self, port, transforms, channel_size):
        return PortInitializer(
            port.name, port.shape, self.dtype(port), type(port).__name__, channel_size, transforms
        )

    def dtype(self, port):
        """In which a port's channel holds its values."""
        return getattr(self.model_class, port.name).d_type

    def var_dtype(self, name):
        return getattr(self.model_class, name).d_type

    def add_port(self, name, csp_port, peer_id):
        """A channel's end; peer_id: of the port at the other end, by which its transform is found."""
        self._builder.set_csp_ports([csp_port])
        if peer_id is not None:
            self._builder.add_csp_port_mapping(peer_id, csp_port)

    def build(self):
        self.model = self._builder.build()
        self.model.service_to_process, self.model.process_to_service = _Commands(), _Answers()
        self.asynchronous = isinstance(self.model, PyAsyncProcessModel)
        self._thread = threading.Thread(target=self._serve, name=self.who, daemon=True)
        self._thread.start()

    def command(self, phase):
        """Starts a phase; the exchange counts it as active until it has finished. phase: its number."""
        self._commands.put(phase)

    def stop(self):
        self._commands.put(_stop)

    def join(self, seconds):
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _serve(self):
        while True:
            phase = self._commands.get()
            if phase is _stop:
                return
            try:
                self.model.process_to_service.last = 0
                if self.asynchronous:
                    self.model.num_steps = phase
                    self.model.run_async()
                    last = (
                        PyAsyncProcessModel.Response.REQ_STOP
                        if self.model._req_stop
                        else PyAsyncProcessModel.Response.REQ_PAUSE
                        if self.model._req_pause
                        else PyAsyncProcessModel.Response.STATUS_DONE
                    )
                    self.model._req_stop = self.model._req_pause = False
                    self.answer = int(last[0])
                else:
                    self.model._cmd_handlers[phase]()
                    self.answer = self.model.process_to_service.last
            except Stopped:
                pass
            except BaseException as raised:  # what the user's model raises ends the run, with its own text
                failed = error(
                    f"{type(raised).__name__}: {raised}",
                    f"{self.who}, model {self.model_class.__name__}, step {getattr(self.model, 'time_step', '?')}",
                    "the process' own model raised it",
                    kind=ProcessError,
                )
                failed.__cause__ = raised
                with self.exchange.lock:
                    self.exchange.fail(failed)
            self.exchange.finish(self.who, self._settle)

    def _settle(self):
        for name, value in self._later:
            setattr(self.model, name, value)
        self._later.clear()

    def request(self, command):
        """Tells an asynchronous model to pause or stop."""
        if self.asynchronous:
            self.model.service_to_process.pending = command

    # Vars: as the model's own handlers answer Lava's runtime.
    def read(self, name):
        return getattr(self.model, name)

    def write_later(self, name, value):
        with self.exchange.lock:
            if self.who in self.exchange.active:
                self._later.append((name, value))
            else:
                setattr(self.model, name, value)

    def get(self, var):
        """The value as Var.get() gives it: float64, in the Var's shape; sparse matrices: their values in order."""
        value = getattr(self.model, var.name)
        if issparse(value):
            return find(value, explicit_zeros=True)[2].astype(np.float64)
        if isinstance(value, str):
            out = np.zeros((1, int(np.prod(var.shape))))
            out[0, : len(value)] = list(value.encode("ascii"))
            return out.reshape(var.shape)
        array = np.asarray(value, np.float64)
        out = np.zeros((1, int(np.prod(var.shape))))
        out[0, : array.size] = array.reshape(-1)
        return out.reshape(var.shape)

    def set(self, var, value):
        old = getattr(self.model, var.name)
        flat = np.asarray(value, np.float64).reshape(-1)
        if isinstance(old, (int, float)) and not isinstance(old, np.generic):
            new = type(old)(flat[0])
        elif isinstance(old, np.generic):
            new = old.dtype.type(flat[0])
        elif isinstance(old, np.ndarray):
            old.reshape(-1)[: flat.size] = flat[: old.size] if old.flags.c_contiguous else flat[: old.size]
            if not old.flags.c_contiguous:
                flat_old = old.flatten()
                flat_old[: flat.size] = flat[: old.size]
                old[...] = flat_old.reshape(old.shape)
            new = old
        elif issparse(old):
            target, source, _ = find(old)
            new = csr_matrix((flat, (target, source)), old.shape)
        elif isinstance(old, str):
            new = bytes(flat.astype(int).tolist()).decode("ascii")
        else:
            raise error(f"its value is of type {type(old).__name__}", f"{self.who}, Var {var.name}", "set another")
        setattr(self.model, var.name, new)
        self.model.on_var_update()


pause_command, stop_command = MGMT_COMMAND.PAUSE, MGMT_COMMAND.STOP

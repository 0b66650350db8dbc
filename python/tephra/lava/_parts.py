"""Processes that the engine runs, as the runtime sees them: their Vars, and their ports to processes in Python."""

import numpy as np
from lava.utils.sparse import find
from scipy.sparse import csr_matrix

import tephra

from ._channels import engine_name
from ._errors import ProcessError, error, process_name
from ._models import Unfit
from ._synapses import stored_weights


class Part:
    """What neurons and connections in the engine have in common."""

    asynchronous = False
    busy = engine_name

    def __init__(self, engine, plan_part):
        self.engine, self.part = engine, plan_part
        self.process, self.model_class = plan_part.process, plan_part.model
        self.who = process_name(self.process)
        self.receive, self.sends = {}, []  # port -> [(receive port, id of the sender)]; send ports

    def dtype(self, port):
        return getattr(self.model_class, port.name).d_type

    def add_port(self, name, csp_port, peer_id):
        if peer_id is None:
            self.sends.append(csp_port)
        else:
            self.receive[name, peer_id] = csp_port

    def read(self, name):
        """A Var's value as Lava's model holds it."""
        return self.part.values[name]

    def get(self, var):
        """As Var.get() gives it: float64, in the Var's shape."""
        value = np.asarray(self.read(var.name), np.float64)
        out = np.zeros(int(np.prod(var.shape)))
        out[: value.size] = value.reshape(-1)
        return out.reshape(var.shape)

    def set(self, var, value):
        self.engine.write(self, var.name, np.asarray(value, np.float64).reshape(-1))

    def write_later(self, name, value):
        self.engine.write_later(self, name, np.asarray(value).reshape(-1))

    def place(self, name):
        return f"{self.who}, Var {name}"

    def changed(self, name, flat):
        """The value of a Var with new numbers in it, in the type that Lava's model has."""
        old = self.part.values[name]
        flat = np.asarray(flat)
        if not isinstance(old, np.ndarray):
            if flat.dtype.kind == "f" and np.any(flat != np.trunc(flat)):
                raise error(f"it is set to {flat[0]}", self.place(name), "give an integer", kind=ProcessError)
            return int(flat[0])
        new = old.copy()
        new.reshape(-1)[: flat.size] = flat[: new.size]
        return new

    def refuse(self, name, reason, hint):
        raise error(reason, self.place(name), hint, kind=ProcessError)


class Neurons(Part):
    def read(self, name):
        word = self.part.kind.states.get(name)
        if word is None:
            return self.part.values[name]
        state = self.engine.state(self.part.layer, word)
        return state.reshape(self.part.shape).astype(self.part.values[name].dtype)

    def write(self, name, flat):
        kind, values = self.part.kind, self.part.values
        word = kind.states.get(name)
        if word is not None:
            values[name][...] = self.read(name)
            values[name] = self.changed(name, flat)
            self.engine.native.set_state(self.part.layer, word, values[name].reshape(-1))
            return
        old, values[name] = values[name], self.changed(name, flat)
        if name in kind.fixed and self.engine.time_step > 0:
            return  # Lava's model has looked at it in its first step, and never does again
        try:
            neurons = kind.make(values, self.part.shape, self.process.proc_params)
            self.engine.native.set_neurons(self.part.layer, neurons)
        except (Unfit, tephra.Error) as refused:
            values[name] = old
            self.refuse(name, f"the engine refuses it: {refused}", "set it before the first run(), or another value")


class Connections(Part):
    def __init__(self, engine, plan_part):
        super().__init__(engine, plan_part)
        self.weights_name = plan_part.kind.weights
        plan_part.values[self.weights_name] = plan_part.weights

    def get(self, var):
        value = self.read(var.name)
        if var.name == self.weights_name and not isinstance(value, np.ndarray):
            return find(value, explicit_zeros=True)[2].astype(np.float64)
        return super().get(var)

    def read(self, name):
        if name == self.part.kind.buffer:
            return self._buffer(name)
        return self.part.values[name]

    def _buffer(self, name):
        """What the process sends in the next step: the sum of the messages of the last one."""
        values, weights = self.part.values, self.part.weights
        if self.part.kind.delays or not self.part.kind.stored:
            self.refuse(name, "the engine keeps no sums by connection", "connect a sink or a Monitor to a_out")
        sent = self.engine.messages(self.part.source).reshape(-1)[np.argsort(self.part.columns)]
        sums = np.asarray(weights @ (sent if self.part.graded else sent != 0)).reshape(-1).astype(np.int64)
        exponent = int(self.process.proc_params.get("weight_exp", 0))
        return (sums << exponent if exponent > 0 else sums >> -exponent).astype(values[name].dtype)

    def write(self, name, flat):
        if name != self.weights_name:
            self.refuse(name, "the engine can't change it", "set it where the process is made")
        old, old_weights = self.part.values[name], self.part.weights
        if isinstance(old, np.ndarray):
            new = self.changed(name, flat)
        else:
            target, source, _ = find(old, explicit_zeros=True)
            new = csr_matrix((np.asarray(flat).astype(old.dtype), (target, source)), old.shape)
        self.part.values[name] = self.part.weights = new
        try:
            if self.engine.time_step == 0:
                new = stored_weights(self.part.kind, self.part.values, self.process.proc_params)
                self.part.values[name] = self.part.weights = new
            for connection, rows in self.part.targets:
                self.engine.native.set_synapses(connection, self.engine.plan.synapses_of(self.part, rows))
        except (Unfit, tephra.Error) as refused:
            self.part.values[name], self.part.weights = old, old_weights
            self.refuse(name, f"the engine refuses it: {refused}", "give weights of 16 bits")

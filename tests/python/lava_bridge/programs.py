"""Processes with models in Python and small Lava programs, for the tests of the bridge."""

import numpy as np
import tephra.lava
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF


class Echo(AbstractProcess):
    """Sends what it gets, times a factor that grows by one a step."""

    def __init__(self, *, shape):
        super().__init__(shape=shape)
        self.a_in, self.s_out = InPort(shape=shape), OutPort(shape=shape)
        self.factor = Var(shape=(1,), init=0)


@implements(proc=Echo, protocol=LoihiProtocol)
@requires(CPU)
class EchoModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    factor: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self):
        self.factor += 1
        self.s_out.send(self.a_in.recv() * self.factor)


class Broken(Echo):
    pass


@implements(proc=Broken, protocol=LoihiProtocol)
@requires(CPU)
class BrokenModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    factor: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self):
        if self.time_step == 3:
            raise ArithmeticError("the third step is too much")
        self.s_out.send(self.a_in.recv())


class Watcher(AbstractProcess):
    """Reads a Var of another process after each step, and pauses the run where it is large."""

    def __init__(self, *, shape):
        super().__init__(shape=shape)
        self.look = RefPort(shape)
        self.last = Var(shape=shape, init=0)


@implements(proc=Watcher, protocol=LoihiProtocol)
@requires(CPU)
class WatcherModel(PyLoihiProcessModel):
    look: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
    last: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def post_guard(self):
        return True

    def run_post_mgmt(self):
        self.last = self.look.read()
        if self.last.max() >= 300:
            self._req_pause = True


class Pair(AbstractProcess):
    """Two layers behind one port, made by a sub-process model."""

    def __init__(self, *, weights):
        super().__init__(weights=weights)
        self.s_in, self.s_out = InPort(shape=(weights.shape[1],)), OutPort(shape=(weights.shape[0],))
        self.v = Var(shape=(weights.shape[0],), init=0)


@implements(proc=Pair, protocol=LoihiProtocol)
class PairModel(AbstractSubProcessModel):
    def __init__(self, proc):
        weights = proc.proc_params["weights"]
        self.dense = Dense(weights=weights)
        self.lif = LIF(shape=(weights.shape[0],), vth=1000, du=4095)
        proc.s_in.connect(self.dense.s_in)
        self.dense.a_out.connect(self.lif.a_in)
        self.lif.s_out.connect(proc.s_out)
        proc.v.alias(self.lif.v)


def chain():
    first = LIF(shape=(3,), bias_mant=np.array([10, 20, 30]), bias_exp=3, vth=5, du=4095, dv=0)
    dense = Dense(weights=np.array([[10, 20, 30], [-10, 6, 8]]))
    second = LIF(shape=(2,), vth=60, du=0, dv=100)
    first.s_out.connect(dense.s_in)
    dense.a_out.connect(second.a_in)
    return first, dense, second


def both(make, drive):
    """What drive() gives for a program on tephra's runtime, and on Lava's. make() gives the processes."""
    results = []
    for attached in (True, False):
        processes = make()
        if attached:
            tephra.lava.attach(processes[0])
        try:
            results.append(drive(*processes))
        finally:
            processes[0].stop()
    return results

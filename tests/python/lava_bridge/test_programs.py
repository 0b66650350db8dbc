"""Lava programs on tephra's runtime: steps, Vars, Monitors, sources and sinks, models in Python, what is refused."""

import signal
import threading
import time

import numpy as np
import pytest
import tephra
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
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.io.extractor import Extractor
from lava.proc.io.injector import Injector
from lava.proc.io.reset import Reset
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor


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


def test_vars_are_read_and_set_between_runs(fixed_point):
    def drive(first, dense, second):
        seen = []
        first.run(RunSteps(7), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        seen += [second.v.get(), second.u.get(), first.v.get(), dense.weights.get(), dense.a_buff.get()]
        first.bias_mant.set(np.array([40, 0, -5]))
        first.v.set(np.array([100, 200, 300]))
        first.run(RunSteps(5))
        seen += [second.v.get(), first.v.get(), first.bias_mant.get()]
        dense.weights.set(np.array([[1, 2, 3], [4, 5, 6]]))
        first.vth.set(np.array([1]))
        first.run(RunSteps(9))
        return seen + [second.v.get(), first.v.get(), dense.weights.get()]

    mine, wanted = both(chain, drive)
    for number, (a, b) in enumerate(zip(mine, wanted, strict=True)):
        assert a.dtype == b.dtype and np.array_equal(a, b), number


def test_sources_sinks_and_monitors(fixed_point):
    def make():
        source = Source(data=np.array([[1, 0, 1, 0, 0], [0, 0, 1, 1, 0]]))
        dense = Dense(weights=np.array([[5, 6], [7, -8], [9, 10]]), num_message_bits=8)
        lif = LIF(shape=(3,), vth=4, du=2000)
        sink, monitor = Sink(shape=(3,), buffer=4), Monitor()
        source.s_out.connect(dense.s_in)
        dense.a_out.connect(lif.a_in)
        lif.s_out.connect(sink.a_in)
        monitor.probe(lif.v, 13)
        return source, lif, sink, monitor

    def drive(source, lif, sink, monitor):
        source.run(RunSteps(6), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        source.run(RunSteps(7))
        return [sink.data.get(), monitor.get_data()[lif.name]["v"]]

    mine, wanted = both(make, drive)
    for a, b in zip(mine, wanted, strict=True):
        assert np.array_equal(a, b)


def test_models_in_python_run_in_lockstep(fixed_point):
    def make():
        first, dense, second = chain()
        echo, back = Echo(shape=(2,)), Dense(weights=np.array([[3, 4], [0, 5], [1, 1]]), num_message_bits=16)
        second.s_out.connect(echo.a_in)
        echo.s_out.connect(back.s_in)
        back.a_out.connect(first.a_in)
        sink = Sink(shape=(2,), buffer=40)
        echo.s_out.connect(sink.a_in)
        return first, second, echo, sink

    def drive(first, second, echo, sink):
        first.run(RunSteps(25), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        echo.factor.set(np.array([2]))
        first.run(RunSteps(15))
        return [sink.data.get(), second.v.get(), first.u.get(), echo.factor.get()]

    mine, wanted = both(make, drive)
    for a, b in zip(mine, wanted, strict=True):
        assert np.array_equal(a, b)


def test_a_model_in_python_resets_neurons_of_the_engine(fixed_point):
    def make():
        lif = LIF(shape=(2,), bias_mant=np.array([3, 4]), bias_exp=2, vth=1000, du=4095)
        reset = Reset(interval=4, offset=1)
        reset.connect_var(lif.v)
        monitor = Monitor()
        monitor.probe(lif.v, 12)
        return lif, monitor, reset

    def drive(lif, monitor, reset):
        lif.run(RunSteps(12), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        return lif.v.get()

    mine, wanted = both(make, drive)
    assert np.array_equal(mine, wanted)


def test_sub_process_models_are_walked(fixed_point):
    def make():
        source = Source(data=np.eye(4, dtype=int))
        pair = Pair(weights=np.arange(12).reshape(3, 4) - 5)
        source.s_out.connect(pair.s_in)
        return source, pair

    def drive(source, pair):
        source.run(RunSteps(9), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        return pair.v.get()

    mine, wanted = both(make, drive)
    assert np.array_equal(mine, wanted) and mine.any()


def test_a_process_may_pause_the_run(fixed_point):
    lif = LIF(shape=(2,), bias_mant=np.array([3, 4]), bias_exp=3, vth=10000, du=4095)
    watcher = Watcher(shape=(2,))
    watcher.look.connect_var(lif.v)
    tephra.lava.attach(lif)
    lif.run(RunContinuous(), run_cfg=fixed_point)
    lif.wait()
    assert lif.v.get().tolist() == [30 * 8, 40 * 8]
    lif.stop()


def test_continuous_runs_pause_and_stop(fixed_point):
    first, _, second = chain()
    tephra.lava.attach(first)
    first.run(RunContinuous(), run_cfg=fixed_point)
    time.sleep(0.05)
    assert second.v.get() is None  # as Lava while a run goes on
    first.pause()
    assert second.v.get().shape == (2,)
    first.run(RunSteps(3, blocking=False))
    first.wait()
    first.stop()
    with pytest.raises(tephra.Error, match="the program was stopped") as raised:
        first.run(RunSteps(1))
    assert raised.value.hint


def test_injector_and_extractor():
    injector, extractor = Injector(shape=(2,), buffer_size=4), Extractor(shape=(2,), buffer_size=4)
    injector.out_port.connect(extractor.in_port)
    tephra.lava.attach(injector)
    injector.run(RunSteps(3, blocking=False), run_cfg=Loihi2SimCfg())
    for step in range(3):
        injector.send(np.full((2,), step))
        assert extractor.receive().tolist() == [step, step]
    injector.wait()
    injector.stop()


def test_floating_point_models_are_refused_by_name():
    lif = LIF(shape=(2,))
    tephra.lava.attach(lif)
    with pytest.raises(tephra.Error, match="PyLifModelFloat") as raised:
        lif.run(RunSteps(1), run_cfg=Loihi2SimCfg(select_tag="floating_pt"))
    assert lif.name in raised.value.place and "floating_point" in raised.value.hint
    lif.run(RunSteps(1), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))  # a refused program can be run otherwise
    lif.stop()


def test_floating_point_models_run_as_lavas_own_where_asked_for():
    def drive(lif):
        lif.run(RunSteps(5), run_cfg=Loihi2SimCfg(select_tag="floating_pt"))
        value = lif.v.get()
        lif.stop()
        return value

    lif = LIF(shape=(2,), bias_mant=0.3, vth=1.0, dv=0.1)
    tephra.lava.attach(lif, floating_point="python")
    mine = drive(lif)
    assert np.array_equal(mine, drive(LIF(shape=(2,), bias_mant=0.3, vth=1.0, dv=0.1)))


def test_an_error_in_a_users_model_ends_the_run_with_its_text(fixed_point):
    source, broken = Source(data=np.ones((2, 1), int)), Broken(shape=(2,))
    source.s_out.connect(broken.a_in)
    tephra.lava.attach(source)
    with pytest.raises(RuntimeError, match="the third step is too much") as raised:
        source.run(RunSteps(5), run_cfg=fixed_point)
    assert "BrokenModel, step 3" in raised.value.place
    assert isinstance(raised.value, tephra.Error) and isinstance(raised.value.__cause__, ArithmeticError)


def test_a_loop_without_delay_is_refused(fixed_point):
    one, two = Echo(shape=(2,)), Echo(shape=(2,))
    one.s_out.connect(two.a_in)
    two.s_out.connect(one.a_in)
    tephra.lava.attach(one)
    with pytest.raises(tephra.Error, match="wait for each other") as raised:
        one.run(RunSteps(1), run_cfg=fixed_point)
    assert "Dense" in raised.value.hint


def test_a_loop_of_the_engine_without_delay_is_refused(fixed_point):
    one, two = LIF(shape=(2,)), LIF(shape=(2,))
    one.s_out.connect(two.a_in)
    two.s_out.connect(one.a_in)
    tephra.lava.attach(one)
    with pytest.raises(tephra.Error, match="wait for each other|loop"):
        one.run(RunSteps(1), run_cfg=fixed_point)


def test_two_attachments_are_refused():
    first, _, second = chain()
    tephra.lava.attach(first)
    with pytest.raises(tephra.Error, match="attached already") as raised:
        tephra.lava.attach(second)
    assert raised.value.place and raised.value.hint
    for wrong in (3, "lif"):
        with pytest.raises(tephra.Error):
            tephra.lava.attach(wrong)
    with pytest.raises(tephra.Error):
        tephra.lava.attach(first, floating_point="fixed")


def test_values_that_the_engine_refuses_name_the_var(fixed_point):
    first, dense, _ = chain()
    tephra.lava.attach(first)
    first.run(RunSteps(1), run_cfg=fixed_point)
    for change in (
        lambda: first.bias_mant.set(np.array([5000, 0, 0])),
        lambda: first.du.set(np.array([4096])),
        lambda: first.du.set(np.array([0.5])),
        lambda: dense.weights.set(np.full((2, 3), 1 << 20)),
        lambda: dense.a_buff.set(np.array([1, 2])),
    ):
        with pytest.raises(tephra.Error, match="Var"):
            change()
    first.run(RunSteps(1))
    first.stop()


def test_attach_serves_all_programs_until_it_is_detached(fixed_point):
    with tephra.lava.attach() as attachment:
        first, _, _ = chain()
        first.run(RunSteps(2), run_cfg=fixed_point)
        assert first.runtime is attachment.runtime
        first.stop()
    from lava.magma.core.process.process import AbstractProcess

    assert AbstractProcess.create_runtime.__module__.startswith("lava.")


@pytest.mark.parametrize("beside", [False, True])
def test_ctrl_c_ends_a_long_run(fixed_point, beside):
    first, _, second = chain()
    if beside:
        echo, sink = Echo(shape=(2,)), Sink(shape=(2,), buffer=4)
        second.s_out.connect(echo.a_in)
        echo.s_out.connect(sink.a_in)
    tephra.lava.attach(first)
    first.run(RunSteps(1), run_cfg=fixed_point)
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        first.run(RunSteps(1 << 40))
    with pytest.raises(tephra.Error, match="stopped"):
        first.run(RunSteps(1))


def test_two_programs_run_at_once_in_two_threads():
    def work(results, number):
        first, _, second = chain()
        tephra.lava.attach(first)
        first.run(RunSteps(400), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        results[number] = second.v.get()
        first.stop()

    results = {}
    threads = [threading.Thread(target=work, args=(results, number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all(np.array_equal(results[0], other) for other in results.values())


def test_messages_count_as_the_connection_says(fixed_point):
    """Ternary and graded messages into connections of both kinds: each message as 1, or as what it says."""

    def make():
        from lava.proc.lif.process import TernaryLIF
        from lava.proc.sdn.process import SigmaDelta

        source = Source(data=np.random.default_rng(5).integers(-3, 4, (4, 9)))
        dense = Dense(weights=np.random.default_rng(6).integers(-9, 10, (4, 4)), num_message_bits=8)
        ternary = TernaryLIF(shape=(4,), vth_hi=6, vth_lo=-6, du=2000)
        graded = SigmaDelta(shape=(4,), vth=2)
        source.s_out.connect(dense.s_in)
        dense.a_out.connect(ternary.a_in)
        dense.a_out.connect(graded.a_in)
        sinks = []
        for neurons in (ternary, graded):
            for bits in (0, 16):
                after = Dense(weights=np.arange(12).reshape(3, 4) - 5, num_message_bits=bits)
                sink = Sink(shape=(3,), buffer=30)
                neurons.s_out.connect(after.s_in)
                after.a_out.connect(sink.a_in)
                sinks.append(sink)
        return source, *sinks

    def drive(source, *sinks):
        source.run(RunSteps(30), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        return [sink.data.get() for sink in sinks]

    mine, wanted = both(make, drive)
    for a, b in zip(mine, wanted, strict=True):
        assert np.array_equal(a, b) and a.any()

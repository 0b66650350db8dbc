"""The calls that drive a Lava program: run, wait, pause, stop, Vars read and set, what ends a run."""

import signal
import threading
import time

import numpy as np
import pytest
import tephra
import tephra.lava
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import RunContinuous, RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.extractor import Extractor
from lava.proc.io.injector import Injector
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.lif.process import LIF
from programs import Echo, Watcher, both, chain


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

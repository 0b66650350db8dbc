"""Which processes of a Lava program run how: sources, sinks and Monitors, models in Python, what is refused."""

import numpy as np
import pytest
import tephra
import tephra.lava
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.reset import Reset
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF, TernaryLIF
from lava.proc.monitor.process import Monitor
from lava.proc.sdn.process import SigmaDelta
from programs import Broken, Echo, Pair, both, chain


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


def test_messages_count_as_the_connection_says(fixed_point):
    """Ternary and graded messages into connections of both kinds: each message as 1, or as what it says."""

    def make():
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

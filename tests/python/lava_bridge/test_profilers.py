"""Times, energies and counts of the simulated machine under the names that Lava programs know."""

import numpy as np
import pytest
import tephra
import tephra.lava
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF


def program():
    rng = np.random.default_rng(3)
    source = Source(data=(rng.random((20, 30)) < 0.3).astype(int))
    first, lif = Dense(weights=rng.integers(-20, 40, (30, 20))), LIF(shape=(30,), vth=30, du=2000)
    second, last = Dense(weights=rng.integers(-20, 40, (5, 30))), LIF(shape=(5,), vth=30)
    source.s_out.connect(first.s_in)
    first.a_out.connect(lif.a_in)
    lif.s_out.connect(second.s_in)
    second.a_out.connect(last.a_in)
    return source, lif, last


def test_profilers_of_a_run():
    from lava.utils.loihi2_profiler import Loihi2Activity, Loihi2ExecutionTime, Loihi2Memory, Loihi2Power

    profilers = Loihi2Power(num_steps=40), Loihi2ExecutionTime(buffer_size=40), Loihi2Activity(), Loihi2Memory()
    power, time, activity, memory = profilers
    source, _, _ = program()
    attachment = tephra.lava.attach(source, machine="oheo-gulch")
    source.run(RunSteps(40), run_cfg=Loihi2HwCfg(callback_fxs=list(profilers)))
    source.stop()
    engine = attachment.runtime.engine.native
    layers = range(len(attachment.runtime.engine.plan.layers))
    assert activity.syn_ops.sum() == sum(engine.synops(layer) for layer in layers)
    assert activity.dendrite_updates.sum() >= 40 * (20 + 30 + 5)
    assert len(activity.core_idx) == len(memory.total_mpds) == len(activity.spike_axon_in)
    assert time.time_per_step.shape == (40,) and (time.time_per_step > 0).all()
    run = power.report.run
    assert time.avg_time_per_step == pytest.approx(run.elapsed_ps / 40 / 1e6, rel=0.2)
    assert power.total_power.shape == (40,) and power.total_power[0] > power.static_total_power > 0
    assert np.isnan(power.vdd_power).all() and any("vdd_power" in note for note in power.notes)
    assert (memory.total_mpds > 0).all() and (memory.total_mpds <= 1).all()


def test_the_same_numbers_by_profile():
    source, lif, _ = program()
    attachment = tephra.lava.attach(source, profile_steps=15)
    with pytest.raises(tephra.Error, match="has not run"):
        attachment.profile()
    source.run(RunSteps(40), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    profile = attachment.profile()
    assert profile.run.rounds == 15 and any("first 15 of 40" in note for note in profile.notes)
    lif.bias_mant.set(np.full((30,), 3))
    source.run(RunSteps(5))
    attachment.runtime._profiled = None
    with pytest.raises(tephra.Error, match="bias_mant, was set between two steps"):
        attachment.profile()
    source.stop()


def test_unknown_machines_are_refused():
    source, _, _ = program()
    with pytest.raises(tephra.Error):
        tephra.lava.attach(source, machine="oheo-gulp")


def test_an_image_goes_in_as_an_image():
    from lava.proc.conv.process import Conv
    from lava.proc.sdn.process import Delta

    rng = np.random.default_rng(2)
    source, delta = Source(data=rng.integers(0, 9, (6, 5, 2, 3))), Delta(shape=(6, 5, 2), vth=0)
    conv = Conv(weight=rng.integers(-5, 6, (3, 3, 3, 2)), input_shape=(6, 5, 2), num_message_bits=16)
    lif = LIF(shape=conv.output_shape, vth=10)
    source.s_out.connect(delta.a_in)
    delta.s_out.connect(conv.s_in)
    conv.a_out.connect(lif.a_in)
    attachment = tephra.lava.attach(source)
    source.run(RunSteps(9), run_cfg=Loihi2HwCfg())
    profile = attachment.profile()
    engine = attachment.runtime.engine.native
    synops = sum(counts.sum() for kind, counts in profile.counts.items() if kind.startswith("synop_"))
    assert synops == sum(engine.synops(layer) for layer in range(len(attachment.runtime.engine.plan.layers)))
    source.stop()

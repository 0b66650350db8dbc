"""Intel's names for processes of embedded processors: adapters decode what Lava's encoder has compressed."""

import numpy as np
import pytest
import tephra
import tephra.lava
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2HwCfg
from lava.proc import embedded_io as eio
from lava.proc import io
from lava.proc.conv.process import Conv
from lava.proc.lif.process import LIF
from lava.utils import loihi
from lava.utils.system import Loihi2

steps = 6


def received(compression, data):
    """What a sink gets of an encoder's deltas, through an adapter."""
    shape = data.shape[:-1]
    source, sink = io.source.RingBuffer(data=data), io.sink.RingBuffer(shape=shape, buffer=steps)
    encoder = io.encoder.DeltaEncoder(shape=shape, vth=0, compression=compression)
    adapter = eio.spike.PyToNxAdapter(shape=shape, num_message_bits=16, compression=compression)
    source.s_out.connect(encoder.a_in)
    encoder.s_out.connect(adapter.inp)
    adapter.out.connect(sink.a_in)
    model = io.encoder.PyDeltaEncoderModelDense if compression.value == 0 else io.encoder.PyDeltaEncoderModelSparse
    tephra.lava.attach(source)
    source.run(RunSteps(steps), run_cfg=Loihi2HwCfg(exception_proc_model_map={io.encoder.DeltaEncoder: model}))
    got = sink.data.get()
    source.stop()
    return got


@pytest.mark.parametrize("compression", io.encoder.Compression)
@pytest.mark.parametrize("density", [0, 0.001, 0.02, 0.6])
def test_adapters_decode_what_the_encoder_packs(compression, density):
    rng = np.random.default_rng(4)
    changes = rng.integers(-20, 21, (41, 52, steps)) * (rng.random((41, 52, steps)) < density)
    changes[..., -1] = rng.integers(1, 9, (41, 52))
    got = received(compression, np.cumsum(changes, axis=-1))
    assert np.array_equal(got[..., 1:], changes[..., :-1])  # the encoder sends a step later


def test_an_adapter_feeds_neurocores_within_the_step_and_refuses_what_is_too_wide():
    def outputs(adapted, data, bits):
        source, sink = io.source.RingBuffer(data=data), io.sink.RingBuffer(shape=(4, 4, 2), buffer=steps)
        conv = Conv(weight=np.full((2, 1, 1, 2), 3), input_shape=(4, 4, 2), num_message_bits=16)
        lif = LIF(shape=(4, 4, 2), vth=40, du=4095)
        conv.a_out.connect(lif.a_in)
        if adapted:
            into = eio.spike.PyToN3ConvAdapter(shape=(4, 4, 2), num_message_bits=bits, spike_exp=1)
            out = eio.spike.NxToPyAdapter(shape=(4, 4, 2))
            source.s_out.connect(into.inp)
            into.out.connect(conv.s_in)
            lif.s_out.connect(out.inp)
            out.out.connect(sink.a_in)
        else:
            source.s_out.connect(conv.s_in)
            lif.s_out.connect(sink.a_in)
        tephra.lava.attach(source)
        source.run(RunSteps(steps), run_cfg=Loihi2HwCfg())
        got = sink.data.get()
        source.stop()
        return got

    data = np.random.default_rng(5).integers(-8, 9, (4, 4, 2, steps))
    plain = outputs(False, 2 * data, 0)
    assert plain.any() and np.array_equal(outputs(True, data, 8), plain)
    with pytest.raises(tephra.Error, match="does not fit num_message_bits=4"):
        outputs(True, data, 4)


def test_programs_find_a_loihi_2_while_all_processes_are_attached():
    assert not Loihi2.is_loihi2_available
    for machine, partition in (("oheo-gulch", "oheogulch"), ("kapoho-point", "kp")):
        with tephra.lava.attach(machine=machine):
            loihi.use_slurm_host(partition=partition)  # nothing to do
            assert Loihi2.is_loihi2_available and Loihi2.partition == partition
        assert not Loihi2.is_loihi2_available and Loihi2.partition == "Unspecified"
    with tephra.lava.attach(machine="loihi1-nahuku"):
        assert not Loihi2.is_loihi2_available
    assert loihi.use_slurm_host.__module__ == "lava.utils.loihi"

"""The calls of lava-dl's two benchmark notebooks of PilotNet (tutorials, netx/pilotnet_snn and netx/pilotnet_sdnn), in their
order, behind the one added line. What they print has the notebooks' form."""

import importlib.util
import logging
import pathlib
import re

import matplotlib
import numpy as np
import pytest
import tephra.lava
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU, Loihi2NeuroCore
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2HwCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc import embedded_io as eio
from lava.proc import io
from lava.utils.system import Loihi2

matplotlib.use("agg")
root = pathlib.Path(__file__).resolve().parents[3]
lif_folder = root / "models" / "pilotnet-lif"
sdnn_folder = root.parent / "shared" / "spiking" / "netx" / "pilotnet_sdnn"

# No skip of the module: Lava executes all files beside the class of a process.
there = importlib.util.find_spec("lava.lib.dl") is not None
pytestmark = pytest.mark.skipif(not there, reason="lava-dl is not installed (docs/lava.md)")
if there:
    from lava.lib.dl import netx

printed = """Throughput : N fps.
Total Power   : N W
Dynamic Power : N W
Static Power  : N W
VDD Power     : N W
VDD-M Power   : N W
VDD-IO Power  : N W
Total Energy per inference   : N mJ
Dynamic Energy per inference : N mJ"""


class Frames:
    """Stands for the notebooks' images: one image, which moves from sample to sample."""

    def __init__(self, image):
        self.image = image

    def __getitem__(self, index):
        return np.roll(self.image, index, axis=0), 0.1

    def __len__(self):
        return 20


class PilotNetEncoder(AbstractProcess):
    def __init__(self, shape, net_config, compression):
        super().__init__(shape=shape, vth=net_config["layer"][0]["neuron"]["vThMant"], compression=compression)
        self.inp, self.out = InPort(shape=shape), OutPort(shape=shape)


@implements(proc=PilotNetEncoder, protocol=LoihiProtocol)
@requires(CPU)
class PilotNetPyEncoderModel(AbstractSubProcessModel):
    def __init__(self, proc):
        parameters = proc.proc_params
        self.inp: PyInPort = LavaPyType(np.ndarray, np.int32)
        self.out: PyOutPort = LavaPyType(np.ndarray, np.int32)
        self.encoder = io.encoder.DeltaEncoder(shape=parameters["shape"], vth=parameters["vth"], spike_exp=6)
        proc.inp.connect(self.encoder.a_in)
        self.encoder.s_out.connect(proc.out)


@implements(proc=PilotNetEncoder, protocol=LoihiProtocol)
@requires(Loihi2NeuroCore)
class PilotNetNxEncoderModel(AbstractSubProcessModel):
    def __init__(self, proc):
        parameters = proc.proc_params
        shape, compression = parameters["shape"], parameters["compression"]
        self.inp: PyInPort = LavaPyType(np.ndarray, np.int32)
        self.out: PyOutPort = LavaPyType(np.ndarray, np.int32)
        self.encoder = io.encoder.DeltaEncoder(shape=shape, vth=parameters["vth"], compression=compression)
        self.adapter = eio.spike.PyToN3ConvAdapter(
            shape=shape, num_message_bits=16, spike_exp=6, compression=compression
        )
        proc.inp.connect(self.encoder.a_in)
        self.encoder.s_out.connect(self.adapter.inp)
        self.adapter.out.connect(proc.out)


def loggers(num_steps):
    from lava.utils import loihi2_profiler

    return (
        loihi2_profiler.Loihi2Power(num_steps=num_steps),
        loihi2_profiler.Loihi2ExecutionTime(),
        loihi2_profiler.Loihi2Memory(),
        loihi2_profiler.Loihi2Activity(),
    )


def print_measurements(power, runtime, steps_per_sample):
    """The notebooks' cells of throughput, power and energy."""
    inference_rate = 1e6 / runtime.avg_time_per_step / steps_per_sample
    print(f"Throughput : {inference_rate:.2f} fps.")
    num_chips = 8 if Loihi2.partition in ["kp", "kp_stack", "kp_build"] else 1
    static = power.static_total_power / num_chips
    supplies = []
    for total, still in (
        (power.total_power, power.static_total_power),
        (power.vdd_power, power.static_vdd_power),
        (power.vddm_power, power.static_vddm_power),
        (power.vddio_power, power.static_vddio_power),
    ):
        total -= (num_chips - 1) * still / num_chips
        supplies.append(np.mean(total))
    print(f"Total Power   : {supplies[0]:.6f} W")
    print(f"Dynamic Power : {supplies[0] - static:.6f} W")
    print(f"Static Power  : {static:.6f} W")
    print(f"VDD Power     : {supplies[1]:.6f} W")
    print(f"VDD-M Power   : {supplies[2]:.6f} W")
    print(f"VDD-IO Power  : {supplies[3]:.6f} W")
    print(f"Total Energy per inference   : {supplies[0] / inference_rate * 1e3:.6f} mJ")
    print(f"Dynamic Energy per inference : {(supplies[0] - static) / inference_rate * 1e3:.6f} mJ")


def plot(power, runtime, memory, activity):
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(4)
    axes[0].plot(runtime.execution_time_per_step)
    axes[1].plot(power.total_power)
    axes[1].plot(np.zeros_like(power.total_power) + power.static_total_power)
    for power_of_supply in (power.vdd_power, power.vddm_power, power.vddio_power):
        axes[1].plot(power_of_supply)
    for counts in (activity.syn_ops, activity.dendrite_updates, activity.axon_out, activity.spikes_in):
        axes[2].plot(activity.core_idx, counts)
    axes[3].bar(memory.core_idx, memory.total_mpds)
    plt.close("all")


def check(text, layers, loggers):
    """text: what was printed from the run on."""
    power, runtime, memory, activity = loggers
    table, _, measured = text.partition("Throughput")
    assert re.sub(r"\d+\.\d+|nan", "N", "Throughput" + measured).strip() == printed
    head, *rows, total = [line for line in table.splitlines() if line.startswith("|")]
    assert [cell.strip() for cell in head.split("|")[1:-1]][-1] == "Cores" and len(rows) == layers
    cores = [int(row.split("|")[6]) for row in rows]
    assert int(total.split()[2]) == sum(cores) == len(memory.core_idx)
    assert 0 < power.static_total_power < power.total_power.mean() < 1
    assert (runtime.execution_time_per_step > 0).all() and activity.syn_ops.sum() > 0
    assert (0 < memory.total_mpds).all() and (memory.total_mpds <= 1).all()


def test_the_benchmark_of_pilotnet_lif(capsys):
    num_steps = 24
    with tephra.lava.attach():  # the added line
        assert Loihi2.is_loihi2_available and Loihi2.partition == "oheogulch"
        net = netx.hdf5.Network(net_config=str(lif_folder / "network.net"), reset_interval=16, reset_offset=3)
        print(net)
        full_set = Frames(np.load(lif_folder / "image.npy"))
        image, _ = full_set[0]
        net.in_layer.neuron.bias = image  # as published; Lava 0.10.0 has another name for it
        net.in_layer.neuron.bias_mant.init = image
        measured = loggers(num_steps)
        net._log_config.level = logging.INFO
        run_config = Loihi2HwCfg(callback_fxs=list(measured))
        with pytest.warns(UserWarning, match="bias_mant"):
            net.run(condition=RunSteps(num_steps=num_steps), run_cfg=run_config)
        net.stop()
        print_measurements(*measured[:2], net.reset_interval)
        plot(*measured)
    network, _, text = capsys.readouterr().out.partition("Per core distribution:")
    assert network.startswith("|   Type   |") and "|Conv      |   99|   32|   24|" in network
    check(text, len(net.layers), measured)


@pytest.mark.skipif(not sdnn_folder.exists(), reason=f"there is no {sdnn_folder}")
def test_the_benchmark_of_pilotnet_sdnn(capsys):
    num_steps = 12
    with tephra.lava.attach():  # the added line
        net = netx.hdf5.Network(net_config=str(sdnn_folder / "network.net"), skip_layers=1)
        dataloader = io.dataloader.SpikeDataloader(dataset=Frames(np.load(sdnn_folder / "input.npy")))
        compression = io.encoder.Compression.DELTA_SPARSE_8
        encoder = PilotNetEncoder(shape=net.inp.shape, net_config=net.net_config, compression=compression)
        dataloader.s_out.connect(encoder.inp)
        encoder.out.connect(net.inp)
        measured = loggers(num_steps)
        models = {
            io.encoder.DeltaEncoder: io.encoder.PyDeltaEncoderModelSparse,
            PilotNetEncoder: PilotNetNxEncoderModel,
        }
        run_config = Loihi2HwCfg(exception_proc_model_map=models, callback_fxs=list(measured))
        net._log_config.level = logging.INFO
        net.run(condition=RunSteps(num_steps=num_steps), run_cfg=run_config)
        net.stop()
        print_measurements(*measured[:2], 1)
        plot(*measured)
    text = capsys.readouterr().out.partition("Per core distribution:")[2]
    check(text, len(net.layers) + 1, measured)  # one that the host feeds
    assert any("on the host" in note and "SpikeDataloader" in note for note in measured[0].notes)

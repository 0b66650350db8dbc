"""The shape of Lava's tutorial on handwritten digits: LIF and Dense behind a sub-process model, between a user's
input and output processes, whose states are set to zero between images. Weights and images are made up."""

import numpy as np
import tephra.lava
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi1SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.dense.process import Dense
from lava.proc.lif.process import LIF

pixels, hidden, digits, images, steps_an_image = 60, 24, 10, 4, 16


class SpikeInput(AbstractProcess):
    """An image as rates: pixels add up, and spike above a threshold."""

    def __init__(self, *, pictures):
        super().__init__(pictures=pictures)
        self.spikes_out = OutPort(shape=(pixels,))
        self.label_out = OutPort(shape=(1,))
        self.v = Var(shape=(pixels,), init=0)
        self.pictures = Var(shape=pictures.shape, init=pictures)


@implements(proc=SpikeInput, protocol=LoihiProtocol)
@requires(CPU)
class SpikeInputModel(PyLoihiProcessModel):
    spikes_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, bool, precision=1)
    label_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=32)
    v: np.ndarray = LavaPyType(np.ndarray, np.int32)
    pictures: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def post_guard(self):
        return self.time_step % steps_an_image == 1

    def run_post_mgmt(self):
        self.v = np.zeros_like(self.v)
        self.label_out.send(np.array([self.time_step // steps_an_image]))

    def run_spk(self):
        self.v[:] = self.v + self.pictures[(self.time_step - 1) // steps_an_image % images]
        spikes = self.v > 1
        self.v[spikes] = 0
        self.spikes_out.send(spikes)


class Classifier(AbstractProcess):
    def __init__(self, *, weights):
        super().__init__(weights=weights)
        self.spikes_in = InPort(shape=(pixels,))
        self.spikes_out = OutPort(shape=(digits,))
        self.hidden_u, self.hidden_v = Var(shape=(hidden,), init=0), Var(shape=(hidden,), init=0)
        self.output_v = Var(shape=(digits,), init=0)


@implements(Classifier)
@requires(CPU)
class ClassifierModel(AbstractSubProcessModel):
    def __init__(self, proc):
        first, second = proc.proc_params["weights"]
        self.dense1, self.lif1 = Dense(weights=first), LIF(shape=(hidden,), vth=400, dv=0, du=4095, bias_mant=2)
        self.dense2, self.output = Dense(weights=second), LIF(shape=(digits,), vth=1, dv=0, du=4095)
        proc.spikes_in.connect(self.dense1.s_in)
        self.dense1.a_out.connect(self.lif1.a_in)
        self.lif1.s_out.connect(self.dense2.s_in)
        self.dense2.a_out.connect(self.output.a_in)
        self.output.s_out.connect(proc.spikes_out)
        proc.hidden_u.alias(self.lif1.u)
        proc.hidden_v.alias(self.lif1.v)
        proc.output_v.alias(self.output.v)


class Output(AbstractProcess):
    def __init__(self):
        super().__init__()
        self.spikes_in, self.label_in = InPort(shape=(digits,)), InPort(shape=(1,))
        self.counts = Var(shape=(images, digits), init=0)
        self.labels = Var(shape=(images,), init=0)


@implements(proc=Output, protocol=LoihiProtocol)
@requires(CPU)
class OutputModel(PyLoihiProcessModel):
    spikes_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool, precision=1)
    label_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=32)
    counts: np.ndarray = LavaPyType(np.ndarray, np.int32)
    labels: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def post_guard(self):
        return self.time_step % steps_an_image == 1

    def run_post_mgmt(self):
        self.labels[self.time_step // steps_an_image] = self.label_in.recv()[0]

    def run_spk(self):
        self.counts[(self.time_step - 1) // steps_an_image] += self.spikes_in.recv()


def classify(attach):
    rng = np.random.default_rng(8)
    weights = rng.integers(-60, 90, (hidden, pixels)), rng.integers(-50, 60, (digits, hidden))
    spike_input = SpikeInput(pictures=rng.integers(0, 2, (images, pixels)))
    classifier, output = Classifier(weights=weights), Output()
    spike_input.spikes_out.connect(classifier.spikes_in)
    classifier.spikes_out.connect(output.spikes_in)
    spike_input.label_out.connect(output.label_in)
    if attach:
        attachment = tephra.lava.attach(spike_input)
    states = []
    for _ in range(images):
        run_cfg = Loihi1SimCfg(select_tag="fixed_pt", select_sub_proc_model=True)
        spike_input.run(RunSteps(steps_an_image), run_cfg=run_cfg)
        states.append([classifier.hidden_u.get(), classifier.hidden_v.get(), classifier.output_v.get()])
        classifier.hidden_u.set(np.zeros(hidden))
        classifier.hidden_v.set(np.zeros(hidden))
        classifier.output_v.set(np.zeros(digits))
    counts, labels = output.counts.get(), output.labels.get()
    spike_input.stop()
    if attach:
        where = sorted(placement.where for placement in attachment.runtime.placements)
        assert where == ["engine"] * 4 + ["python"] * 2
    return counts, labels, states


def test_the_tutorial_on_digits():
    counts, labels, states = classify(True)
    wanted_counts, wanted_labels, wanted_states = classify(False)
    assert np.array_equal(counts, wanted_counts) and counts.any()
    assert np.array_equal(labels, wanted_labels)
    for mine, wanted in zip(states, wanted_states, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(mine, wanted, strict=True))

"""Random Lava programs, made twice from one seed: once for Lava's own runtime, once for tephra's.

A program has sources, layers of neurons, connections of all kinds between them (fan-in, recurrence, delays, graded
messages, convolutions), at times a process with a model of its own in Python, and a Monitor of each state and output.
"""

import numpy as np
import tephra.lava  # noqa: F401  makes lava importable
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.graded.process import GradedReluVec, GradedVec
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF, LIFReset, TernaryLIF
from lava.proc.monitor.process import Monitor
from lava.proc.prodneuron.process import ProdNeuron
from lava.proc.rf.process import RF
from lava.proc.rf_iz.process import RF_IZ
from lava.proc.sdn.process import ActivationMode, Delta, Sigma, SigmaDelta
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.utils.weightutils import SignMode


class Wobble(AbstractProcess):
    """A user's process: adds a number that grows from step to step to what arrives, modulo 5."""

    def __init__(self, *, shape):
        super().__init__(shape=shape)
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.count = Var(shape=(1,), init=0)


@implements(proc=Wobble, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class WobbleModel(PyLoihiProcessModel):
    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    count: np.ndarray = LavaPyType(np.ndarray, np.int32)

    def run_spk(self):
        self.count += 1
        self.s_out.send((self.a_in.recv() + self.count) % 5)


def _matrix(rng, targets, sources, size):
    sign = rng.integers(3)
    low, high = ((-size, size + 1), (0, size + 1), (-size, 1))[sign]
    weights = rng.integers(low, high, (targets, sources))
    return weights * (rng.random((targets, sources)) < rng.choice([0.3, 1.0]))


def _connection(rng, sources, targets, graded, gentle):
    """A connection process of any kind between flat populations."""
    weights = _matrix(rng, targets, sources, 4 if gentle else int(rng.choice([20, 255, 400])))
    keywords = {
        "num_message_bits": int(rng.choice([8, 24])) if graded or rng.random() < 0.2 else 0,
        "weight_exp": int(rng.integers(-3, 1 if gentle else 3)),
        "num_weight_bits": int(rng.integers(4, 9)),
    }
    if rng.random() < 0.3:
        keywords["sign_mode"] = SignMode(int(rng.integers(1, 4)))
    kind = rng.integers(4)
    if kind == 0:
        return Dense(weights=weights, **keywords)
    if kind == 1:
        return Sparse(weights=weights, **keywords)
    delays = rng.integers(0, int(rng.choice([2, 6, 40])), weights.shape)
    if kind == 2:
        return DelayDense(weights=weights, delays=delays, **keywords)
    from scipy.sparse import csr_matrix

    return DelaySparse(weights=csr_matrix(weights), delays=csr_matrix(delays * (weights != 0)), **keywords)


def _neurons(rng, shape, kind):
    """(process, its states, whether it sends payloads)."""
    lif = {
        "shape": shape,
        "du": int(rng.choice([0, 100, 1000, 4095])),
        "dv": int(rng.choice([0, 50, 2000, 4095])),
        "bias_mant": rng.integers(-40, 60, shape),
        "bias_exp": int(rng.integers(-2, 5)),
    }
    if rng.random() < 0.3:
        lif["v"] = rng.integers(-1000, 1000, shape)
    if kind == "lif":
        return LIF(**lif, vth=int(rng.integers(0, 100))), ("u", "v"), False
    if kind == "lif_reset":
        reset = {"reset_interval": int(rng.integers(1, 12)), "reset_offset": int(rng.integers(0, 20))}
        return LIFReset(**lif, vth=int(rng.integers(0, 100)), **reset), ("u", "v"), False
    if kind == "ternary":
        return TernaryLIF(**lif, vth_hi=int(rng.integers(1, 80)), vth_lo=int(rng.integers(-80, 0))), ("u", "v"), False
    if kind in ("rf", "rf_iz"):
        made = (RF if kind == "rf" else RF_IZ)(
            shape=shape,
            period=float(rng.uniform(4, 30)),
            alpha=float(rng.uniform(0, 0.2)),
            state_exp=int(rng.integers(0, 7)),
            decay_bits=int(rng.integers(6, 13)),
            vth=int(rng.integers(1, 40)),
        )
        return made, ("real", "imag"), False
    scale = {"spike_exp": int(rng.integers(0, 4)), "state_exp": int(rng.integers(0, 4))}
    if kind == "delta":
        return Delta(shape=shape, vth=int(rng.integers(0, 6)), **scale), ("act", "residue"), True
    if kind == "sigma":
        return Sigma(shape=shape), ("sigma",), True
    if kind == "sigma_delta":
        mode = ActivationMode(int(rng.integers(2)))
        made = SigmaDelta(
            shape=shape, vth=int(rng.integers(0, 6)), bias=int(rng.integers(-5, 6)), act_mode=mode, **scale
        )
        return made, ("sigma", "act", "residue"), True
    if kind == "graded":
        return GradedVec(shape=shape, vth=int(rng.integers(0, 8))), (), True
    if kind == "graded_relu":
        return GradedReluVec(shape=shape, vth=int(rng.integers(0, 8))), (), True
    return ProdNeuron(shape=shape, vth=int(rng.integers(0, 8)), exp=int(rng.integers(0, 6))), (), True


spiking = ("lif", "lif_reset", "ternary", "rf", "rf_iz")
graded = ("delta", "sigma", "sigma_delta", "graded", "graded_relu", "product")


def _in_ports(process):
    return [port for port in process.in_ports]


def make_program(seed, steps):
    """(a process of the program, its Monitors with what they probe)."""
    rng = np.random.default_rng(seed)
    sends_payloads = rng.random() < 0.4
    size = int(rng.integers(1, 10))
    image = tuple(int(x) for x in rng.integers(3, 7, 2)) + (int(rng.integers(1, 3)),)
    with_image = rng.random() < 0.4
    shape = image if with_image else (size,)
    top = 9 if sends_payloads else 1
    data = rng.integers(-top if sends_payloads else 0, top + 1, shape + (int(rng.integers(3, steps)),))
    source = Source(data=data.astype(np.int32))
    before, before_graded, probes = source, sends_payloads, []
    layers = []
    for depth in range(int(rng.integers(1, 5))):
        gentle = before_graded
        if with_image and depth == 0:
            channels = int(rng.integers(1, 4))
            between = Conv(
                weight=rng.integers(-9, 10, (channels, int(rng.integers(1, 4)), int(rng.integers(1, 4)), image[2])),
                input_shape=image,
                stride=int(rng.integers(1, 3)),
                padding=int(rng.integers(0, 2)),
                dilation=1,
                groups=1,
                num_message_bits=16 if before_graded else 0,
            )
            before.s_out.connect(between.s_in)
            shape = tuple(int(x) for x in between.a_out.shape)
        else:
            between = _connection(rng, int(np.prod(shape)), int(rng.integers(1, 10)), before_graded, gentle)
            (before.s_out.flatten() if len(shape) > 1 else before.s_out).connect(between.s_in)
            shape = between.a_out.shape
        kinds = spiking if not before_graded or rng.random() < 0.3 else graded
        if rng.random() < 0.15:
            kinds = graded
        process, states, payloads = _neurons(rng, shape, str(rng.choice(kinds)))
        for port in _in_ports(process):
            between.a_out.connect(port)
        layers.append((process, payloads))
        probes += [(process, name) for name in states] + [(process, "s_out")]
        before, before_graded = process, payloads
        if rng.random() < 0.15:
            user = Wobble(shape=shape)
            before.s_out.connect(user.a_in)
            before, before_graded = user, True
    # Recurrence: only into spiking neurons, whose state has a limit.
    for process, payloads in layers:
        if payloads or rng.random() < 0.5 or type(process).__name__ in ("RF", "RF_IZ"):
            continue
        target = process
        origin, origin_payloads = layers[int(rng.integers(len(layers)))]
        if origin_payloads:
            continue
        back = _connection(rng, int(np.prod(origin.s_out.shape)), int(np.prod(target.a_in.shape)), False, False)
        flat = origin.s_out.flatten() if len(origin.s_out.shape) > 1 else origin.s_out
        flat.connect(back.s_in)
        reshaped = len(target.a_in.shape) > 1
        (back.a_out.reshape(target.a_in.shape) if reshaped else back.a_out).connect(target.a_in)
    monitors = []
    for process, name in probes:
        monitor = Monitor()
        monitor.probe(getattr(process, name), steps)
        monitors.append((monitor, process, name))
    return source, monitors


def is_out_of_range(error):
    """Whether the engine refused a step whose sums or states leave the range of the law, in which Lava computes on."""
    return any(text in str(error) for text in ("left the range", "more than 32 bits", "leave 32 bits"))


def record(seed, steps, attach, split=None):
    """What the Monitors of a program have recorded: [(label, array)]. attach: called with the program's source."""
    source, monitors = make_program(seed, steps)
    if attach is not None:
        attach(source)
    first = steps if split is None else split
    source.run(RunSteps(first), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    if first < steps:
        source.run(RunSteps(steps - first))
    out = []
    for number, (monitor, process, name) in enumerate(monitors):
        data = monitor.get_data()[process.name][name]
        out.append((f"probe {number}: {type(process).__name__}.{name}", np.array(data)))
    source.stop()
    return out

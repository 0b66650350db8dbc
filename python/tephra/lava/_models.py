"""Which process models of Lava the engine computes, bit for bit, and with which neurons and synapses.

Neurons: a function of the Vars' present values that gives the engine's neurons, by the class of the Lava model; the
names of the engine's state words by the Var that shows them. A function raises Unfit with the reason where the engine
does not compute the same; the process then runs with Lava's own model beside the engine.
"""

from dataclasses import dataclass, field

import numpy as np
import tephra
from lava.proc.conv import models as conv_models
from lava.proc.dense import models as dense_models
from lava.proc.graded import models as graded_models
from lava.proc.lif import models as lif_models
from lava.proc.prodneuron import models as product_models
from lava.proc.rf import models as rf_models
from lava.proc.rf_iz import models as rf_iz_models
from lava.proc.sdn import models as sdn_models
from lava.proc.sdn.process import ActivationMode
from lava.proc.sparse import models as sparse_models
from lava.utils.weightutils import SignMode, clip_weights, determine_sign_mode, truncate_weights
from scipy.sparse import csr_matrix, find, issparse


class Unfit(Exception):
    """Why the engine does not compute what a Lava process does."""


def initial_vars(process, model_class):
    """Vars of a process as its model would hold them: arrays of the model's dtype, or the plain value."""
    values = {}
    for var in process.vars:
        kind = getattr(model_class, var.name)
        if issubclass(kind.cls, np.ndarray):
            array = np.zeros(var.shape, kind.d_type)
            array[:] = var.init
            values[var.name] = array
        else:
            values[var.name] = var.init
    return values


def _whole(value, name):
    """One integer, or an array of them."""
    array = np.asarray(value)
    if array.dtype.kind == "b" or array.dtype.kind in "iu":
        array = array.astype(np.int64)
    else:
        raise Unfit(f"{name} is of type {array.dtype}, not integer")
    return int(array.reshape(-1)[0]) if array.size == 1 else array


def _one(value, name):
    whole = _whole(value, name)
    if not isinstance(whole, int):
        if np.any(whole != whole.reshape(-1)[0]):
            raise Unfit(f"{name} differs from neuron to neuron")
        whole = int(whole.reshape(-1)[0])
    return whole


def _each(value, name, shape):
    """One integer, or one for each neuron in C order."""
    whole = _whole(value, name)
    if isinstance(whole, int):
        return whole
    if whole.shape != tuple(shape):
        raise Unfit(f"{name} has shape {whole.shape}, the neurons {tuple(shape)}")
    flat = whole.reshape(-1)
    return int(flat[0]) if np.all(flat == flat[0]) else flat


def _cuba(v, shape):
    return {
        "current_decay": _one(v["du"], "du"),
        "voltage_decay": _one(v["dv"], "dv"),
        "bias": _each(v["bias_mant"], "bias_mant", shape),
        "bias_exponent": _one(v["bias_exp"], "bias_exp"),
    }


def _lif(v, shape, parameters):
    clear = {}
    if parameters.get("reset_interval") is not None:
        interval = int(parameters["reset_interval"])
        clear = {"clear_interval": interval, "clear_offset": int(parameters["reset_offset"]) % interval}
    return tephra.neurons.lif(**_cuba(v, shape), threshold=_each(v["vth"], "vth", shape), **clear)


def _plain_lif(v, shape, parameters):
    return tephra.neurons.lif(**_cuba(v, shape), threshold=_each(v["vth"], "vth", shape))


def _ternary_lif(v, shape, parameters):
    return tephra.neurons.ternary_lif(
        **_cuba(v, shape),
        lower=_each(v["vth_lo"], "vth_lo", shape),
        upper=_each(v["vth_hi"], "vth_hi", shape),
    )


def _unscaled(value, shift, name, shape):
    """A constant that Lava holds times 2^shift."""
    value = _each(value, name, shape)
    if np.any(np.asarray(value) % (1 << shift) != 0):
        raise Unfit(f"{name} is no multiple of 2^-{shift} of its unit")
    return value >> shift


def _scale(v):
    if _one(v["cum_error"], "cum_error") != 0:
        raise Unfit("the engine has no cumulative error")
    return {
        "spike_exponent": _one(v["spike_exp"], "spike_exp"),
        "state_exponent": _one(v["state_exp"], "state_exp"),
    }


def _delta(v, shape, parameters):
    scale = _scale(v)
    return tephra.neurons.delta(**scale, threshold=_unscaled(v["vth"], sum(scale.values()), "vth", shape))


def _sigma_delta(v, shape, parameters):
    scale = _scale(v)
    shift = sum(scale.values())
    return tephra.neurons.sigma_delta(
        **scale,
        threshold=_unscaled(v["vth"], shift, "vth", shape),
        bias=_unscaled(v["bias"], shift, "bias", shape),
        relu=parameters["act_mode"] == ActivationMode.RELU,
    )


def _without_state(v):
    if np.any(v["v"]):
        raise Unfit("v does not start at zero")


def _graded(v, shape, parameters):
    _without_state(v)
    return tephra.neurons.graded(threshold=_each(v["vth"], "vth", shape))


def _graded_relu(v, shape, parameters):
    _without_state(v)
    return tephra.neurons.graded_relu(threshold=_each(v["vth"], "vth", shape))


def _product(v, shape, parameters):
    return tephra.neurons.product(threshold=_each(v["vth"], "vth", shape), shift=_one(v["exp"], "exp"))


def _resonator(rule):
    def make(v, shape, parameters):
        return tephra.neurons.resonate_fire(
            rule=rule,
            cosine=_each(v["cos_decay"], "cos_decay", shape),
            sine=_each(v["sin_decay"], "sin_decay", shape),
            bits=_one(v["decay_bits"], "decay_bits"),
            threshold=_each(v["vth"], "vth", shape),
            input_shift=_one(v["state_exp"], "state_exp"),
        )

    return make


@dataclass(frozen=True)
class NeuronKind:
    """make(vars, shape, proc_params) gives the engine's neurons."""

    make: object
    ports: tuple
    states: dict = field(default_factory=dict)  # Var -> state word of the engine
    fixed: tuple = ()  # Vars that Lava's model looks at in the first step alone
    graded: bool = False  # sends payloads
    signed: bool = False  # sends 1 and -1
    narrow_input: bool = False  # a port of 16 bits: wider channels alone keep sums whole


_lif_states = {"u": "u", "v": "v"}
_resonator_states = {"real": "real", "imag": "imaginary"}
neuron_kinds = {
    lif_models.PyLifModelBitAcc: NeuronKind(
        _plain_lif, ("a_in",), _lif_states, fixed=("vth",), narrow_input=True
    ),
    lif_models.PyLifResetModelBitAcc: NeuronKind(_lif, ("a_in",), _lif_states, fixed=("vth",), narrow_input=True),
    lif_models.PyTernLifModelFixed: NeuronKind(
        _ternary_lif, ("a_in",), _lif_states, fixed=("vth_lo", "vth_hi"), signed=True, narrow_input=True
    ),
    sdn_models.PySigmaModelFixed: NeuronKind(
        lambda v, shape, parameters: tephra.neurons.sigma(), ("a_in",), {"sigma": "sigma"}, graded=True
    ),
    sdn_models.PyDeltaModelFixed: NeuronKind(
        _delta, ("a_in",), {"act": "activation", "residue": "residue"}, graded=True
    ),
    sdn_models.PySigmaDeltaModelFixed: NeuronKind(
        _sigma_delta, ("a_in",), {"sigma": "sigma", "act": "activation", "residue": "residue"}, graded=True
    ),
    graded_models.PyGradedVecModelFixed: NeuronKind(_graded, ("a_in",), graded=True),
    graded_models.PyGradedReluVecModelFixed: NeuronKind(_graded_relu, ("a_in",), graded=True),
    product_models.PyProdNeuronModelFixed: NeuronKind(_product, ("a_in1", "a_in2"), graded=True),
    rf_models.PyRFModelFixed: NeuronKind(
        _resonator("crossing"), ("a_real_in", "a_imag_in"), _resonator_states, narrow_input=True
    ),
    rf_iz_models.PyRF_IZModelFixed: NeuronKind(
        _resonator("reset"), ("a_real_in", "a_imag_in"), _resonator_states, narrow_input=True
    ),
}


def _stored(weights, parameters):
    """Weights as Lava's bit-accurate models make them in their first step."""
    sign_mode = parameters.get("sign_mode") or determine_sign_mode(weights)
    if sign_mode == SignMode.NULL:
        raise Unfit("sign mode NULL")
    bits = parameters.get("num_weight_bits", 8)
    if isinstance(weights, np.ndarray) and weights.dtype == np.int32 and bits == 8:
        # The same for the weights that most programs have, without the copies that Lava's functions make.
        low, high = {SignMode.MIXED: (-256, 255), SignMode.EXCITATORY: (0, 255)}.get(sign_mode, (-255, 0))
        weights = np.clip(weights, low, high)
        return np.bitwise_and(weights, -2, out=weights) if sign_mode == SignMode.MIXED else weights
    weights = clip_weights(weights, sign_mode, num_bits=8)
    return truncate_weights(weights, sign_mode, bits)


def straight(order):
    """Whether nothing changes its place."""
    return bool(np.all(order == np.arange(len(order))))


def _permuted(matrix, rows, columns):
    matrix = matrix if straight(rows) else matrix[rows]
    return np.ascontiguousarray(matrix if straight(columns) else matrix[:, columns])


def _bits(parameters):
    return {"exponent": _one(parameters.get("weight_exp", 0), "weight_exp")}


def _dense(weights, v, parameters, rows, columns):
    return tephra.synapses.dense(_permuted(weights, rows, columns), **_bits(parameters))


def _inverse(order):
    inverse = np.empty(len(order), np.int64)
    inverse[order] = np.arange(len(order))
    return inverse


def _single(weights, delays, parameters, rows, columns):
    """Synapses one by one; rows, columns: which target and source of Lava's stand at each place of the engine."""
    target, source, weight = find(weights)
    delay = np.asarray(delays[target, source]).reshape(-1).astype(np.int64) if delays is not None else 0
    return tephra.synapses.sparse(
        weights.shape[1],
        weights.shape[0],
        _inverse(columns)[source],
        _inverse(rows)[target],
        weight.astype(np.int64),
        delay,
        **_bits(parameters),
    )


def _sparse(weights, v, parameters, rows, columns):
    return _single(weights, None, parameters, rows, columns)


def _delayed(weights, v, parameters, rows, columns):
    delays = v["delays"]
    if issparse(delays):
        delays = delays.toarray()
    delays = np.asarray(delays)
    if delays.ndim == 0:
        delays = np.full(weights.shape, int(delays))
    longest = v["a_buff"].shape[-1] - 1
    dense = weights.toarray() if issparse(weights) else weights
    return _single(csr_matrix(np.where(delays <= longest, dense, 0)), delays, parameters, rows, columns)


def _convolution(weights, v, parameters, rows, columns):
    if not straight(rows) or not straight(columns):
        raise Unfit("its ports are connected in another order than its image has")
    pair = lambda name: tuple(int(x) for x in v[name])  # noqa: E731
    return tephra.synapses.convolution(
        tuple(int(x) for x in parameters["input_shape"]),
        np.ascontiguousarray(weights[:, ::-1, ::-1, :]),
        stride=pair("stride"),
        padding=pair("padding"),
        dilation=pair("dilation"),
        groups=int(v["groups"][0]),
    )


@dataclass(frozen=True)
class SynapseKind:
    """make(weights, vars, proc_params, rows, columns) gives the engine's synapses; rows[i]: Lava's number of target i."""

    make: object
    weights: str = "weights"  # the Var that holds them
    buffer: str = "a_buff"  # the Var with what is sent next
    stored: bool = True  # clipped and truncated in the first step
    delays: bool = False


synapse_kinds = {
    dense_models.PyDenseModelBitAcc: SynapseKind(_dense),
    dense_models.PyDelayDenseModelBitAcc: SynapseKind(_delayed, delays=True),
    sparse_models.PySparseModelBitAcc: SynapseKind(_sparse),
    sparse_models.PyDelaySparseModelBitAcc: SynapseKind(_delayed, delays=True),
    conv_models.PyConvModelFixed: SynapseKind(_convolution, weights="weight", buffer="a_buf", stored=False),
}


def stored_weights(kind, values, parameters):
    """The weights of a connection from its first step on."""
    weights = values[kind.weights]
    if issparse(weights) and weights.dtype.kind == "f" and np.any(weights.data != np.trunc(weights.data)):
        raise Unfit("weights are fractions")
    return _stored(weights, parameters) if kind.stored else weights

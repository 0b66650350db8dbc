"""Which neuron models of Lava the engine computes, bit for bit, and with which neurons (connections: _synapses.py).

Neurons: a function of the Vars' present values that gives the engine's neurons, by the class of the Lava model; the
names of the engine's state words by the Var that shows them. A function raises Unfit with the reason where the engine
does not compute the same; the process then runs with Lava's own model beside the engine.
"""

from dataclasses import dataclass, field

import numpy as np
from lava.proc.graded import models as graded_models
from lava.proc.lif import models as lif_models
from lava.proc.prodneuron import models as product_models
from lava.proc.rf import models as rf_models
from lava.proc.rf_iz import models as rf_iz_models
from lava.proc.sdn import models as sdn_models
from lava.proc.sdn.process import ActivationMode

import tephra


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


def one_value(value, name):
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
        "current_decay": one_value(v["du"], "du"),
        "voltage_decay": one_value(v["dv"], "dv"),
        "bias": _each(v["bias_mant"], "bias_mant", shape),
        "bias_exponent": one_value(v["bias_exp"], "bias_exp"),
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
    if one_value(v["cum_error"], "cum_error") != 0:
        raise Unfit("the engine has no cumulative error")
    return {
        "spike_exponent": one_value(v["spike_exp"], "spike_exp"),
        "state_exponent": one_value(v["state_exp"], "state_exp"),
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
    return tephra.neurons.product(threshold=_each(v["vth"], "vth", shape), shift=one_value(v["exp"], "exp"))


def _resonator(rule):
    def make(v, shape, parameters):
        return tephra.neurons.resonate_fire(
            rule=rule,
            cosine=_each(v["cos_decay"], "cos_decay", shape),
            sine=_each(v["sin_decay"], "sin_decay", shape),
            bits=one_value(v["decay_bits"], "decay_bits"),
            threshold=_each(v["vth"], "vth", shape),
            input_shift=one_value(v["state_exp"], "state_exp"),
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

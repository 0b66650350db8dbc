"""Which connection models of Lava the engine computes, bit for bit, and with which synapses (neurons: _models.py)."""

from dataclasses import dataclass

import numpy as np
from lava.proc.conv import models as conv_models
from lava.proc.dense import models as dense_models
from lava.proc.sparse import models as sparse_models
from lava.utils.weightutils import SignMode, clip_weights, determine_sign_mode, truncate_weights
from scipy.sparse import csr_matrix, find, issparse

import tephra

from ._models import Unfit, one_value


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
    return {"exponent": one_value(parameters.get("weight_exp", 0), "weight_exp")}


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
    """make(weights, vars, proc_params, rows, columns) gives the engine's synapses; rows[i]: Lava's target i."""

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

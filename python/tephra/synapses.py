"""Synapse formats for the connections of a network (docs/numerics.md, section 11.4).

Weights are integers. Without ``weight_bits`` they are stored exactly: 8 bits each within [-256, 255], else 16. With
``weight_bits`` (1 to 8) they are stored as a neurocore of that precision does, in ``sign_mode`` "mixed", "excitatory"
or "inhibitory" (default: what Lava chooses for them); weights that it would change are refused, unless ``round=True``
asks for that. Sums are multiplied by 2**exponent, rounded down; exponent in [-8, 7].
Each function returns a :class:`Synapses`; all raise :class:`tephra.Error` with the argument that is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Union

from . import _core
from ._core import Synapses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    Sign = Literal["mixed", "excitatory", "inhibitory"]
    Pair = Union[int, Sequence[int]]

__all__ = ["Synapses", "convolution", "dense", "one_to_one", "pool", "sparse", "window_shape"]


def dense(
    weights: ArrayLike,
    *,
    exponent: int | None = None,
    weight_bits: int | None = None,
    sign_mode: Sign | None = None,
    round: bool | None = None,
) -> Synapses:
    """Every source reaches every target with a weight of its own. weights: [targets, sources]."""
    return _core.dense(weights, exponent=exponent, weight_bits=weight_bits, sign_mode=sign_mode, round=round)


def one_to_one(
    neurons: int,
    weights: ArrayLike = 1,
    *,
    exponent: int | None = None,
    weight_bits: int | None = None,
    sign_mode: Sign | None = None,
    round: bool | None = None,
) -> Synapses:
    """Neuron j reaches neuron j. weights: one for each neuron, or one that all share."""
    return _core.one_to_one(
        neurons, weights, exponent=exponent, weight_bits=weight_bits, sign_mode=sign_mode, round=round
    )


def sparse(
    sources: int,
    targets: int,
    source: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike,
    delay: ArrayLike = 0,
    *,
    exponent: int | None = None,
    weight_bits: int | None = None,
    sign_mode: Sign | None = None,
    round: bool | None = None,
) -> Synapses:
    """Single synapses between ``sources`` and ``targets`` neurons: synapse k joins source[k] to target[k] with
    weight[k], and delay[k] steps (0 to 62) beside the one of every connection. Two of one pair and one delay are
    refused; a weight of zero is left out. The sums of each step and delay are multiplied by 2**exponent, rounded down,
    before they wait."""
    return _core.sparse(
        sources,
        targets,
        source,
        target,
        weight,
        delay,
        exponent=exponent,
        weight_bits=weight_bits,
        sign_mode=sign_mode,
        round=round,
    )


def convolution(
    input_shape: Sequence[int],
    weights: ArrayLike,
    *,
    stride: Pair | None = None,
    padding: Pair | None = None,
    dilation: Pair | None = None,
    groups: int | None = None,
    weight_bits: int | None = None,
    sign_mode: Sign | None = None,
    round: bool | None = None,
) -> Synapses:
    """A kernel that moves over an image of shape (x, y, channels); all positions share its weights.

    weights: [output channel, kernel x, kernel y, input channel of the group], a cross-correlation, zero outside the
    image; sums wrap around 24 bits. Defaults: stride 1, padding 0, dilation 1, groups 1. Pairs are (x, y)."""
    return _core.convolution(
        input_shape,
        weights,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        weight_bits=weight_bits,
        sign_mode=sign_mode,
        round=round,
    )


def pool(
    input_shape: Sequence[int],
    kernel: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair | None = None,
    dilation: Pair | None = None,
    weight: int | None = None,
    exponent: int | None = None,
) -> Synapses:
    """Windows over an image of shape (x, y, channels) that add up each channel on its own: the sum times ``weight``
    (default 1) times 2**exponent (default 0), rounded down. stride: default the kernel."""
    return _core.pool(
        input_shape,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        weight=weight,
        exponent=exponent,
    )


def window_shape(
    input_shape: Sequence[int],
    channels: int,
    *,
    kernel: Pair,
    stride: Pair | None = None,
    padding: Pair | None = None,
    dilation: Pair | None = None,
) -> tuple[int, int, int]:
    """Shape (x, y, channels) of the layer that a convolution or a pool of this window makes."""
    return _core.window_shape(
        input_shape, channels, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )

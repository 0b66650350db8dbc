"""Neuron models for the layers of a network, in Loihi's and Lava's fixed point (docs/numerics.md, section 11).

A constant is one integer for all neurons, or an array with one for each, in C order. Left out, it has the default that
is given here. Each function returns a :class:`Neurons`; all raise :class:`tephra.Error` for a value out of its range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Union

from . import _core
from ._core import Neurons

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Constant = Union[int, ArrayLike]

__all__ = [
    "Neurons",
    "delta",
    "graded",
    "graded_relu",
    "leaky_readout",
    "lif",
    "product",
    "relay",
    "resonate_fire",
    "resonator_rotation",
    "sigma",
    "sigma_delta",
    "ternary_lif",
    "threshold",
]


def lif(
    *,
    current_decay: Constant | None = None,
    voltage_decay: Constant | None = None,
    bias: Constant | None = None,
    bias_exponent: int | None = None,
    drive: Constant | None = None,
    threshold: Constant | None = None,
    threshold_rule: Literal["above", "reached"] | None = None,
    reset: Literal["zero", "subtract"] | None = None,
    refractory: int | None = None,
    clear_interval: int | None = None,
    clear_offset: int | None = None,
) -> Neurons:
    """Leaky integrate-and-fire neurons with a synaptic current (CUBA). Ports: current, bias. States: u, v, and
    refractory where there is any. Sends 1 when it spikes.

    current_decay: du in [0, 4095]; the current keeps 1 - (du + 1) / 4096 of itself a step. Default 4095: nothing.
    voltage_decay: dv in [0, 4095]; the voltage keeps 1 - dv / 4096 of itself. Default 0: all.
    bias, bias_exponent: the voltage gets bias 2**bias_exponent every step, rounded down; bias in [-4096, 4095],
        exponent in [-8, 7]. Default 0.
    drive: in [-32768, 32767], added to the sum of every step; Lava's neurons have none. Default 0.
    threshold: in [0, 2**17 - 1], in units of 2**6 of the voltage. Default 1.
    threshold_rule: "above": spikes at v > threshold (Loihi, Lava); "reached": at v >= threshold (SLAYER).
    reset: to "zero", or "subtract" the threshold.
    refractory: steps after a spike in which the voltage stays as it is, up to 63. Default 0.
    clear_interval, clear_offset: state is zero before step t, counted from 1, where t mod interval = offset mod
        interval; 0: never.
    """
    return _core.lif(
        current_decay=current_decay,
        voltage_decay=voltage_decay,
        bias=bias,
        bias_exponent=bias_exponent,
        drive=drive,
        threshold=threshold,
        threshold_rule=threshold_rule,
        reset=reset,
        refractory=refractory,
        clear_interval=clear_interval,
        clear_offset=clear_offset,
    )


def ternary_lif(
    *,
    current_decay: Constant | None = None,
    voltage_decay: Constant | None = None,
    bias: Constant | None = None,
    bias_exponent: int | None = None,
    drive: Constant | None = None,
    lower: Constant | None = None,
    upper: Constant | None = None,
) -> Neurons:
    """LIF neurons with two thresholds, which send 1 above ``upper`` and -1 below ``lower``. Ports: current, bias.
    States: u, v. Thresholds lie in (-2**17, 2**17), in units of 2**6 of the voltage; defaults -1 and 1. The others: as
    of :func:`lif`."""
    return _core.ternary_lif(
        current_decay=current_decay,
        voltage_decay=voltage_decay,
        bias=bias,
        bias_exponent=bias_exponent,
        drive=drive,
        lower=lower,
        upper=upper,
    )


def leaky_readout(
    *,
    current_decay: Constant | None = None,
    voltage_decay: Constant | None = None,
    bias: Constant | None = None,
    bias_exponent: int | None = None,
    drive: Constant | None = None,
) -> Neurons:
    """Leaky integrators: the dynamics of :func:`lif` without spikes; each sends its voltage every step. Ports: current,
    bias. States: u, v."""
    return _core.leaky_readout(
        current_decay=current_decay,
        voltage_decay=voltage_decay,
        bias=bias,
        bias_exponent=bias_exponent,
        drive=drive,
    )


def sigma_delta(
    *,
    threshold: Constant | None = None,
    bias: Constant | None = None,
    spike_exponent: int | None = None,
    state_exponent: int | None = None,
    relu: bool | None = None,
) -> Neurons:
    """Sigma-delta neurons: add up what arrives, and send how far the activation is from what was sent, where that
    reaches the threshold. Port: input. States: sigma, activation, residue. Threshold (not negative) and bias are
    shifted left by spike_exponent + state_exponent; both default to 0, as the exponents. relu (default True): the
    activation is never negative."""
    return _core.sigma_delta(
        threshold=threshold,
        bias=bias,
        spike_exponent=spike_exponent,
        state_exponent=state_exponent,
        relu=relu,
    )


def delta(
    *,
    threshold: Constant | None = None,
    spike_exponent: int | None = None,
    state_exponent: int | None = None,
) -> Neurons:
    """Sends changes of its input, which the exponents shift left. Port: input. States: activation, residue."""
    return _core.delta(threshold=threshold, spike_exponent=spike_exponent, state_exponent=state_exponent)


def sigma() -> Neurons:
    """Adds up what arrives and sends the sum, 24 bits, every step. Port: input. State: sigma."""
    return _core.sigma()


def graded(*, threshold: Constant | None = None) -> Neurons:
    """Sends its sum where |sum| > threshold (Lava's GradedVec). Port: input. Threshold in [0, 2**31 - 1], default 0."""
    return _core.graded(threshold=threshold)


def graded_relu(*, threshold: Constant | None = None) -> Neurons:
    """Sends its sum where sum > threshold (Lava's GradedReluVec). Port: input."""
    return _core.graded_relu(threshold=threshold)


def threshold(*, threshold: Constant | None = None) -> Neurons:
    """Sends 1 where sum > threshold, any integer of 32 bits (NIR's Threshold). Port: input."""
    return _core.threshold(threshold=threshold)


def product(*, threshold: Constant | None = None, shift: int | None = None) -> Neurons:
    """Sends the product of its two sums, divided by 2**shift and rounded down, where that is larger than the threshold
    in magnitude (Lava's ProdNeuron). Ports: first, second. shift in [0, 31], default 0."""
    return _core.product(threshold=threshold, shift=shift)


def resonate_fire(
    *,
    cosine: Constant,
    sine: Constant,
    threshold: Constant,
    rule: Literal["crossing", "reset"] | None = None,
    bits: int | None = None,
    input_shift: int | None = None,
) -> Neurons:
    """Resonate-and-fire neurons. Ports: real, imaginary. States: real, imaginary. Sends 1 when it spikes.

    cosine, sine: of the rotation of a step times what it keeps, in units of 2**-bits (:func:`resonator_rotation`).
    threshold: in [0, 2**23 - 1], of the state.
    rule: "crossing" (Lava's RF): spikes where im passes zero upwards and re has reached the threshold; "reset" (RF_IZ):
        where im reaches it; then re = 0 and im is one below it.
    bits: in [0, 16], default 12. input_shift: sums enter the state times 2**input_shift, in [0, 16], default 6.
    """
    return _core.resonate_fire(
        cosine=cosine, sine=sine, threshold=threshold, rule=rule, bits=bits, input_shift=input_shift
    )


def resonator_rotation(period: float, decay: float, bits: int = 12) -> tuple[int, int]:
    """Cosine and sine as Lava makes them: (1 - decay) cos and sin of 2 pi / period, times 2**bits, rounded towards
    zero."""
    return _core.resonator_rotation(period, decay, bits)


def relay() -> Neurons:
    """Sends what arrives, as it is: how input from outside enters a network as messages. Port: input. No state."""
    return _core.relay()

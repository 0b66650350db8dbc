"""Integer operations of 24-bit neurons, on integers of unlimited size."""

HALF = 2**23  # half the range of 24 bits


def at(parameter, i):
    """A parameter of neuron i: one value for all, or one each."""
    return parameter[i] if isinstance(parameter, list) else parameter


def shift(value, exponent):
    """value 2^exponent, rounded down: an arithmetic shift."""
    return value << exponent if exponent >= 0 else value >> -exponent


def decay(value, factor, bits=12):
    """value factor 2^-bits, rounded toward zero: the magnitude is shifted."""
    magnitude = abs(value * factor) >> bits
    return magnitude if value * factor >= 0 else -magnitude


def clip(value, low, high):
    return min(max(value, low), high)

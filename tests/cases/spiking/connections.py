"""Connections: who reaches whom, with which weight and delay."""
from arithmetic import HALF, clip, shift

MAX_DELAY = 63


def fitted(weights, sign_mode, weight_bits):
    """Weights as the chip holds them: clipped, then cut to their bits."""
    low, high = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}[sign_mode]
    cut = 8 - weight_bits + (1 if sign_mode == "mixed" else 0)
    sign = -1 if sign_mode == "inhibitory" else 1
    return [[sign * (sign * clip(w, low, high) >> cut << cut) for w in row] for row in weights]


def sign_mode_of(weights):
    flat = [w for row in weights for w in row]
    return "excitatory" if min(flat) >= 0 else "inhibitory" if max(flat) <= 0 else "mixed"


class Connection:
    """Sums of weights by messages, sent a step later and `delay` steps more."""

    def __init__(self, targets, synapses, weight_exp=0, message_bits=0, wraps=False):
        self.targets, self.synapses, self.weight_exp = targets, synapses, weight_exp
        self.message_bits, self.wraps = message_bits, wraps
        self.ring = [[0] * targets for _ in range(MAX_DELAY + 1)]

    def send(self):
        sent = self.ring.pop(0)
        self.ring.append([0] * self.targets)
        return sent

    def receive(self, messages):
        # The sum of what came in this step with one delay is shifted as a whole.
        sums = {}
        for target, source, weight, delay in self.synapses:
            message = messages[source] if self.message_bits else int(messages[source] != 0)
            row = sums.setdefault(delay, [0] * self.targets)
            row[target] += weight * message
        for delay, row in sums.items():
            for target, value in enumerate(row):
                value = shift(value, self.weight_exp)
                self.ring[delay][target] += (value + HALF) % (2 * HALF) - HALF if self.wraps else value


def dense(weights, sign_mode="auto", weight_bits=8, weight_exp=0, message_bits=0, delays=0, delay=0):
    """weights[target][source]; `delays` alike, or one for all; `delay` is that of the connection, on top."""
    mode = sign_mode_of(weights) if sign_mode == "auto" else sign_mode
    held = fitted(weights, mode, weight_bits)
    synapses = [(target, source, w, delay + (delays if isinstance(delays, int) else delays[target][source]))
                for target, row in enumerate(held) for source, w in enumerate(row)]
    return Connection(len(weights), synapses, weight_exp, message_bits)


def one_to_one(weights, neurons=1, sign_mode="auto", weight_bits=8, weight_exp=0, message_bits=0, delay=0):
    """A weight for each neuron, or one that all of `neurons` share: the diagonal of a dense matrix."""
    mode = sign_mode_of([weights]) if sign_mode == "auto" else sign_mode
    held = fitted([weights], mode, weight_bits)[0] * neurons
    return Connection(len(held), [(i, i, w, delay) for i, w in enumerate(held)], weight_exp, message_bits)


def output_shape(shape, kernel, stride, padding, dilation):
    return [(shape[k] + 2 * padding[k] - dilation[k] * (kernel[k] - 1) - 1) // stride[k] + 1 for k in (0, 1)]


def conv(shape, weights, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, message_bits=0, delay=0):
    """A true convolution. shape is (x, y, channel), weights[out][kx][ky][channel in a group]; neurons count with the
    channel fastest, then y."""
    width, height, channels = shape
    kernel = (len(weights[0]), len(weights[0][0]))
    out_width, out_height = output_shape(shape, kernel, stride, padding, dilation)
    outputs, synapses = len(weights), []
    for x in range(out_width):
        for y in range(out_height):
            for o in range(outputs):
                first = o // (outputs // groups) * (channels // groups)
                for i in range(kernel[0]):
                    for j in range(kernel[1]):
                        in_x = x * stride[0] + i * dilation[0] - padding[0]
                        in_y = y * stride[1] + j * dilation[1] - padding[1]
                        if not (0 <= in_x < width and 0 <= in_y < height):
                            continue
                        for c in range(channels // groups):
                            weight = weights[o][kernel[0] - 1 - i][kernel[1] - 1 - j][c]
                            source = (in_x * height + in_y) * channels + first + c
                            synapses.append(((x * out_height + y) * outputs + o, source, weight, delay))
    return Connection(out_width * out_height * outputs, synapses, 0, message_bits, wraps=True)


def pool(shape, kernel, stride=(1, 1), padding=(0, 0), dilation=(1, 1), weight=1, weight_exp=0, message_bits=0):
    """The sum of each channel over a window, times weight 2^weight_exp: a convolution of one channel a group."""
    kernels = [[[[weight] for _ in range(kernel[1])] for _ in range(kernel[0])] for _ in range(shape[2])]
    made = conv(shape, kernels, stride, padding, dilation, shape[2], message_bits)
    return Connection(made.targets, made.synapses, weight_exp, message_bits)

"""Neurons. A class has update(step, inputs), which takes the sums of each port and returns the messages; `states` names
what a probe reads after the update. What Lava does not have (refractory steps, reset by subtraction, a threshold that
is reached, drives, thresholds of any value, what a readout sends) is that of docs/numerics.md, section 11; so is where
a run ends: OutOfRange.
"""
from math import cos, pi, sin

from arithmetic import HALF, at, clip, decay, shift


class OutOfRange(Exception):
    """A value left the range that the law is defined for: the run ends here."""


def in_24_bits(value):
    if not -HALF <= value < HALF:
        raise OutOfRange
    return value


class Input:
    """Sends what the case offers, a row of values a step."""

    states = ()

    def __init__(self, n, rows):
        self.rows = rows

    def update(self, step, inputs):
        return self.rows[step - 1] if step <= len(self.rows) else [0] * len(self.rows[0])


class Lif:
    """Current u (wraps at 24 bits), voltage v (clipped at 24 bits), spike where v > threshold, then v = 0. Its ports:
    what is added to u, and to the bias' mantissa."""

    states = ("u", "v")

    def __init__(self, n, du, dv, vth, bias=0, bias_exp=0, reset_interval=0, reset_offset=0, drive=0, rule="above",
                 reset="to_zero", refractory=0):
        self.__dict__.update({k: v for k, v in locals().items() if k != "self"})
        self.u, self.v, self.waits = [0] * n, [0] * n, [0] * n
        if refractory:
            self.states = ("u", "v", "waits")

    def current(self, i, a):
        u = decay(self.u[i], 4096 - (at(self.du, i) + 1)) + (a + at(self.drive, i) << 6)
        if u > HALF:
            u -= 2 * HALF
        elif u <= -HALF:
            u += 2 * HALF
        if not -HALF < u <= HALF:
            raise OutOfRange  # Lava would keep it, in more than 24 bits
        return u

    def voltage(self, i, u, c):
        bias = shift(at(self.bias, i) + c, self.bias_exp)
        return clip(decay(self.v[i], 4096 - at(self.dv, i)) + u + bias, -HALF + 1, HALF - 1)

    def fire(self, i):
        threshold = at(self.vth, i) << 6
        return int(self.v[i] >= threshold if self.rule == "reached" else self.v[i] > threshold)

    def after_spike(self, i):
        return 0 if self.reset == "to_zero" else self.v[i] - (at(self.vth, i) << 6)

    def update(self, step, inputs):
        if self.reset_interval and step % self.reset_interval == self.reset_offset % self.reset_interval:
            self.u, self.v, self.waits = [0] * self.n, [0] * self.n, [0] * self.n
        messages = [0] * self.n
        for i in range(self.n):
            self.u[i] = self.current(i, inputs[0][i])
            if self.waits[i]:
                self.waits[i] -= 1
                continue
            self.v[i] = self.voltage(i, self.u[i], inputs[1][i])
            messages[i] = self.fire(i)
            if messages[i]:
                self.v[i] = self.after_spike(i)
                self.waits[i] = self.refractory
        return messages


class TernaryLif(Lif):
    """A LIF neuron that also sends -1 where v < the lower threshold."""

    def __init__(self, n, du, dv, vth_lo, vth_hi, **more):
        super().__init__(n, du, dv, vth_hi, **more)
        self.vth_lo = vth_lo

    def fire(self, i):
        return -1 if self.v[i] < at(self.vth_lo, i) << 6 else super().fire(i)


class Readout(Lif):
    """A LIF neuron without a threshold. It sends its voltage, which may not reach the clip."""

    def __init__(self, n, du, dv, **more):
        super().__init__(n, du, dv, 0, **more)

    def fire(self, i):
        if abs(self.v[i]) == HALF - 1:
            raise OutOfRange
        return self.v[i]

    def after_spike(self, i):
        return self.v[i]


class Sigma:
    """Sums what it receives and sends the sum."""

    states = ("sigma",)

    def __init__(self, n):
        self.sigma = [0] * n

    def update(self, step, inputs):
        self.sigma = [in_24_bits(s + inputs[0][i]) for i, s in enumerate(self.sigma)]
        return list(self.sigma)


class Delta:
    """Sends changes of its input, in units of 2^-spike_exp, where they reach the threshold."""

    states = ("act", "residue")

    def __init__(self, n, vth, spike_exp=0, state_exp=0):
        self.n, self.state_exp, self.exp = n, state_exp, spike_exp + state_exp
        self.vth = [at(vth, i) << self.exp for i in range(n)]
        self.act, self.residue = [0] * n, [0] * n

    def encode(self, i, act):
        delta = in_24_bits(act) - self.act[i] + self.residue[i]
        sent = delta if abs(delta) >= self.vth[i] else 0
        self.residue[i] = in_24_bits(delta - sent)
        self.act[i] = act
        return sent >> self.state_exp

    def update(self, step, inputs):
        return [self.encode(i, inputs[0][i] << self.exp) for i in range(self.n)]


class SigmaDelta(Delta):
    """Sums changes, adds a bias, rectifies where asked, and sends the changes of that."""

    states = ("sigma", "act", "residue")

    def __init__(self, n, vth, bias=0, spike_exp=0, state_exp=0, relu=False):
        super().__init__(n, vth, spike_exp, state_exp)
        self.relu = relu
        self.bias = [at(bias, i) << self.exp for i in range(n)]
        self.sigma = [0] * n

    def update(self, step, inputs):
        sent = []
        for i in range(self.n):
            self.sigma[i] = in_24_bits(self.sigma[i] + inputs[0][i])
            act = self.sigma[i] + self.bias[i]
            sent.append(self.encode(i, max(act, 0) if self.relu else act))
        return sent


class GradedVec:
    """Sends its input where its magnitude is above the threshold."""

    states = ()

    def __init__(self, n, vth):
        self.n, self.vth = n, vth

    def passes(self, value, threshold):
        return abs(value) > threshold

    def update(self, step, inputs):
        return [v if self.passes(v, at(self.vth, i)) else 0 for i, v in enumerate(inputs[0])]


class GradedRelu(GradedVec):
    """Sends its input where it is above the threshold."""

    def passes(self, value, threshold):
        return value > threshold


class Threshold(GradedVec):
    """Sends 1 where its input is above the threshold, which may be negative."""

    def update(self, step, inputs):
        return [int(v > at(self.vth, i)) for i, v in enumerate(inputs[0])]


class Product:
    """Sends the product of its two ports, shifted down, where its magnitude is above the threshold."""

    states = ()

    def __init__(self, n, vth, exp=0):
        self.n, self.vth, self.exp = n, vth, exp

    def update(self, step, inputs):
        products = [inputs[0][i] * inputs[1][i] for i in range(self.n)]
        values = [product >> self.exp for product in products]
        # Lava's 32 bits do not hold them; nor the magnitude of -2^31.
        if min(products) < -(2**31) or max(products) >= 2**31 or min(values) == -(2**31):
            raise OutOfRange
        return [v if abs(v) > at(self.vth, i) else 0 for i, v in enumerate(values)]


class ResonateFire:
    """A damped oscillator that fires where its imaginary part crosses zero upwards and its real part is large."""

    states = ("re", "im")

    def __init__(self, n, period, alpha, vth, state_exp=0, decay_bits=12):
        self.n, self.state_exp, self.decay_bits = n, state_exp, decay_bits
        self.cos = int((1 - alpha) * cos(2 * pi / period) * 2**decay_bits)
        self.sin = int((1 - alpha) * sin(2 * pi / period) * 2**decay_bits)
        self.vth = int(vth * 2**state_exp)
        self.re, self.im = [0] * n, [0] * n

    def rotate(self, i, a):
        re, im = self.re[i], self.im[i]
        new_re = decay(re, self.cos, self.decay_bits) - decay(im, self.sin, self.decay_bits) + (a[0] << self.state_exp)
        new_im = decay(re, self.sin, self.decay_bits) + decay(im, self.cos, self.decay_bits) + (a[1] << self.state_exp)
        return clip(new_re, -HALF + 1, HALF - 1), clip(new_im, -HALF + 1, HALF - 1)

    def fire(self, i, re, im):
        spike = re >= self.vth and im >= 0 and self.im[i] < 0
        self.re[i], self.im[i] = re, im
        return int(spike)

    def update(self, step, inputs):
        return [self.fire(i, *self.rotate(i, [port[i] for port in inputs])) for i in range(self.n)]


class Izhikevich(ResonateFire):
    """A resonate-and-fire neuron that fires where its imaginary part reaches the threshold, and is then reset."""

    def fire(self, i, re, im):
        spike = im >= self.vth
        self.re[i], self.im[i] = (0, self.vth - 1) if spike else (re, im)
        return int(spike)

"""Neurons. A class has update(step, inputs), which takes the sums of each port and returns the messages; `states` names
what a probe reads after the update.
"""
from math import cos, pi, sin

from arithmetic import HALF, at, clip, decay, shift


class Input:
    """Sends what the case offers, a row of values a step."""

    states = ()

    def __init__(self, n, rows):
        self.rows = rows

    def update(self, step, inputs):
        return self.rows[step - 1] if step <= len(self.rows) else [0] * len(self.rows[0])


class Lif:
    """Current u (wraps at 24 bits), voltage v (clipped at 24 bits), spike where v > threshold, then v = 0."""

    states = ("u", "v")

    def __init__(self, n, du, dv, vth, bias=0, bias_exp=0, reset_interval=0, reset_offset=0):
        self.__dict__.update({k: v for k, v in locals().items() if k != "self"})
        self.u, self.v = [0] * n, [0] * n

    def membrane(self, i, a):
        u = decay(self.u[i], 4096 - (at(self.du, i) + 1)) + (a << 6)
        if u > HALF:
            u -= 2 * HALF
        elif u <= -HALF:
            u += 2 * HALF
        self.u[i] = u
        bias = shift(at(self.bias, i), at(self.bias_exp, i))
        self.v[i] = clip(decay(self.v[i], 4096 - at(self.dv, i)) + u + bias, -HALF + 1, HALF - 1)

    def fire(self, i):
        return 1 if self.v[i] > at(self.vth, i) << 6 else 0

    def update(self, step, inputs):
        if self.reset_interval and step % self.reset_interval == self.reset_offset % self.reset_interval:
            self.u, self.v = [0] * self.n, [0] * self.n
        spikes = []
        for i in range(self.n):
            self.membrane(i, sum(port[i] for port in inputs))
            spikes.append(self.fire(i))
            if spikes[i]:
                self.v[i] = 0
        return spikes


class TernaryLif(Lif):
    """A LIF neuron that also sends -1 where v < the lower threshold."""

    def __init__(self, n, du, dv, vth_lo, vth_hi, bias=0, bias_exp=0, reset_interval=0, reset_offset=0):
        super().__init__(n, du, dv, vth_hi, bias, bias_exp, reset_interval, reset_offset)
        self.vth_lo = vth_lo

    def fire(self, i):
        return -1 if self.v[i] < at(self.vth_lo, i) << 6 else super().fire(i)


class Readout(Lif):
    """A LIF neuron without a threshold: its voltage is what one reads. What it sends is left open, so it sends none."""

    def __init__(self, n, du, dv, bias=0, bias_exp=0, reset_interval=0, reset_offset=0):
        super().__init__(n, du, dv, 0, bias, bias_exp, reset_interval, reset_offset)

    def fire(self, i):
        return 0


class Sigma:
    """Sums what it receives and sends the sum."""

    states = ("sigma",)

    def __init__(self, n):
        self.sigma = [0] * n

    def update(self, step, inputs):
        self.sigma = [s + sum(port[i] for port in inputs) for i, s in enumerate(self.sigma)]
        return list(self.sigma)


class Delta:
    """Sends changes of its input, in units of 2^-spike_exp, where they reach the threshold."""

    states = ("act", "residue")

    def __init__(self, n, vth, spike_exp=0, state_exp=0):
        self.n, self.state_exp, self.exp = n, state_exp, spike_exp + state_exp
        self.vth = [at(vth, i) << self.exp for i in range(n)]
        self.act, self.residue = [0] * n, [0] * n

    def encode(self, i, act):
        delta = act - self.act[i] + self.residue[i]
        sent = delta if abs(delta) >= self.vth[i] else 0
        self.residue[i] = delta - sent
        self.act[i] = act
        return sent >> self.state_exp

    def update(self, step, inputs):
        return [self.encode(i, sum(port[i] for port in inputs) << self.exp) for i in range(self.n)]


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
            self.sigma[i] += sum(port[i] for port in inputs)
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
        sums = [sum(port[i] for port in inputs) for i in range(self.n)]
        return [v if self.passes(v, at(self.vth, i)) else 0 for i, v in enumerate(sums)]


class GradedRelu(GradedVec):
    """Sends its input where it is above the threshold."""

    def passes(self, value, threshold):
        return value > threshold


class Product:
    """Sends the product of its two ports, shifted down, where its magnitude is above the threshold."""

    states = ()

    def __init__(self, n, vth, exp=0):
        self.n, self.vth, self.exp = n, vth, exp

    def update(self, step, inputs):
        values = [(inputs[0][i] * inputs[1][i]) >> self.exp for i in range(self.n)]
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

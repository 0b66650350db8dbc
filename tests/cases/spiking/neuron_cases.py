"""Cases of each neuron model, driven by values of its choice."""
from draw import MAX_V, STEPS, driven, driven_pair


def lif_cases(d):
    decays = [0, 1, 2, 127, 2047, 2048, 4094, 4095]
    yield driven("LIF: decays of small values of both signs", "lif", d.rows(4, 8, -40, 40), 24,
                 du=decays, dv=decays[::-1], vth=131071)
    yield driven("LIF: decays of large values of both signs", "lif", d.rows(30, 8, -60000, 60000),
                 du=decays, dv=decays[3:] + decays[:3], vth=131071)
    # u' = 2^23 stays; -2^23 and all below, and all above 2^23, go round once.
    edge = 2**17
    exact = [[k * edge + j for k in (1, -1) for j in (-1, 0, 1)] + [2 * edge, -2 * edge]]
    yield driven("LIF: current at the edge of 24 bits, forgotten", "lif", exact * 3, 8, du=4095, dv=4095, vth=131071)
    yield driven("LIF: current at the edge of 24 bits, kept", "lif", exact * 3, 8, du=0, dv=4095, vth=131071)
    yield driven("LIF: current wraps again and again", "lif", d.rows(STEPS, 6, -edge, edge),
                 du=[0, 1, 5, 0, 100, 4095], dv=d.row(6, 0, 4095), vth=d.row(6, 0, 131071))
    # One wrap takes back what lies within (-3 x 2^23, 3 x 2^23]; beyond, the run ends.
    for sums in ([3 * edge, 1 - 3 * edge], [3 * edge + 1, 0], [0, -3 * edge], [MAX_V, 0], [0, -MAX_V]):
        yield driven(f"LIF: sums {sums} take one wrap or more", "lif", [[1, 1], sums, [1, 1]], 5, du=4095, dv=4095,
                     vth=131071)
    yield driven("LIF: voltage clipped below", "lif", [[-130000, -131071, -60000, -1]] * 8, du=[4095, 4095, 0, 4095],
                 dv=[0, 0, 0, 1], vth=131071, bias=[-4096, 0, 0, -4096], bias_exp=7)
    yield driven("LIF: voltage clipped above, which is above every threshold", "lif", [[130000, 131071, 60000, 1]] * 8,
                 du=[4095, 4095, 0, 4095], dv=0, vth=131071, bias=[4095, 0, 0, 4095], bias_exp=7)
    for exponent in range(-8, 8):
        yield driven(f"LIF: bias exponent {exponent}", "lif", [[0] * 8], 8, du=0, dv=[0, 0, 0, 0, 0, 1, 4095, 0],
                     vth=[131071, 0, 100, 0, 4, 131071, 0, 131071], bias=[-1, -4096, 4095, -3, 5, -255, 1, -4095],
                     bias_exp=exponent)
    yield driven_pair("LIF: a bias that changes from step to step", "lif", d.rows(20, 5, -300, 300),
                      d.rows(20, 5, -4096, 3000, 0.5), du=d.row(5, 0, 4095), dv=d.row(5, 0, 4095),
                      vth=[0, 1, 50, 3000, 131071], bias=[0, 0, 1000, 1095, 1095], bias_exp=-3)
    met = [[10, 10, 0, 1, -1, 25]] * 6
    yield driven("LIF: thresholds met exactly, and thresholds of zero", "lif", met, 10, du=4095,
                 dv=[4095, 0, 0, 0, 0, 4095], vth=[10, 20, 0, 0, 0, 24], bias=[0, 0, 1, -64, 64, 0], bias_exp=0)
    for interval, offset in ((1, 0), (2, 1), (3, 0), (5, 7), (7, 6), (40, 0), (16, 33)):
        yield driven(f"LIF: cleared every {interval} steps, offset {offset}", "lif", d.rows(STEPS, 4, -500, 900, 0.7),
                     du=[0, 300, 4095, 50], dv=[0, 100, 0, 4095], vth=[40, 100, 700, 10], bias=[3, -5, 7, 0],
                     bias_exp=3, reset_interval=interval, reset_offset=offset)
    for k in range(6):
        n = 5
        size = d.pick(100, 3000, 2**15, 2**17)
        yield driven(f"LIF: drawn {k}", "lif", d.rows(STEPS, n, -size, size, d.pick(0.3, 1.0)), du=d.row(n, 0, 4095),
                     dv=d.row(n, 0, 4095), vth=d.row(n, 0, d.pick(50, 2000, 131071)), bias=d.row(n, -4096, 4095),
                     bias_exp=d.rng.randint(-8, 7))
    yield driven("IF: current forgotten, voltage kept", "lif", d.rows(STEPS, 5, -300, 500), du=4095, dv=0,
                 vth=[0, 1, 100, 500, 131071])


def own_lif_cases(d):
    """What Lava's fixed point does not have."""
    met = [[10, 10, 0, 1, -1, 25]] * 6
    yield driven("LIF: thresholds reached, met exactly", "lif", met, 10, du=4095, dv=[4095, 0, 0, 0, 0, 4095],
                 vth=[10, 20, 0, 0, 0, 25], bias=[0, 0, 0, -64, 64, 0], rule="reached")
    for k in range(8):
        n = 5
        size = d.pick(100, 3000, 2**15)
        yield driven(f"LIF: own rules drawn {k}", "lif", d.rows(STEPS, n, -size, size, d.pick(0.3, 1.0)),
                     du=d.row(n, 0, 4095), dv=d.row(n, 0, 4095), vth=d.row(n, 0, d.pick(50, 2000, 131071)),
                     bias=d.row(n, -4096, 4095), bias_exp=d.rng.randint(-8, 7), drive=d.row(n, -32768, 32767),
                     rule=d.pick("above", "reached"), reset=("to_zero", "by_subtraction")[k % 2],
                     refractory=(0, 1, 2, 63)[k // 2])
    for refractory, interval in ((4, 6), (63, 9), (1, 2)):
        yield driven(f"LIF: refractory for {refractory} steps, cleared every {interval}", "lif",
                     d.rows(STEPS, 4, -100, 900, 0.7), du=[0, 300, 4095, 50], dv=[0, 100, 0, 4095],
                     vth=[40, 100, 700, 0], reset=d.pick("to_zero", "by_subtraction"), refractory=refractory,
                     reset_interval=interval, reset_offset=1)
    for model, more in (("ternary_lif", {"vth_lo": -500, "vth_hi": 300}), ("readout", {})):
        yield driven(f"{model}: driven", model, d.rows(20, 5, -900, 900), 24, du=d.row(5, 10, 4095),
                     dv=d.row(5, 1, 4095), drive=d.row(5, -300, 300), **more)


def ternary_cases(d):
    met = [[10, -10, 0, 1, -1, 11, -11]] * 5
    yield driven("ternary LIF: thresholds met exactly", "ternary_lif", met, 8, du=4095, dv=[4095, 4095, 0, 0, 0, 0, 0],
                 vth_lo=[-10, -10, 0, 0, 0, -10, -10], vth_hi=[10, 10, 1, 1, 1, 10, 10], bias=0)
    top = 2**17 - 1
    yield driven("ternary LIF: thresholds at the ends of their range, voltage clipped", "ternary_lif",
                 [[131000, -131000, 131071, -131071]] * 4, 6, du=4095, dv=0, vth_lo=[-top, -top, top - 1, -top],
                 vth_hi=[top, top, top, 1 - top], bias=[4095, -4096, 4095, -4096], bias_exp=7)
    for k in range(4):
        n = 5
        size = d.pick(100, 3000, 2**15, 2**17)
        high = d.row(n, 0, d.pick(50, 2000, top))
        low = [h - 1 - v if k else -max(h, 1) for h, v in zip(high, d.row(n, 0, 3000))]
        yield driven(f"ternary LIF: drawn {k}", "ternary_lif", d.rows(STEPS, n, -size, size, d.pick(0.4, 1.0)),
                     du=d.row(n, 0, 4095), dv=d.row(n, 0, 4095), vth_lo=low, vth_hi=high, bias=d.row(n, -4096, 4095),
                     bias_exp=d.rng.randint(-8, 7))


def readout_cases(d):
    # The largest voltages that are below the clip, then the clip itself, which ends the run.
    for sign, bias in ((1, 63 - 1), (1, 63), (1, 64), (-1, -62), (-1, -63), (-1, -64)):
        yield driven(f"readout: voltage {sign * 131071 * 64 + bias}", "readout", [[1, 2], [sign * 131071, 5]], 5,
                     du=4095, dv=4095, bias=[bias, 0])
    yield driven("readout: adds up to the clip", "readout", [[-20000, 30000]] * 9, du=4095, dv=[0, 1])
    for k in range(3):
        yield driven(f"readout: drawn {k}", "readout", d.rows(30, 5, -3000, 3000), 30, du=d.row(5, 200, 4095),
                     dv=d.row(5, 200, 4095), bias=d.row(5, -4096, 4095), bias_exp=d.rng.randint(-8, 2))


def graded_cases(d):
    rows = [[-3, -2, -1, 0, 1, 2, 3], [-MAX_V, MAX_V, -1, 1, 0, 5, -5]] + d.rows(10, 7, -1000, 1000)
    for vth in (0, 1, [0, 1, 2, 3, 4, 5, 900]):
        for model in ("graded", "graded_relu"):
            yield driven(f"{model}: threshold {vth}", model, rows, 14, vth=vth)
    yield driven("threshold: of either sign", "threshold", rows, 14, vth=[-3, -1, 0, 1, 2, -MAX_V, MAX_V])
    # Products at the ends of 32 bits: the largest that they hold, and a larger one.
    for first, second in ((2**16, -2**15), (2**16 + 1, -2**15), (2**16 - 1, 2**15 + 1), (2**16, 2**15)):
        for exp in (0, 31):
            yield driven_pair(f"product: {first} x {second}, shifted by {exp}", "product", [[5, 2], [first, 3]],
                              [[7, 1], [second, 3]], 5, vth=0, exp=exp)
    for exp in (0, 1, 6, 15):
        n = 6
        size = 2 ** min(11 + exp // 2, 15)
        yield driven_pair(f"product: shifted by {exp}", "product",
                          [[-3, -1, 1, 3, 5, -5]] + d.rows(14, n, -size, size), [[1, 1, -1, -1, 3, 3]] +
                          d.rows(14, n, -size, size), vth=[0, 0, 1, 2, 100, 0], exp=exp)


def sigma_delta_cases(d):
    yield driven("sigma: sums of both signs", "sigma", d.rows(20, 6, -30000, 30000), 24)
    edge = [[2**22, -2**22], [2**22 - 1, -2**22]]  # sums of 2^23 - 1 and -2^23: the last that 24 bits hold
    for more in ([0, 0], [1, 0], [0, -1]):
        for model, rest in (("sigma", {}), ("sigma_delta", {"vth": 0}), ("sigma_delta", {"vth": MAX_V, "bias": 0})):
            yield driven(f"{model}: the ends of 24 bits, {more} more, {rest}", model, edge + [more], 5, **rest)
        yield driven(f"delta: the ends of 24 bits, {more} more", "delta",
                     [[2**20 - 1, -2**20], [-2**20, 2**20 - 1], [2**20 - 1 + more[0], -2**20 + more[1]]], 5, vth=0,
                     spike_exp=2, state_exp=1)
    yield driven("sigma delta: a bias beyond what 24 bits hold together with the sum", "sigma_delta", [[5], [5]], 5,
                 vth=0, bias=MAX_V - 7)
    yield driven("sigma delta: residues add up below the threshold", "sigma_delta", [[40, -40], [59, -59], [1, -1]] * 4,
                 vth=100, relu=False)
    for spike_exp, state_exp in ((0, 0), (6, 6), (0, 5), (3, 0), (1, 3)):
        n, size = 6, d.pick(20, 400)
        yield driven(f"delta: exponents {spike_exp} and {state_exp}", "delta", d.rows(20, n, -size, size, 0.7), 24,
                     vth=[0, 1, 2, 5, 20, 100], spike_exp=spike_exp, state_exp=state_exp)
        for relu in (False, True):
            size = 2 ** (spike_exp + state_exp) * 30
            yield driven(f"sigma delta: exponents {spike_exp} and {state_exp}, {'' if relu else 'not '}rectified",
                         "sigma_delta", d.rows(20, n, -size, size, 0.7), 26, vth=[0, 1, 2, 5, 20, 100],
                         bias=d.row(n, -50, 50), spike_exp=spike_exp, state_exp=state_exp, relu=relu)


def resonator_cases(d):
    for k, (period, alpha, vth, state_exp, bits) in enumerate(
            ((10, 0.07, 1, 6, 12), (4, 0, 5, 0, 12), (7.3, 0.01, 3.7, 6, 12), (2.5, 0.3, 2, 3, 10), (50, 0, 0, 6, 12))):
        n = 4
        size = d.pick(10, 200)
        first, second = d.rows(STEPS, n, -size, size, 0.5), d.rows(STEPS, n, -size, size, 0.5)
        for model in ("resonate_fire", "izhikevich"):
            yield driven_pair(f"{model}: drawn {k}", model, first, second, period=period, alpha=alpha, vth=vth,
                              state_exp=state_exp, decay_bits=bits)
    first, second = d.rows(30, 4, -(2**17), 2**17), d.rows(30, 4, -(2**17), 2**17)
    for model in ("resonate_fire", "izhikevich"):
        yield driven_pair(f"{model}: state clipped", model, first, second, period=9, alpha=0, vth=2000, state_exp=6,
                          decay_bits=12)


MAKERS = (lif_cases, own_lif_cases, ternary_cases, readout_cases, graded_cases, sigma_delta_cases, resonator_cases)

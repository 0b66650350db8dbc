#!/usr/bin/env python3
"""Writes the test vectors of the integer model: fixed.json and neuron_math.json, beside this script.

Written from docs/numerics.md alone, with integers of unlimited size and asserted widths, as a check that the page is
complete and that the C++ code follows it. Needs only Python 3; the output does not depend on the machine.
"""
import json
import os
import random
from decimal import Decimal, getcontext
from fractions import Fraction
from math import floor, isqrt

getcontext().prec = 60
rng = random.Random(2406)
STATE_MAX, STATE_MIN = 2**23 - 1, -(2**23)


def fits(value, bits):
    """The value, which must fit `bits` bits signed."""
    assert -(2 ** (bits - 1)) <= value < 2 ** (bits - 1), (value, bits)
    return value


# ---- 2 Operations


def round_shift(a, s):
    return floor(Fraction(a, 2**s) + Fraction(1, 2))


def saturate24(a):
    return min(max(a, STATE_MIN), STATE_MAX)


def shift_state(a, s):
    return saturate24(round_shift(a, s) if s >= 0 else a * 2**-s)


def normal(v, e):
    """v 2^e with v rounded to 16 bits, halves up; v > 0."""
    w = v.bit_length()
    if w <= 16:
        return (v << (16 - w), e + w - 16)
    m = round_shift(v, w - 16)
    return (2**15, e + w - 15) if m == 2**16 else (m, e + w - 16)


def to_scale(v):
    return (0, 0) if v == 0 else normal(v, 0)


def multiply(a, b):
    return (0, 0) if a[0] == 0 or b[0] == 0 else normal(a[0] * b[0], a[1] + b[1])


def clamp_mantissa(y, e):
    return (2**15, e + 1) if y >= 2**16 else (max(y, 2**15), e)


def reciprocal(a):
    if a[0] == 0:
        return (0, 0)
    m, e = a
    seed = floor(Fraction(2**25, 2 * (m >> 7) + 1) + Fraction(1, 2))
    y = (seed * (2**32 - m * seed) + 2**30) >> 31
    return clamp_mantissa(y, -31 - e)


def inverse_sqrt(a):
    if a[0] == 0:
        return (0, 0)
    m, e = a
    exponent = e + 16
    if exponent % 2:
        u, half = m, (exponent + 1) // 2
    else:
        u, half = 2 * m, exponent // 2
    # round(2^15 sqrt(512 / (i + 1/2))): the square root of a rational, by exact comparison
    square = Fraction(2**30 * 1024, 2 * (u >> 8) + 1)
    seed = isqrt(floor(square))
    if Fraction(2 * seed + 1, 2) ** 2 <= square:
        seed += 1
    t = (u * seed**2) >> 17
    y = (seed * (3 * 2**30 - t) + 2**30) >> 31
    return clamp_mantissa(y, -15 - half)


def apply_scale(acc, s):
    assert abs(acc) < 2**31
    return saturate24(floor(Fraction(acc * s[0]) * Fraction(2) ** s[1] + Fraction(1, 2)))


def quantize_activation(p, s):
    assert abs(p) <= 2**30
    return min(max(apply_scale(p, s), -127), 127)


TABLE = [int((Decimal(2**23) / (1 + (Decimal(k) / 16).exp())).to_integral_value("ROUND_HALF_UP")) for k in range(257)]


def sigmoid(z, f):
    assert abs(z) <= 2**23 and 0 <= f <= 23
    a = min(round_shift(abs(z), f - 16) if f > 16 else abs(z) << (16 - f), 2**20 - 1)
    i, r = a >> 12, a & 4095
    tail = TABLE[i] - round_shift((TABLE[i] - TABLE[i + 1]) * r, 12)
    return tail if z < 0 else 2**23 - tail


def silu(z, f):
    return round_shift(z * sigmoid(z, f), 23)


# ---- 3 Stages

LAYOUT = {"bf16": (8, 7, 134), "f16": (5, 10, 25), "f32": (8, 23, 150)}


def embedding(kind, bits, f):
    exponent_bits, fraction_bits, bias = LAYOUT[kind]
    field = bits >> fraction_bits & (2**exponent_bits - 1)
    m = bits & (2**fraction_bits - 1) | (2**fraction_bits if field else 0)
    value = Fraction(m) * Fraction(2) ** (max(field, 1) - bias)
    if bits >> (exponent_bits + fraction_bits):
        value = -value
    return saturate24(floor(value * 2**f + Fraction(1, 2)))


def norm(c):
    """Record, scales and activations of a norm case."""
    x, w = c["x"], c["rms_gain"]
    total = sum(fits(round_shift(xj * wj, 15), 24) ** 2 for xj, wj in zip(x, w))
    products = [[round_shift(xj * vj, 8) for xj, vj in zip(x, v)] for v in c["gain"]]
    peaks = [max(abs(p) for p in row) for row in products]
    assert total < 2**63 and all(p <= 2**30 for p in peaks)
    m, e = multiply(to_scale(c["second"]), tuple(c["second_epsilon"]))
    extra = m << min(e, 46) if e >= 0 else round_shift(m, -e) if e >= -17 else 0
    inverse = inverse_sqrt(to_scale(max(total + c["epsilon"] + extra, 1)))
    quantize = [multiply((127 * 2**9, -9), reciprocal(to_scale(p))) for p in peaks]
    dequantize = [multiply(multiply(tuple(f), to_scale(p)), inverse) for f, p in zip(c["factor"], peaks)]
    return {
        "sum": total,
        "peak": peaks,
        "quantize": quantize,
        "dequantize": dequantize,
        "q": [[quantize_activation(p, s) for p in row] for row, s in zip(products, quantize)],
    }


def words_of(c, begin, end, second):
    """Words of the record of elements begin .. end of a norm case; `second` of this part."""
    part = c | {"x": c["x"][begin:end], "rms_gain": c["rms_gain"][begin:end], "gain": [v[begin:end] for v in c["gain"]]}
    squares = sum(round_shift(xj * wj, 15) ** 2 for xj, wj in zip(part["x"], part["rms_gain"]))
    peaks = [max((abs(round_shift(xj * vj, 8)) for xj, vj in zip(part["x"], v)), default=0) for v in part["gain"]]
    sums = [squares, second] if c["second_epsilon"][0] else [squares]
    return [word for s in sums for word in (s & 0xFFFFFFFF, s >> 32)] + peaks


def merge(a, b, sums):
    """Two records of one norm."""
    total = [(a[2 * k] + (a[2 * k + 1] << 32)) + (b[2 * k] + (b[2 * k + 1] << 32)) for k in range(sums)]
    assert all(t < 2**64 for t in total)
    return [word for t in total for word in (t & 0xFFFFFFFF, t >> 32)] + [max(p, q) for p, q in zip(a[2 * sums:], b[2 * sums:])]


def record_case(c, cuts):
    """A norm case in parts; the first part has all of `second` but one unit, the last one that."""
    edges = [0] + cuts + [len(c["x"])]
    seconds = [0] * (len(edges) - 1)
    seconds[0], seconds[-1] = max(c["second"] - 1, 0), min(c["second"], 1)
    parts = [words_of(c, a, b, s) for a, b, s in zip(edges, edges[1:], seconds)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merge(merged, part, 2 if c["second_epsilon"][0] else 1)
    assert merged == words_of(c, 0, len(c["x"]), c["second"])
    answer = [m | (e & 0xFFFF) << 16 for m, e in c["quantize"] + c["dequantize"]]
    return {"name": c["name"], "edges": edges, "second": seconds, "parts": parts, "merged": merged, "answer": answer}


def recurrence(c):
    """h and t of every neuron, and the sum of g^2."""
    ff, fi, fg, fh, ft = (c["formats"][k] for k in ("f", "i", "g", "h", "t"))
    hs, ts, second = [], [], 0
    for f_acc, i_acc, g_acc, lower, h in zip(c["f_acc"], c["i_acc"], c["g_acc"], c["one_minus_lower"], c["h"]):
        f, i, g = (apply_scale(a, tuple(s)) for a, s in zip((f_acc, i_acc, g_acc), c["dequantize"]))
        keep = round_shift(lower * sigmoid(-f, ff), 23)
        u = shift_state(silu(i, fi), fi - fh)
        h = saturate24(h + round_shift(fits(keep * (u - h), 50), 23))
        hs.append(h)
        ts.append(saturate24(round_shift(g * silu(h, fh), fg + fh - ft)))
        second += g * g
    return {"h_new": hs, "t": ts, "second": second}


def gated_unit(c):
    z1 = [apply_scale(a, tuple(c["dequantize"])) for a in c["z1_acc"]]
    z2 = [apply_scale(a, tuple(c["dequantize"])) for a in c["z2_acc"]]
    return [saturate24(round_shift(silu(a, c["z"]) * b, 2 * c["z"] - c["y"])) for a, b in zip(z1, z2)]


def residual(c):
    return [saturate24(shift_state(x, c["shift"]) + apply_scale(a, tuple(c["dequantize"]))) for x, a in zip(c["x"], c["acc"])]


# ---- Cases: the extremes by hand, then random ones

STATES = [0, 1, -1, 2, -2, 127, -128, 4095, -4096, 65535, STATE_MAX, STATE_MAX - 1, STATE_MIN, STATE_MIN + 1]


def state():
    return rng.randrange(STATE_MIN, STATE_MAX + 1) >> rng.randrange(0, 20)


def scale(low, high):
    return (rng.randrange(2**15, 2**16), rng.randrange(low, high + 1))


def fixed_cases():
    out = {}
    shifts = [(a, s) for s in (0, 1, 2, 7, 23, 38, 62) for a in (0, 1, -1, 2**61, -(2**61), 2**s // 2, -(2**s) // 2)]
    shifts += [(a, s) for s in (1, 8, 15, 23) for a in (3 * 2 ** (s - 1), -3 * 2 ** (s - 1), 3 * 2 ** (s - 1) - 1)]
    shifts += [(rng.randrange(-(2**61), 2**61), rng.randrange(0, 63)) for _ in range(40)]
    out["round_shift"] = [[a, s, round_shift(a, s)] for a, s in shifts if abs(a) < 2**62]
    out["saturate24"] = [[a, saturate24(a)] for a in STATES + [2**23, -(2**23) - 1, 2**62, -(2**62)]]
    moves = [(a, s) for a in STATES for s in (-24, -1, 0, 1, 8, 23, 24, 62)] + [(state(), rng.randrange(-8, 24)) for _ in range(30)]
    out["shift_state"] = [[a, s, shift_state(a, s)] for a, s in moves]
    values = [0, 1, 2, 3, 65535, 65536, 65537, 131071, 131070, 131069, 2**23, 2**24 - 1, 2**30, 2**31 - 1, 2**47 - 2**30,
              2**62, 2**63 - 1] + [rng.randrange(1, 2**63) >> rng.randrange(0, 62) for _ in range(40)]
    out["to_scale"] = [[v, *to_scale(v)] for v in values]
    ends = [(32768, 0), (65535, 0), (32769, -40), (46340, 7), (46341, 7), (65535, 31), (0, 0)]
    pairs = [(a, b) for a in ends for b in ends] + [(scale(-60, 60), scale(-60, 60)) for _ in range(30)]
    out["multiply"] = [[*a, *b, *multiply(a, b)] for a, b in pairs]
    scales = [(0, 0), (32768, 0), (32768, 1), (32768, -1), (32769, 0), (65535, 0), (65535, 15), (65535, -16), (65408, 3),
              (65408, 4), (33023, -7), (33024, -7)] + [scale(-80, 80) for _ in range(120)]
    out["reciprocal"] = [[*s, *reciprocal(s)] for s in scales]
    out["inverse_sqrt"] = [[*s, *inverse_sqrt(s)] for s in scales]
    uses = [(acc, s) for acc in (0, 1, -1, 3, -3, 877824, -877824, 127 * 65536, -127 * 65536, 2**31 - 1, -(2**31) + 1)
            for s in ((0, 0), (32768, -15), (32768, -16), (32768, -61), (65535, -61), (65535, -62), (65535, -100), (32768, 0),
                      (65535, 3), (32768, 15), (65535, 16), (65535, 90), (40000, -30), (49152, -17))]
    uses += [(rng.randrange(-(2**23), 2**23), scale(-35, -10)) for _ in range(60)]
    out["apply_scale"] = [[acc, *s, apply_scale(acc, s)] for acc, s in uses]
    activations = []
    for peak in (1, 2, 3, 127, 254, 255, 32767, 65536, 10**6, 2**30 - 1, 2**30):
        s = multiply((65024, -9), reciprocal(to_scale(peak)))
        for p in (peak, -peak, peak // 2, -(peak // 2), 0, 1, -1, peak // 254, peak // 3):
            if abs(p) <= peak:
                activations.append([p, *s, quantize_activation(p, s)])
    activations += [[2**30, 65535, 0, 127], [-(2**30), 65535, 0, -127], [5, 0, 0, 0]]
    out["quantize_activation"] = activations
    arguments = [(z, f) for f in (0, 4, 15, 16, 17, 20, 23) for z in STATES + [2**23, 1 << f if f < 23 else 5, 2048, 2049, -2047]]
    arguments += [(state(), rng.randrange(0, 24)) for _ in range(80)]
    out["sigmoid"] = [[z, f, sigmoid(z, f)] for z, f in arguments]
    out["silu"] = [[z, f, silu(z, f)] for z, f in arguments if z < 2**23]
    return out


def embedding_cases():
    numbers = {"bf16": [0, 0x8000, 1, 0x8001, 0x007F, 0x0080, 0x3F80, 0xBF80, 0x3FC0, 0x35C0, 0xB5C0, 0x7F7F, 0xFF7F, 0x40FF, 0xC102],
               "f16": [0, 0x8000, 1, 0x83FF, 0x0400, 0x3C00, 0xBE01, 0x7BFF, 0xFBFF],
               "f32": [0, 0x80000000, 1, 0x807FFFFF, 0x3F800001, 0xBFC00000, 0x34FFFFFF, 0xB5000000, 0x7F7FFFFF, 0xFF7FFFFF]}
    for bits, kind in ((16, "bf16"), (16, "f16"), (32, "f32")):
        for _ in range(20):
            sign_and_fraction = rng.getrandbits(bits)
            exponent_bits, fraction_bits, bias = LAYOUT[kind]
            field = bias - fraction_bits + rng.randrange(-12, 5)
            mask = (2**exponent_bits - 1) << fraction_bits
            numbers[kind].append(sign_and_fraction & ~mask | field << fraction_bits)
    return [[kind, b, f, embedding(kind, b, f)] for kind in numbers for b in numbers[kind] for f in (0, 16, 20)]


def norm_case(name, x, rms_gain, gain, epsilon=0, second=0, second_epsilon=(0, 0), factor=None):
    c = {"name": name, "x": x, "rms_gain": rms_gain, "gain": gain, "epsilon": epsilon, "second": second,
         "second_epsilon": second_epsilon, "factor": factor or [(40000, -20)] * len(gain)}
    return c | norm(c)


def gains(n):
    return [rng.randrange(-32767, 32768) for _ in range(n)]


def norm_cases():
    n = 33
    ordinary = [state() for _ in range(n)]
    return [
        norm_case("ordinary, three outputs", ordinary, gains(n), [gains(n), gains(n), gains(n)], 12885,
                  factor=[scale(-30, -10) for _ in range(3)]),
        norm_case("the zero vector", [0] * 5, gains(5), [gains(5)], 7),
        norm_case("the zero vector without epsilon", [0] * 5, gains(5), [gains(5)]),
        norm_case("zero gains of one output", ordinary, gains(n), [[0] * n, gains(n)], 1),
        norm_case("one unit", [0, 0, 1, 0], [16384] * 4, [[32767] * 4], 0),
        norm_case("products below one half", [1, -1, 1], [16384] * 3, [[127, 127, -127]], 3),
        norm_case("products at halves", [1, -1, 3, -3], [16384] * 4, [[128, 128, 128, -128]], 3),
        norm_case("largest magnitudes", [STATE_MIN, STATE_MAX, STATE_MIN] * 4, [-32767, 32767, 32767] * 4, [[-32767, 32767, 32767] * 4],
                  2**40),
        norm_case("second, small", ordinary, gains(n), [gains(n)], 5, 12345678901, (50000, -40)),
        norm_case("second, at the edge of one", ordinary, gains(n), [gains(n)], 0, 1, (65535, -17)),
        norm_case("second, below one half", ordinary, gains(n), [gains(n)], 0, 1, (65535, -18)),
        norm_case("second, dominant", [3, -5, 0], [16384] * 3, [[20000] * 3], 9, 3 * 2**46, (33000, -10)),
        norm_case("second, large exponent", [3, -5, 0], [16384] * 3, [[20000] * 3], 9, 2**50, (32768, -5)),
    ]


def recurrence_case(name, n, formats, dequantize, acc, h=None, lower=None):
    c = {"name": name, "formats": formats, "dequantize": dequantize, "f_acc": [acc() for _ in range(n)],
         "i_acc": [acc() for _ in range(n)], "g_acc": [acc() for _ in range(n)], "h": [h() if h else state() for _ in range(n)],
         "one_minus_lower": [lower() if lower else rng.randrange(0, 2**23 + 1) for _ in range(n)]}
    return c | recurrence(c)


def recurrence_cases():
    usual = {"f": 18, "i": 18, "g": 17, "h": 19, "t": 14}
    common = [(40000, -13), (50000, -12), (60000, -13)]
    wide = lambda: rng.choice((1, -1)) * 877824
    return [
        recurrence_case("ordinary", 37, usual, common, lambda: rng.randrange(-30000, 30001)),
        recurrence_case("widest row, +1 x 127 at 6912 columns, saturates", 16, usual, [(65535, -10)] * 3, wide),
        recurrence_case("no input", 16, usual, [(0, 0)] * 3, wide),
        recurrence_case("coarse formats", 16, {"f": 0, "i": 3, "g": 5, "h": 2, "t": 7}, [(40000, -28), (40000, -24), (40000, -22)],
                        lambda: rng.randrange(-9000, 9001)),
        recurrence_case("fine formats", 16, {"f": 23, "i": 23, "g": 23, "h": 23, "t": 23}, [(40000, -8)] * 3,
                        lambda: rng.randrange(-9000, 9001)),
        recurrence_case("candidate shifted left and saturated", 16, {"f": 20, "i": 10, "g": 12, "h": 22, "t": 20}, [(40000, -9)] * 3,
                        lambda: rng.randrange(-9000, 9001)),
        recurrence_case("full and empty gates at the ends of the state", 24, usual, [(65535, 0), (65535, 0), (40000, -12)],
                        lambda: rng.choice((1, -1, 0, 30000)), lambda: rng.choice((STATE_MAX, STATE_MIN, 0)),
                        lambda: rng.choice((0, 1, 2**23))),
    ]


def elementwise_cases():
    units, residuals = [], []
    for name, z, y, s, high in (("ordinary", 18, 13, (45000, -13), 30000), ("equal formats saturate", 10, 20, (65535, -4), 877824),
                                ("coarse", 2, 0, (40000, -22), 9000), ("fine", 20, 23, (40000, -13), 9000)):
        c = {"name": name, "z": z, "y": y, "dequantize": s, "z1_acc": [rng.randrange(-high, high + 1) for _ in range(20)] + [0, high, -high],
             "z2_acc": [rng.randrange(-high, high + 1) for _ in range(20)] + [high, high, high]}
        units.append(c | {"y_new": gated_unit(c)})
    for name, shift, s, high in (("ordinary", 1, (40000, -13), 30000), ("same format", 0, (65535, -13), 30000),
                                 ("finer format saturates", -3, (40000, -9), 30000), ("widest row of the 2.7B shape", 2, (65535, -8), 877824),
                                 ("no input", 4, (0, 0), 30000), ("far coarser", 20, (33333, -20), 9000)):
        c = {"name": name, "shift": shift, "dequantize": s, "x": STATES + [state() for _ in range(12)]}
        c["acc"] = [rng.choice((high, -high, 0, rng.randrange(-high, high + 1))) for _ in c["x"]]
        residuals.append(c | {"x_new": residual(c)})
    return units, residuals


def ternary_cases():
    """Row sums, by construction: `weight` x `q` over `cols` columns, then the remainder by pattern."""
    out = [{"name": "widest row of the 2.7B shape", "cols": 6912, "w": [1], "q": [127]},
           {"name": "widest row, negative", "cols": 6912, "w": [-1], "q": [127]},
           {"name": "vocabulary of 32000 as columns", "cols": 32000, "w": [-1], "q": [-127]},
           {"name": "the limit of N", "cols": 65536, "w": [1], "q": [127]},
           {"name": "zero weights", "cols": 300, "w": [0], "q": [127, -127, 5]},
           {"name": "mixed", "cols": 517, "w": [1, -1, 0, 1, 1], "q": [127, -127, 3, 0, -1, 64, -100]},
           {"name": "one column", "cols": 1, "w": [-1], "q": [-127]}]
    for c in out:
        c["acc"] = sum(c["w"][j % len(c["w"])] * c["q"][j % len(c["q"])] for j in range(c["cols"]))
        assert abs(c["acc"]) < 2**23
    return out


def write(name, value):
    lines = []
    for key, cases in value.items():
        body = ",\n".join("    " + json.dumps(case) for case in cases)
        lines.append(f'  "{key}": [\n{body}\n  ]')
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    with open(path, "w", newline="\n") as f:
        f.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    write("fixed.json", fixed_cases())
    gated_units, residual_cases = elementwise_cases()
    embeddings = embedding_cases()
    norms = norm_cases()
    records = [record_case(c, cuts) for c in norms for cuts in ([1], [2, len(c["x"]) - 1]) if cuts[0] <= cuts[-1]]
    write("neuron_math.json", {"embedding": embeddings, "norm": norms, "recurrence": recurrence_cases(), "gated_unit": gated_units,
                          "residual": residual_cases, "ternary": ternary_cases(), "record": records})

"""Cases of each synapse format, whose sums are seen as they are."""
from connections import output_shape
from draw import INT, MAX_V, case, connection, population


def seen_through(name, source_rows, n, steps, format, **parameters):
    """One connection, whose sums a graded population shows as they are."""
    return case(name, [population("in", "input", len(source_rows[0]), rows=source_rows),
                       population("x", "graded", n, vth=0)], [connection("in", "x", format, **parameters)], steps)


def dense_cases(d):
    for format in ("dense", "sparse"):
        for mode in ("mixed", "excitatory", "inhibitory", "auto"):
            for bits in range(1, 9):
                low, high = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0),
                             "auto": d.pick((-256, 255), (0, 255), (-255, 0))}[mode]
                exp = d.rng.randint(-8, 7)
                graded = bits % 2 == 0
                rows = d.rows(5, 6, -127, 127, 0.6) if graded else d.spikes(5, 6, 0.6)
                yield seen_through(f"{format}: {mode}, {bits} bits, exponent {exp}, {'graded' if graded else 'spikes'}",
                                   rows, 4, 7, format, weights=d.matrix(4, 6, low, high, 0.8), sign_mode=mode,
                                   weight_bits=bits, weight_exp=exp, message_bits=8 if graded else 0)
    for mode, low, high in (("mixed", -300, 300), ("excitatory", -40, 300), ("inhibitory", -300, 40)):
        for bits in (8, 5):
            yield seen_through(f"dense: weights beyond what {mode} weights of {bits} bits hold", d.spikes(6, 6, 0.5), 5,
                               8, "dense", weights=d.matrix(5, 6, low, high), sign_mode=mode, weight_bits=bits)
    yield seen_through("dense: weights of one sign held as mixed ones", d.spikes(6, 6, 0.5), 3, 8, "dense",
                       weights=d.matrix(3, 6, 0, 255), sign_mode="mixed")
    yield seen_through("dense: spikes of both signs count as 1", d.rows(8, 6, -1, 1), 5, 10, "dense",
                       weights=d.matrix(5, 6, -100, 100), message_bits=0)
    yield seen_through("dense: one weight of a sign alone, and none", [[1, 1, 1], [1, 0, 1], [0, 1, 0]], 3, 5, "dense",
                       weights=[[0, -1, 0], [0, 0, 0], [0, 0, -255]], weight_bits=7)


def wide_cases(d):
    """More targets and more rows of weights than are added at once."""
    yield seen_through("dense: 67 targets", d.rows(4, 12, -MAX_V, MAX_V, 0.3) + d.rows(3, 12, -99, 99), 67, 9, "dense",
                       weights=d.matrix(67, 12, -9, 9), message_bits=INT)
    weights = [[d.rows(3, 1, -127, 127) for _ in range(3)] for _ in range(2)]
    yield seen_through("conv: 156 pixels that all send", d.rows(1, 156, 1, 1) + d.rows(1, 156, -2047, 2047), 2 * 156, 4,
                       "conv", shape=[13, 12, 1], weights=weights, padding=[1, 1], message_bits=12)


def one_to_one_cases(d):
    for mode, low, high in (("mixed", -256, 255), ("excitatory", 0, 255), ("inhibitory", -255, 0), ("auto", -20, 20)):
        for bits in (1, 4, 7, 8):
            exp = d.rng.randint(-8, 7)
            yield seen_through(f"one to one: {mode}, {bits} bits, exponent {exp}", d.rows(4, 7, -127, 127), 7, 6,
                               "one_to_one", weights=d.row(7, low, high), sign_mode=mode, weight_bits=bits,
                               weight_exp=exp, message_bits=8)
    yield seen_through("one to one: a weight that all share", d.rows(4, 7, -127, 127), 7, 6, "one_to_one",
                       weights=[-37], neurons=7, weight_exp=-2, message_bits=8)


def delay_cases(d):
    rows = d.spikes(10, 7, 0.5)
    for delay in (0, 1, 5, 62):
        yield seen_through(f"one to one: the connection takes {delay} steps more", rows, 7, 12 + delay, "one_to_one",
                           weights=d.row(7, -99, 99), delay=delay)
        yield seen_through(f"dense: the connection takes {delay} steps more", rows, 3, 12 + delay, "dense",
                           weights=d.matrix(3, 7, -99, 99), delay=delay, weight_exp=-2)
        yield seen_through(f"conv: the connection takes {delay} steps more", d.rows(5, 6, -99, 99), 4, 8 + delay,
                           "conv", shape=[3, 2, 1], weights=[[d.rows(1, 1, -99, 99) for _ in range(2)]], delay=delay,
                           message_bits=8)
    yield seen_through("sparse: delays of the connection and of each synapse", d.spikes(30, 5, 0.4), 4, 94, "sparse",
                       weights=d.matrix(4, 5, -100, 100), delays=d.matrix(4, 5, 0, 40), delay=22)
    for format in ("dense", "sparse"):
        delays = [[d.pick(0, 0, 1, 2, 31, 61, 62) for _ in range(5)] for _ in range(4)]
        yield seen_through(f"{format}: delays of 0 to 62", d.spikes(70, 5, 0.4), 4, 140, format,
                           weights=d.matrix(4, 5, -100, 100), delays=delays)
        yield seen_through(f"{format}: a delay of 62 for all", d.rows(30, 3, -60, 60, 0.4), 3, 96, format,
                           weights=d.matrix(3, 3, -100, 100), delays=62, message_bits=8)
        delays = [[d.pick(0, 1, 2, 3) for _ in range(8)] for _ in range(4)]
        for exp in (-7, -3, 4):
            yield seen_through(f"{format}: delays and exponent {exp}", d.spikes(20, 8, 0.6), 4, 26, format,
                               weights=d.matrix(4, 8, -120, 120), delays=delays, weight_exp=exp)


def conv_cases(d):
    for k, (shape, kernel, stride, padding, dilation, groups, outputs) in enumerate((
            ((5, 4, 2), (3, 2), (1, 1), (0, 0), (1, 1), 1, 3), ((5, 6, 2), (3, 3), (2, 1), (1, 2), (1, 1), 1, 2),
            ((7, 6, 1), (2, 3), (1, 2), (1, 0), (3, 2), 1, 2), ((4, 5, 4), (2, 2), (1, 1), (1, 1), (2, 1), 2, 4),
            ((6, 3, 3), (3, 1), (3, 2), (2, 0), (1, 1), 3, 6), ((3, 3, 2), (5, 5), (1, 1), (2, 2), (1, 1), 1, 2),
            ((4, 4, 1), (1, 1), (2, 3), (0, 0), (1, 1), 1, 3))):
        size = d.pick(7, 127, 255)
        weights = [[d.rows(kernel[1], shape[2] // groups, -size, size) for _ in range(kernel[0])]
                   for _ in range(outputs)]
        out = output_shape(shape, kernel, stride, padding, dilation)
        neurons = shape[0] * shape[1] * shape[2]
        for bits in (0, 8):
            rows = d.rows(3, neurons, -127, 127, 0.3) if bits else d.spikes(3, neurons, 0.3)
            yield seen_through(f"conv: drawn {k}, {'graded' if bits else 'spikes'}", rows, out[0] * out[1] * outputs, 5,
                               "conv", shape=list(shape), weights=weights, stride=list(stride), padding=list(padding),
                               dilation=list(dilation), groups=groups, message_bits=bits)
    top = 2**15 - 1
    rows = [[top, top, top, top], [-top, -top, -top, -top], [top, -top, top, -top], [2**14, 2**14, -2**14, -2**14]]
    yield seen_through("conv: sums wrap at 24 bits", rows, 18, 6, "conv", shape=[2, 2, 1],
                       weights=[[[[127], [127]], [[127], [127]]], [[[-128], [-128]], [[-127], [-100]]]],
                       padding=[1, 1], message_bits=16)
    yield seen_through("conv: sums at the edge of 24 bits", [[2**15], [2**15 - 1], [-2**15], [-2**15 - 1]], 2, 6,
                       "conv", shape=[1, 1, 1], weights=[[[[256]]], [[[-256]]]], message_bits=17)


def pool_cases(d):
    for k, (shape, kernel, stride, padding) in enumerate((
            ((4, 4, 2), (2, 2), (2, 2), (0, 0)), ((5, 4, 1), (3, 2), (1, 2), (0, 0)),
            ((5, 5, 3), (2, 2), (2, 2), (0, 0)), ((4, 3, 2), (3, 3), (2, 1), (1, 1)))):
        out = output_shape(shape, kernel, stride, padding, (1, 1))
        neurons = shape[0] * shape[1] * shape[2]
        for bits in (0, 8):
            rows = d.rows(3, neurons, -127, 127, 0.5) if bits else d.spikes(3, neurons, 0.5)
            yield seen_through(f"sum pool: drawn {k}, {'graded' if bits else 'spikes'}", rows,
                               out[0] * out[1] * shape[2], 5, "pool", shape=list(shape), kernel=list(kernel),
                               stride=list(stride), padding=list(padding), message_bits=bits)
    for weight, exp, stride, dilation in ((1, -2, 2, 1), (1, -8, 1, 1), (3, 7, 1, 2), (-32768, -8, 1, 1),
                                          (-1, -1, 2, 2)):
        out = output_shape((5, 4, 2), (2, 2), (stride, stride), (1, 0), (dilation, dilation))
        yield seen_through(f"pool: weight {weight} and exponent {exp}", d.rows(4, 40, -127, 127, 0.7),
                           out[0] * out[1] * 2, 6, "pool", shape=[5, 4, 2], kernel=[2, 2], stride=[stride, stride],
                           padding=[1, 0], dilation=[dilation, dilation], weight=weight, weight_exp=exp, message_bits=8)


MAKERS = (dense_cases, wide_cases, one_to_one_cases, delay_cases, conv_cases, pool_cases)

"""Cases of several populations: recurrent, with several connections into one, layers of each kind."""
from draw import INT, STEPS, case, connection, identity, population


def lif(d, name, n, top=120):
    return population(name, "lif", n, du=d.edgy(0, 4095), dv=d.edgy(0, 4095), vth=d.row(n, 0, top),
                      bias=d.row(n, -200, 400), bias_exp=d.pick(-2, 0, 3))


def synapses(d, source, target, rows, columns, exp, bits=8, delays=0, rate=0.7, format="dense"):
    return connection(source, target, format, weights=d.matrix(rows, columns, -90, 127, rate), weight_exp=exp,
                      weight_bits=bits, delays=delays)


def network_cases(d):
    for k in range(6):
        n, m = 6, 5
        delays = [[d.pick(0, 1, 5, 11) for _ in range(n)] for _ in range(n)] if k % 2 else 0
        yield case(f"recurrent LIF: drawn {k}",
                   [population("in", "input", 4, rows=d.spikes(STEPS, 4, 0.3)), lif(d, "a", n), lif(d, "b", m),
                    population("read", "readout", 2, du=d.edgy(0, 4095), dv=d.edgy(0, 4095))],
                   [synapses(d, "in", "a", n, 4, d.pick(0, 2, 4), d.pick(3, 6, 8)),
                    synapses(d, "a", "a", n, n, d.pick(-2, 0, 1), delays=delays, format="sparse"),
                    synapses(d, "a", "b", m, n, d.pick(0, 3)), synapses(d, "b", "a", n, m, d.pick(-3, 0)),
                    synapses(d, "in", "b", m, 4, d.pick(-1, 1), 5, delays=d.pick(0, 3)),
                    synapses(d, "b", "read", 2, m, d.pick(0, 2))])
    yield case("two connections with negative exponents are shifted apart",
               [population("in", "input", 3, rows=d.spikes(20, 3, 0.7)), population("x", "graded", 4, vth=0)],
               [synapses(d, "in", "x", 4, 3, -3), synapses(d, "in", "x", 4, 3, -5)], 22)
    for bits in (0, 2):
        yield case(f"ternary spikes of both signs, {'signed' if bits else 'as spikes'}",
                   [population("in", "input", 4, rows=d.rows(STEPS, 4, -400, 400)),
                    population("t", "ternary_lif", 4, du=4095, dv=100, vth_lo=-100, vth_hi=120),
                    population("x", "graded", 3, vth=0)],
                   [identity("in", "t", 4),
                    connection("t", "x", "dense", weights=d.matrix(3, 4, -99, 99), message_bits=bits)])
    yield case("values from outside go where sums go, in the step in which they are offered",
               [population("in", "input", 4, rows=d.rows(10, 4, -90, 90)),
                population("d", "delta", 4, offered=d.rows(12, 4, -90, 90), vth=5, spike_exp=1, state_exp=2),
                population("a", "lif", 4, offered=d.rows(12, 4, -90, 90), du=3000, dv=200, vth=100, bias=5,
                           bias_exp=3)],
               [identity("in", "d", 4), identity("in", "a", 4)], 14)
    kernel = [[d.rows(3, 2, -60, 90) for _ in range(3)] for _ in range(4)]
    yield case("convolution, pool and dense between LIF neurons",
               [population("in", "input", 72, rows=d.spikes(16, 72, 0.15)),
                population("c", "lif", 64, du=2000, dv=150, vth=60, bias=2, bias_exp=6),
                population("p", "lif", 16, du=4095, dv=0, vth=2), population("out", "lif", 3, du=500, dv=500, vth=90)],
               [connection("in", "c", "conv", shape=[6, 6, 2], weights=kernel),
                connection("c", "p", "pool", shape=[4, 4, 4], kernel=[2, 2], stride=[2, 2]),
                synapses(d, "p", "out", 3, 16, 1)], 20)
    for k, (spike_exp, state_exp) in enumerate(((6, 6), (2, 3), (0, 0))):
        yield case(f"delta, sigma delta, sigma: drawn {k}",
                   [population("in", "input", 5, rows=d.rows(16, 5, -100, 100, 0.6)),
                    population("d", "delta", 5, vth=d.row(5, 0, 30), spike_exp=spike_exp, state_exp=state_exp),
                    population("h", "sigma_delta", 6, vth=d.row(6, 0, 9), bias=d.row(6, -90, 90), spike_exp=spike_exp,
                               state_exp=state_exp, relu=True), population("s", "sigma", 3)],
                   [identity("in", "d", 5),
                    connection("d", "h", "dense", weights=d.matrix(6, 5, -30, 30), weight_exp=d.pick(-3, 0),
                               message_bits=16),
                    connection("h", "s", "dense", weights=d.matrix(3, 6, -30, 30), weight_exp=d.pick(-2, 0),
                               message_bits=16, delays=d.pick(0, 4))], 24)
    yield case("graded values, rectified, multiplied",
               [population("in", "input", 4, rows=d.rows(20, 4, -100, 100)),
                population("g", "graded", 4, vth=[0, 5, 20, 90]), population("r", "graded_relu", 4, vth=[0, 3, 20, 90]),
                population("p", "product", 3, vth=[0, 10, 40], exp=6), population("s", "sigma", 3)],
               [identity("in", "g", 4), identity("in", "r", 4),
                connection("g", "p", "dense", 0, weights=d.matrix(3, 4, -20, 20), message_bits=INT),
                connection("r", "p", "dense", 1, weights=d.matrix(3, 4, -20, 20), message_bits=INT, weight_exp=-1),
                connection("p", "s", "dense", weights=d.matrix(3, 3, -3, 3), message_bits=INT)], 26)


MAKERS = (network_cases,)

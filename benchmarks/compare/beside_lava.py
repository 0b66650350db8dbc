#!/usr/bin/env python3
"""Times a Lava program on Lava's own runtime and on tephra's, in one run: a chain of LIF and Dense processes, or random
programs. Fails when their results differ.

  python benchmarks/compare/beside_lava.py [--layers 8] [--neurons 1000] [--steps 1000] [--rounds 3]
  python benchmarks/compare/beside_lava.py --graphs 100 [--seed N]

A random program whose sums or states leave the range of the law is refused by tephra, with layer, neuron and step,
where Lava computes on in 32 bits: these are counted apart.

Run it with the Python in which tephra and lava-nc 0.10.0 are installed (docs/lava.md). The chain: LAYERS times a
Dense of NEURONS x NEURONS random weights behind a source of random spikes, into LIF neurons; a sink records the last
layer. Start-up is the time of create_runtime(): models chosen, engine or processes made. A run's time is that of
Process.run(). Processor time is of start-up, run and stop() together, Lava's processes included. Medians of rounds,
which take turns; results are compared before.
"""
import argparse
import os
import pathlib
import resource
import secrets
import statistics
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
import tephra.lava
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.proc.lif.process import LIF

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def chain(layers, neurons, steps, seed):
    """(source, sink, layers of neurons): biases keep about one neuron in twenty spiking in a step, in every layer."""
    rng = np.random.default_rng(seed)
    source = Source(data=(rng.random((neurons, 100)) < 0.05).astype(np.int32))
    sink, before, lifs = Sink(shape=(neurons,), buffer=steps), source, []
    for _ in range(layers):
        dense = Dense(weights=rng.integers(-40, 41, (neurons, neurons)))
        bias = rng.integers(200, 500, neurons)
        lif = LIF(shape=(neurons,), du=2000, dv=500, vth=2500, bias_mant=bias, bias_exp=6)
        before.s_out.connect(dense.s_in)
        dense.a_out.connect(lif.a_in)
        before = lif
        lifs.append(lif)
    before.s_out.connect(sink.a_in)
    return source, sink, lifs


def processor_seconds():
    """Of this process and of those that it has waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def timed(attach, layers, neurons, steps, seed, read):
    """(start-up, seconds of the run, processor seconds of all without reading results, results where they are read)."""
    source, sink, lifs = chain(layers, neurons, steps, seed)
    if attach:
        tephra.lava.attach(source)
    before = processor_seconds()
    started = time.perf_counter()
    source.create_runtime(run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    ready = time.perf_counter()
    source.run(RunSteps(steps))
    done = time.perf_counter()
    results = [sink.data.get()] + [lif.v.get() for lif in lifs] if read else None
    source.stop()
    return ready - started, done - ready, processor_seconds() - before, results


def time_chain(options):
    chain = (options.layers, options.neurons, options.steps)
    mine, wanted = (timed(attach, *chain, options.seed, True)[-1] for attach in (True, False))
    if not all(np.array_equal(a, b) for a, b in zip(mine, wanted)):
        sys.exit(f"seed {options.seed}: results differ")
    share = mine[0].mean()
    rows = {True: [], False: []}
    for number in range(options.rounds):
        for attach in (True, False):
            rows[attach].append(timed(attach, *chain, options.seed + number, False)[:-1])
    print(f"chain of {options.layers} x (Dense, LIF) of {options.neurons} neurons, {options.steps} steps, seed "
          f"{options.seed}; {share:.1%} of the last layer's neurons spike in a step")
    print("| runtime | start-up, s | run, s | ms a step | processor time, s |\n|---|---|---|---|---|")
    medians = {}
    for attach, name in ((False, "Lava"), (True, "tephra")):
        start, run, processor = (statistics.median(row[i] for row in rows[attach]) for i in range(3))
        medians[attach] = run, processor
        print(f"| {name} | {start:.3f} | {run:.3f} | {run / options.steps * 1000:.3f} | {processor:.3f} |")
    print(f"tephra runs {medians[False][0] / medians[True][0]:.1f} times as fast, and takes "
          f"{medians[False][1] / medians[True][1]:.1f} times less processor time; results equal; load of the machine "
          f"{os.getloadavg()[0]:.1f}")


def compare_graphs(options):
    sys.path.insert(0, str(ROOT / "tests" / "python" / "lava_bridge"))
    import random_graphs

    equal, refused, active, engine_alone = 0, 0, 0, 0
    for seed in range(options.seed, options.seed + options.graphs):
        held = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ours = random_graphs.record(seed, options.steps, lambda p: held.append(tephra.lava.attach(p)), split=20)
            except tephra.Error as out_of_range:
                if not random_graphs.is_out_of_range(out_of_range):
                    raise
                refused += 1
                print(f"seed {seed}: refused: {out_of_range}", flush=True)
                continue
            theirs = random_graphs.record(seed, options.steps, None)
        different = [label for (label, a), (_, b) in zip(ours, theirs) if not np.array_equal(a, b)]
        equal += not different
        active += all(data.any() for label, data in theirs)
        engine_alone += all(p.where != "python" for p in held[0].runtime.placements)
        if different:
            print(f"seed {seed}: differ: {', '.join(different)}", flush=True)
    print(f"{equal} of {options.graphs} random programs equal over {options.steps} steps, seeds from {options.seed}, "
          f"{refused} refused since a sum or a state left the range of the law; of the others the engine ran alone in "
          f"{engine_alone}, and all that was recorded was active in {active}")
    sys.exit(equal + refused != options.graphs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--graphs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=secrets.randbits(30))
    options = parser.parse_args()
    options.steps = options.steps or (50 if options.graphs else 1000)
    compare_graphs(options) if options.graphs else time_chain(options)


if __name__ == "__main__":
    main()

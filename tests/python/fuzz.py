"""Calls the API with random arguments: python fuzz.py CALLS SEED FOLDER. Calls may write into the folder, but for kept/ in
it. What is refused must be refused by tephra.Error, or by Python where the number or names of arguments are wrong; nothing
may crash the interpreter. Prints outcomes, and what was never called."""

import inspect
import random
import signal
import sys
import traceback
from pathlib import Path

import numpy as np

import tephra

LONGEST_S = 0.2  # a call that takes longer is interrupted
SELDOM = {"validate": 0.4, "html": 0.5, "_repr_html_": 0.5}  # share of calls that take long and are made all the same


class TooLong(Exception):
    pass


in_call = False


def interrupt(*_):
    """A thread of the call may get the signal, and late: what comes after the call is ignored."""
    global in_call
    if in_call:
        in_call = False
        raise TooLong


def values(folder, rng):
    """Values of all kinds, good and bad."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    small = [None, True, False, 0, 1, -1, 2, 3, 7, 2**31, -(2**31), 2**63, 2**64, 10**30, 0.0, 0.5, float("nan")]
    floats = [float("inf"), -1e300, 1e-320, 1j, b"bytes", "", "a", "b", "native", "golden", "layer", "spikes", "u", "v"]
    words = ["kapoho-point", "oheo-gulch", "loihi2", "no-such-name", "\ud800", "\0", "x" * 300, "b:spikes", "c:u"]
    arrays = [
        np.zeros(0),
        np.zeros((3, 4)),
        np.ones((30, 20), np.int8),
        np.arange(600, dtype=np.uint64).reshape(30, 20) * 2**60,
        np.ones(20, np.int32),
        np.ones((2, 20), np.int32)[:, ::-1],
        np.ones(40, np.int32)[::2],
        numbers.integers(-300, 300, (20, 30)),
        np.array(5),
        np.array(["text"]),
        np.array([None, 3]),
        np.full(20, np.nan),
        np.zeros((1,) * 32),
        np.broadcast_to(np.int32(1), (4, 20)),
        np.array([(1, 2)], dtype=[("a", int), ("b", int)]),
        np.array("2020", "datetime64"),
        np.frombuffer(bytes(81), np.int32, 20, 1) if numbers.integers(2) else np.ones(20, ">i4"),
    ]
    nested = [[], [[]], [1, 2, 3], [[1, 2], [3]], [None], ["a", "b"], {}, {"a": 1}, set(), object(), int, print, range(20)]
    paths = [folder / "out.tph", folder, folder / "absent" / "x", str(folder / "good.tph"), "/proc/self/mem"]
    paths += [folder / "damaged.tph", folder / "damaged.net", folder / "run.json", folder / "map.json"]
    return small + floats + words + arrays + nested + paths


def things(folder, rng):
    """Objects to call methods of, made anew."""
    builder = tephra.NetworkBuilder("fuzz")
    a = builder.layer("a", 20, tephra.neurons.relay(), message_bits=8)
    b = builder.layer("b", 30, tephra.neurons.lif(threshold=50))
    c = builder.layer("c", 10, tephra.neurons.leaky_readout(), message_bits=24)
    builder.connect(a, b, tephra.synapses.dense(np.ones((30, 20), int) * 9))
    builder.connect(b, c, tephra.synapses.dense(np.ones((10, 30), int)), delay=1)
    builder.input(a)
    builder.output(b)
    net = builder.build()
    model = tephra.load(folder / "kept" / "good.tph")
    run = tephra.Run.read(folder / "kept" / "run.json")
    made = [
        builder,
        net,
        tephra.Engine(net),
        model,
        model.engine(streams=2, threads=1),
        model.generate([1, 2], tokens=3),
        tephra.Machine("oheo-gulch"),
        tephra.CostTable("loihi2"),
        tephra.map_program(net, "oheo-gulch"),
        run,
        tephra.price(run),
        tephra.compare(run),
        tephra.run(net, input=np.ones(20, int), steps=3),
        tephra.neurons.lif(threshold=5),
        tephra.synapses.dense(np.ones((30, 20), int)),
        tephra.Error("x"),
    ]
    rng.shuffle(made)
    return made


def functions():
    """Everything public that can be called."""
    out = [getattr(tephra, name) for name in tephra.__all__ if callable(getattr(tephra, name))]
    for module in (tephra.neurons, tephra.synapses):
        out += [getattr(module, name) for name in module.__all__ if callable(getattr(module, name))]
    from tephra import _core

    natives = [getattr(_core, name) for name in dir(_core) if not name.startswith(("__", "pybind11"))]
    return [f for f in out + natives if callable(f) and f is not tephra.Error]


def methods(things):
    """Names of all that can be called of each kind of object, but for what draws."""
    names = {}
    for thing in things:
        kind = type(thing)
        members = [name for name in dir(kind) if not name.startswith(("_", "plot")) and callable(getattr(kind, name))]
        members = [name for name in members if not hasattr(BaseException, name)]
        names[kind] = members + ["_repr_html_"] * hasattr(kind, "_repr_html_")
    return names


def title(call):
    """How a call is named in what is printed."""
    native = inspect.isbuiltin(call) and call.__name__ in dir(tephra._core)
    return f"_core.{call.__name__}" if native else call.__qualname__


def arguments(call, rng, pool):
    """Random arguments, by the names of the signature where it is known."""
    try:
        parameters = list(inspect.signature(call).parameters.values())
    except (TypeError, ValueError):
        return [rng.choice(pool) for _ in range(rng.randrange(5))], {}
    positional, named = [], {}
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
            positional += [rng.choice(pool) for _ in range(rng.randrange(3))]
        elif parameter.kind is parameter.VAR_KEYWORD:
            if rng.random() < 0.1:
                named["anything"] = rng.choice(pool)
        elif parameter.default is parameter.empty or rng.random() < 0.2:
            named[parameter.name] = rng.choice(pool)
    return positional, named


def load_extras():
    """What results load on use: an interrupt in the middle of that would leave halves."""
    for name in ("pandas", "matplotlib.pyplot", "tqdm.auto", "nir"):
        try:
            __import__(name)
        except ModuleNotFoundError:
            pass


def choose(everything, made, rng):
    """A function, or half the time a method of an object."""
    while True:
        call = rng.choice(everything)
        if rng.random() < 0.5:
            thing = rng.choice(made)
            names = methods([thing])[type(thing)]
            call = getattr(thing, rng.choice(names)) if names else call
        if rng.random() < SELDOM.get(call.__name__, 1):
            return call


def main():
    global in_call
    load_extras()
    calls, seed, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    rng = random.Random(seed)
    signal.signal(signal.SIGALRM, interrupt)
    everything = functions()
    outcome, called = {}, set()
    # A callback of the pool, print, may be given as progress: what it prints is not the result. Not set anew a call: an
    # interrupt in the middle of that would leave it so.
    results, sys.stdout = sys.stdout, sys.stderr
    for k in range(calls):
        if k % 200 == 0:
            made = things(folder, rng)
            plain = values(folder, rng)
        call = choose(everything, made, rng)
        positional, named = arguments(call, rng, plain + made)
        name = title(call)
        called.add(name)
        print(k, name, file=sys.stderr, flush=True)
        try:
            try:
                in_call = True
                signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
                call(*positional, **named)
                kind = "returned"
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                in_call = False
        except tephra.Error as error:
            kind = "refused"
            assert error.message and error.code, error
        except TooLong:
            kind = "interrupted"
        except (TypeError, MemoryError, StopIteration) as error:
            print("  ", type(error).__name__, str(error).split("\n")[0], file=sys.stderr)
            kind = type(error).__name__
        except Exception:
            print(f"call {k}: {name} of seed {seed}", file=sys.stderr)
            traceback.print_exc()
            kind = "other"
        outcome[kind] = outcome.get(kind, 0) + 1
    sys.stdout = results
    wanted = {title(call) for call in everything}
    wanted |= {title(getattr(kind, name)) for kind, names in methods(made).items() for name in names}
    print(sum(outcome.values()), "calls:", outcome)
    print("never called:", ", ".join(sorted(wanted - called)) or "nothing")


if __name__ == "__main__":
    main()

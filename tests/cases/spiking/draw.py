"""Random values, and the parts that cases are put together from."""
import random

import lava_reference

STEPS = 40
INT = 24  # bits of graded messages
MAX_V = 2**23 - 1


class Draw:
    """Random values that favour edges."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def edgy(self, low, high):
        kind = self.rng.random()
        if kind < 0.25:
            return self.rng.choice([low, low + 1, high - 1, high]) if high > low else low
        if kind < 0.45 and low <= 0 <= high:
            return min(max(self.rng.randint(-3, 3), low), high)
        if kind < 0.7:
            bits = self.rng.randint(0, max(abs(low), abs(high)).bit_length())
            return min(max(self.rng.choice([-1, 1]) * self.rng.randint(0, 2**bits), low), high)
        return self.rng.randint(low, high)

    def row(self, n, low, high):
        return [self.edgy(low, high) for _ in range(n)]

    def rows(self, steps, n, low, high, rate=1.0):
        return [[self.edgy(low, high) if self.rng.random() < rate else 0 for _ in range(n)] for _ in range(steps)]

    def spikes(self, steps, n, rate):
        return [[int(self.rng.random() < rate) for _ in range(n)] for _ in range(steps)]

    def matrix(self, rows, columns, low, high, rate=1.0):
        return self.rows(rows, columns, low, high, rate)

    def pick(self, *values):
        return self.rng.choice(values)


def population(name, model, n, offered=None, **parameters):
    """`offered`: rows of values that reach the first port in the step in which they are offered."""
    made = {"name": name, "model": model, "n": n, "parameters": parameters}
    return made if offered is None else made | {"offered": offered}


def connection(source, target, format, port=0, **parameters):
    return {"from": source, "to": target, "port": port, "format": format, "parameters": parameters}


def identity(source, target, n, port=0):
    """Hands each graded value on as it is, a step later."""
    weights = [[int(i == k) for k in range(n)] for i in range(n)]
    return connection(source, target, "dense", port, weights=weights, sign_mode="excitatory", message_bits=INT)


def case(name, populations, connections, steps=STEPS):
    made = {"name": name, "steps": steps, "populations": populations, "connections": connections}
    made["expected"], ends = lava_reference.run(made)
    if ends:
        made["ends"] = ends
    return made


def driven(name, model, rows, steps=STEPS, **parameters):
    """One population whose sums are the given rows."""
    n = len(rows[0])
    return case(name, [population("in", "input", n, rows=rows), population("x", model, n, **parameters)],
                [identity("in", "x", n)], steps)


def driven_pair(name, model, first, second, steps=STEPS, **parameters):
    """One population with two ports: the sums of each are the given rows."""
    n = len(first[0])
    return case(name, [population("a", "input", n, rows=first), population("b", "input", n, rows=second),
                       population("x", model, n, **parameters)],
                [identity("a", "x", n, 0), identity("b", "x", n, 1)], steps)

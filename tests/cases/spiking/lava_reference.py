"""A second implementation of Lava's fixed-point semantics, to judge neuro/spiking by.

Written from a description of Lava (lava-nc 0.11.0.dev, lava-dl) alone, and for what Lava does not have from
docs/numerics.md, section 11, but not from the code that it checks: plain loops over integers of unlimited size, one
neuron at a time. Needs only Python 3.

A network is populations joined by connections. Steps count from 1. In a step every connection first sends what it
computed in the step before, then every population updates, then every connection takes the new messages.
"""
import neurons
from connections import conv, dense, one_to_one, pool

MODELS = {"input": neurons.Input, "lif": neurons.Lif, "ternary_lif": neurons.TernaryLif, "readout": neurons.Readout,
          "sigma": neurons.Sigma, "delta": neurons.Delta, "sigma_delta": neurons.SigmaDelta,
          "graded": neurons.GradedVec, "graded_relu": neurons.GradedRelu, "threshold": neurons.Threshold,
          "product": neurons.Product, "resonate_fire": neurons.ResonateFire,
          "izhikevich": neurons.Izhikevich}
FORMATS = {"dense": dense, "sparse": dense, "one_to_one": one_to_one, "conv": conv, "pool": pool}
PORTS = 2


def ports_of(population, step, sent):
    """The sums of a population's ports: of all connections, and what is offered from outside."""
    ports = [[0] * population["n"] for _ in range(PORTS)]
    for to, port, values in sent:
        if to == population["name"]:
            assert len(values) == population["n"], (to, len(values))
            ports[port] = [a + b for a, b in zip(ports[port], values)]
    offered = population.get("offered", [])
    if step <= len(offered):
        ports[0] = [a + b for a, b in zip(ports[0], offered[step - 1])]
    return ports


def run(case):
    """What each population but inputs sends and holds after each step: {name: {"out" or state: [row a step]}}; and
    the step and the population in which a value leaves its range, where one does: what came before is complete."""
    models, connections, seen = {}, [], {}
    for p in case["populations"]:
        models[p["name"]] = MODELS[p["model"]](p["n"], **p["parameters"])
        if p["model"] != "input":
            seen[p["name"]] = {key: [] for key in ("out",) + models[p["name"]].states}
    for c in case["connections"]:
        connections.append((c["from"], c["to"], c["port"], FORMATS[c["format"]](**c["parameters"])))
    for step in range(1, case["steps"] + 1):
        sent = [(to, port, connection.send()) for _, to, port, connection in connections]
        messages = {}
        for p in case["populations"]:
            name = p["name"]
            try:
                messages[name] = models[name].update(step, ports_of(p, step, sent))
            except neurons.OutOfRange:
                return seen, {"step": step, "population": name}
        for name, rows in seen.items():
            for key in rows:
                rows[key].append(list(messages[name] if key == "out" else getattr(models[name], key)))
        for source, _, _, connection in connections:
            connection.receive(messages[source])
    return seen, None

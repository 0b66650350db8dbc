"""A second implementation of Lava's fixed-point semantics, to judge neuro/spiking by.

Written from a description of Lava (lava-nc 0.11.0.dev, lava-dl) alone, not from the code that it checks: plain loops
over integers of unlimited size, one neuron at a time. Needs only Python 3.

A network is populations joined by connections. Steps count from 1. In a step every connection first sends what it
computed in the step before, then every population updates, then every connection takes the new messages.
"""
import neurons
from connections import conv, dense, sum_pool

MODELS = {"input": neurons.Input, "lif": neurons.Lif, "ternary_lif": neurons.TernaryLif, "readout": neurons.Readout,
          "sigma": neurons.Sigma, "delta": neurons.Delta, "sigma_delta": neurons.SigmaDelta,
          "graded": neurons.GradedVec, "graded_relu": neurons.GradedRelu, "product": neurons.Product,
          "resonate_fire": neurons.ResonateFire, "izhikevich": neurons.Izhikevich}
TWO_PORTS = ("product", "resonate_fire", "izhikevich")
FORMATS = {"dense": dense, "sparse": dense, "conv": conv, "sum_pool": sum_pool}


def run(case):
    """What every population of a case sends and holds after each step: {name: {"out" or state: [row a step]}}."""
    populations, connections, seen = {}, [], {}
    for p in case["populations"]:
        populations[p["name"]] = MODELS[p["model"]](p["n"], **p["parameters"])
        seen[p["name"]] = {key: [] for key in ("out",) + populations[p["name"]].states}
    for c in case["connections"]:
        make = FORMATS[c["format"]]
        connections.append((c["from"], c["to"], c.get("port", 0), make(**c["parameters"])))
    for step in range(1, case["steps"] + 1):
        sent = [(to, port, connection.send()) for _, to, port, connection in connections]
        messages = {}
        for p in case["populations"]:
            name, model = p["name"], populations[p["name"]]
            ports = [[0] * p["n"] for _ in range(2 if p["model"] in TWO_PORTS else 1)]
            for to, port, values in sent:
                if to == name:
                    assert len(values) == p["n"], (case["name"], name, len(values))
                    ports[port] = [a + b for a, b in zip(ports[port], values)]
            messages[name] = model.update(step, ports)
            seen[name]["out"].append(list(messages[name]))
            for state in model.states:
                seen[name][state].append(list(getattr(model, state)))
        for source, _, _, connection in connections:
            connection.receive(messages[source])
    return seen

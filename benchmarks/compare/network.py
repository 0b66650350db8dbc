"""A network of integrate-and-fire layers that tephra and SANA-FE both compute exactly, and its files.

Integers alone: weights within +-127 with 127 in every layer, so that 8-bit fixed point is exact; thresholds, constant
currents and potentials far below 2^17. No leak, since both programs round leaks differently. A spike counts in the
next step; v > threshold spikes; then v = 0. Each layer is driven by a constant current for each neuron, which keeps the
rates of all layers alike; random weights to the next layer with a mean of 0 make the spikes irregular.
"""
import json

import h5py
import numpy as np

from placement import (FAN_OUT, LARGEST_WEIGHT, LAYER_NEURONS, LAYERS, LEAST_CURRENT, MOST_CORE_NEURONS, MOST_CURRENT,
                       THRESHOLD, layer_name)


def generate(seed, reach):
    """currents [layer][neuron]; targets and weights [layer - 1][source][synapse]: what layer 1 and later ones get. The
    targets of neuron i are FAN_OUT of the `reach` neurons around i of the next layer, which is a ring."""
    draw = np.random.default_rng(seed)
    shape = (LAYERS - 1, LAYER_NEURONS, FAN_OUT)
    offsets = np.broadcast_to(np.arange(-(reach // 2), reach - reach // 2, dtype=np.int32), (*shape[:2], reach))
    around = draw.permuted(offsets, axis=2)[:, :, :FAN_OUT]
    targets = (around + np.arange(LAYER_NEURONS, dtype=np.int32)[:, None]) % LAYER_NEURONS
    weights = draw.integers(1, LARGEST_WEIGHT + 1, shape, np.int32) * draw.choice(np.array([-1, 1], np.int32), shape)
    weights[:, 0, 0] = LARGEST_WEIGHT
    currents = draw.integers(LEAST_CURRENT, MOST_CURRENT + 1, (LAYERS, LAYER_NEURONS), np.int32)
    return {"currents": currents, "targets": targets, "weights": weights}


def write_nir(network, path):
    """In steps of 1 s and with r = 1, currents and weights are what is added to a potential in a step."""
    def put(nodes, name, kind, **parameters):
        group = nodes.create_group(name)
        group["type"] = kind
        for key, value in parameters.items():
            compression = {"compression": "gzip", "compression_opts": 1} if np.ndim(value) == 2 else {}
            group.create_dataset(key, data=value, **compression)

    with h5py.File(path, "w") as file:
        graph = file.create_group("node")
        graph["type"] = "NIRGraph"
        nodes = graph.create_group("nodes")
        put(nodes, "input", "Input", shape=np.array([1]))
        chain = ["input"]
        for layer in range(LAYERS):
            matrix = np.zeros((LAYER_NEURONS, LAYER_NEURONS if layer else 1), np.float32)
            if layer:
                matrix[network["targets"][layer - 1], np.arange(LAYER_NEURONS)[:, None]] = network["weights"][layer - 1]
            name = layer_name(layer)
            put(nodes, "to_" + name, "Affine", weight=matrix, bias=network["currents"][layer].astype(np.float32))
            put(nodes, name, "IF", r=np.ones(LAYER_NEURONS, np.float32), v_reset=np.zeros(LAYER_NEURONS, np.float32),
                v_threshold=np.full(LAYER_NEURONS, THRESHOLD, np.float32))
            chain += ["to_" + name, name]
        put(nodes, "output", "Output", shape=np.array([LAYER_NEURONS]))
        chain.append("output")
        graph.create_dataset("edges", data=np.array(list(zip(chain, chain[1:])), object), dtype=h5py.string_dtype())


def plain(value):
    """A machine description without the sources of its numbers."""
    if not isinstance(value, dict):
        return value
    return value["value"] if "value" in value else {key: plain(item) for key, item in value.items()}


def machine_of(description):
    """The machine file's Loihi 2 with all 128 cores, and room for the network and its one input neuron."""
    machine = plain(description)
    machine["name"] = "beside-sanafe"
    del machine["mesh"]["usable_cores"]
    machine["synapse_formats"] = ["int8"]
    machine["core"]["neurons"] = MOST_CORE_NEURONS
    return machine


def write_architecture(machine, path):
    """The same chip for SANA-FE: YAML, of which JSON is a subset. Times are seconds; energies are not asked for."""
    mesh, timing = machine["mesh"], {key: value * 1e-12 for key, value in machine["timing"].items()}
    tile = {}
    for way in ("north", "south", "east", "west"):
        hop = mesh["hop_y_ps" if way in ("north", "south") else "hop_x_ps"]
        tile |= {f"energy_{way}_hop": 0.0, f"latency_{way}_hop": hop * 1e-12}

    def unit(name, **attributes):
        return [{"name": name, "attributes": attributes}]

    core = {
        "name": f"core[0..{mesh['cores_per_tile'] - 1}]",
        "attributes": {"buffer_position": "soma", "max_neurons_supported": machine["core"]["neurons"]},
        "axon_in": unit("in", energy_message_in=0.0, latency_message_in=timing["message_in_ps"]),
        "synapse": unit("synapse", model="current_based", energy_process_spike=0.0,
                        latency_process_spike=timing["synop_ps"]),
        "dendrite": unit("dendrite", model="accumulator", energy_update=0.0, latency_update=0.0),
        "soma": unit("soma", model="leaky_integrate_fire", energy_access_neuron=0.0, latency_access_neuron=0.0,
                     energy_update_neuron=0.0, latency_update_neuron=timing["neuron_fixed_function_ps"],
                     energy_spike_out=0.0, latency_spike_out=timing["spike_ps"]),
        "axon_out": unit("out", energy_message_out=0.0, latency_message_out=timing["message_out_ps"]),
    }
    tiles = mesh["tiles_x"] * mesh["tiles_y"]
    barrier = machine["barrier"]
    barrier = (barrier["base_ps"] + barrier["per_tile_ps"] * tiles + barrier["per_chip_ps"]) * 1e-12
    architecture = {
        "name": machine["name"],
        "attributes": {"topology": "mesh", "width": mesh["tiles_x"], "height": mesh["tiles_y"],
                       "link_buffer_size": mesh["buffer_packets"], "sync_model": "fixed", "latency_sync": barrier},
        "tile": [{"name": f"tile[0..{tiles - 1}]", "attributes": tile, "core": [core]}],
    }
    with open(path, "w") as file:
        json.dump({"architecture": architecture}, file, indent=1)

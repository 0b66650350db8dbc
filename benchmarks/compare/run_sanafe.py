#!/usr/bin/env python3
"""Runs a network on SANA-FE through its Python interface, in a process of its own. Started by beside_sanafe.py.

  run_sanafe.py ARCHITECTURE NETWORK.npz WARM STEPS RESULT.json [SPIKES.npz]

Simulates WARM steps, then times STEPS more, in detailed mode (SANA-FE's default) and with its default of threads. With
SPIKES.npz, records which neurons spike, [steps][layer][neuron], and counts the hops of all messages.
"""
import json
import resource
import sys
import time

sys.dont_write_bytecode = True

import numpy as np
import sanafe

from placement import THRESHOLD, core_of, layer_name


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def build(architecture, arrays, log_spikes):
    """The network; big temporary lists live for one layer only."""
    cores = architecture.cores()
    network = sanafe.Network()
    layers = []
    for layer, currents in enumerate(arrays["currents"]):
        group = network.create_neuron_group(layer_name(layer), len(currents), log_spikes=log_spikes, model_attributes={
            "threshold": float(THRESHOLD), "leak_decay": 1.0, "reset": 0.0, "reset_mode": "hard", "force_update": True})
        for index, neuron in enumerate(group.neurons):
            neuron.set_attributes(model_attributes={"bias": float(currents[index])})
            neuron.map_to_core(cores[core_of(layer, index)])
        layers.append(group)
    for layer, (targets, weights) in enumerate(zip(arrays["targets"], arrays["weights"])):
        sources = np.repeat(np.arange(len(targets)), targets.shape[1])
        layers[layer].connect_neurons_sparse(layers[layer + 1], {"weight": weights.ravel().astype(float).tolist()},
                                             list(zip(sources.tolist(), targets.ravel().tolist())))
    return network


def raster(trace, layers, neurons):
    """The spike trace, a list of neurons for each step, as an array."""
    spikes = np.zeros((len(trace), layers, neurons), np.int8)
    numbers = {layer_name(layer): layer for layer in range(layers)}
    for step, spiking in enumerate(trace):
        for neuron in spiking:
            spikes[step, numbers[neuron.group_name], neuron.neuron_offset] = 1
    return spikes


def main():
    architecture_file, network_file, warm, steps, result_file, *spikes_file = sys.argv[1:]
    started = time.perf_counter()
    with np.load(network_file) as file:
        arrays = {name: file[name] for name in file.files}
    architecture = sanafe.load_arch(architecture_file)
    chip = sanafe.SpikingChip(architecture)
    chip.load(build(architecture, arrays, bool(spikes_file)))
    set_up, loaded = time.perf_counter() - started, peak_mib()
    traces = {"spike_trace": True, "message_trace": True} if spikes_file else {}
    runs = [chip.sim(int(warm), timing_model="detailed", **traces)]
    wall, cpu = time.perf_counter(), time.process_time()
    runs.append(chip.sim(int(steps), timing_model="detailed", **traces))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    counts = {name: sum(run[key] for run in runs) for name, key in
              (("spikes", "neurons_fired"), ("packets", "packets_sent"), ("synops", "spikes"))}
    if spikes_file:
        trace = [step for run in runs for step in run["spike_trace"]]
        np.savez_compressed(spikes_file[0], spikes=raster(trace, *arrays["currents"].shape))
        counts["hops"] = sum(message["hops"] for run in runs for step in run["message_trace"] for message in step)
    with open(result_file, "w") as file:
        json.dump({"set_up": set_up, "wall": wall, "cpu": cpu, "loaded_mib": loaded, "counts": counts,
                   "simulated_s": sum(run["sim_time"] for run in runs)}, file)


if __name__ == "__main__":
    main()

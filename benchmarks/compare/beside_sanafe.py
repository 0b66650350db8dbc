#!/usr/bin/env python3
"""Times tephra beside SANA-FE, a simulator of others, on one generated network and one mapping. Prints a table; fails
when spikes, packets or synaptic events differ.

  python3 -m venv V && V/bin/pip install sanafe numpy h5py
  V/bin/python benchmarks/compare/beside_sanafe.py [--tephra build/release/tephra] [--steps 400] [--rounds 5]

SANA-FE (GPL 3) is run as it is installed, in a process of its own (run_sanafe.py). First both programs record every
spike of the network (network.py). Then they run in turn without recording. Steps before the first spikes reach the last
layer (--warm) are run but not timed. tephra does not print times: the time of STEPS steps is that of a process which
runs WARM + STEPS less that of one which runs WARM. Processor time is of all threads; memory is the peak of the process,
set-up included.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import numpy as np

import network
import placement

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COUNTS = {"spikes": "spikes", "packets": "packets between cores", "hops": "hops", "synops": "synaptic events"}
CHECKED_STEPS = 60


# Runs a command in a process whose parent is small: Linux counts what a process took before it started its program, and
# that is a copy of this one, arrays and all.
MEASURED = """
import json, os, sys, time
started = time.perf_counter()
child = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
measured = {"wall": time.perf_counter() - started, "cpu": usage.ru_utime + usage.ru_stime,
            "mib": usage.ru_maxrss / 1024, "code": os.waitstatus_to_exitcode(status)}
os.write(int(sys.argv[1]), json.dumps(measured).encode())
"""


def run(command, log):
    """Wall time, processor time and peak memory (MiB) of a process. Ends the program when it fails."""
    reading, writing = os.pipe()
    small = [sys.executable, "-S", "-c", MEASURED, str(writing)]
    with open(log, "w") as file:
        process = subprocess.Popen(small + command, stdout=file, stderr=subprocess.STDOUT, pass_fds=(writing,))
        os.close(writing)
        with os.fdopen(reading) as pipe:
            measured = json.load(pipe)
        process.wait()
    if measured["code"] != 0:
        with open(log) as file:
            sys.exit(f"{' '.join(command)}\nfailed ({measured['code']}):\n{file.read()[-2000:]}")
    return measured


class Tephra:
    def __init__(self, program, folder, mesh):
        self.program, self.folder, self.mesh, self.mapping = program, folder, mesh, None

    def file(self, name):
        return os.path.join(self.folder, name)

    def read(self):
        """Makes a deployment file of the NIR file, once, as SANA-FE gets a list of synapses and no dense matrices."""
        read = run([self.program, "import", self.file("network.nir"), "--dt", "1", "-o", self.file("network.tph")],
                   self.file("tephra.log"))
        print(f"tephra import: {read['wall']:.1f} s, {read['mib']:.0f} MiB, not part of what follows")

    def simulate(self, steps, *options):
        command = [self.program, "simulate", self.file("network.tph"), "--machine", self.file("machine.json"),
                   "--steps", str(steps), "--noc", "contended", "-o", self.file("run.json"), *options]
        if self.mapping:
            command += ["--map", self.mapping]
        measured = run(command, self.file("tephra.log"))
        with open(self.file("run.json")) as file:
            self.last = json.load(file)
        return measured

    def place(self):
        """Writes the mapping. What it must name, a run of one step tells."""
        self.simulate(1)
        slices, used = [], 0
        for population in self.last["populations"]:
            name = population["name"]
            if population["on_host"]:
                slices.append([])
            elif name == "input":
                slices.append([0, 0, 1])
            else:
                slices.append(placement.layer_slices(used, self.mesh))
                assert name == placement.layer_name(used), name
                used += 1
        mapping = {"tephra_mapping": 1, **{key: self.last[key] for key in ("model", "machine", "machine_name")},
                   "synapse_format": "int8", "head_on_host": False, "streams": 1, "slices": slices}
        self.mapping = self.file("mapping.json")
        with open(self.mapping, "w") as file:
            json.dump(mapping, file)

    def counts(self):
        """Of the neurons of all layers. What the last layer sends goes to the host, of which SANA-FE has none."""
        counts = dict.fromkeys(COUNTS, 0)
        for population in self.last["populations"]:
            if not population["name"].startswith("layer"):
                continue
            kinds = dict(zip(self.last["event_kinds"], population["counts"]))
            counts["spikes"] += kinds["neuron_update"] - kinds["skipped"]
            counts["synops"] += kinds["synop_int8"]
            if population["name"] != placement.layer_name(placement.LAYERS - 1):
                counts["packets"] += kinds["message_out"]
                counts["hops"] += kinds["hop_x"] + kinds["hop_y"]  # of flits, and a spike is one
        return counts

    def spikes(self, steps):
        names = [placement.layer_name(layer) for layer in range(placement.LAYERS)]
        probes = [part for name in names for part in ("--probe", name + ":spikes")]
        self.simulate(steps, "--record", self.file("tephra.npz"), *probes)
        with np.load(self.file("tephra.npz")) as file:
            return np.stack([file[name + ":spikes"].reshape(steps, -1) for name in names], axis=1)


class SanaFe:
    def __init__(self, python, folder):
        self.python, self.folder = python, folder

    def file(self, name):
        return os.path.join(self.folder, name)

    def simulate(self, warm, steps, *spikes):
        measured = run([self.python, os.path.join(HERE, "run_sanafe.py"), self.file("architecture.yaml"),
                        self.file("network.npz"), str(warm), str(steps), self.file("sanafe.json"), *spikes],
                       self.file("sanafe.log"))
        with open(self.file("sanafe.json")) as file:
            self.last = json.load(file)
        return measured

    def spikes(self, steps):
        self.simulate(1, steps - 1, self.file("sanafe.npz"))
        with np.load(self.file("sanafe.npz")) as file:
            return file["spikes"]


def compare_spikes(ours, theirs):
    """Ends the program where a neuron spikes in one program alone."""
    if ours.shape != theirs.shape:
        sys.exit(f"spikes of tephra {ours.shape}, of SANA-FE {theirs.shape}: (steps, layers, neurons) differ")
    differences = np.argwhere(ours != theirs)
    if len(differences):
        step, layer, neuron = differences[0]
        sys.exit(f"{len(differences)} spikes differ, the first in step {step + 1}, layer {layer}, neuron {neuron}: "
                 f"tephra {ours[step, layer, neuron]}, SANA-FE {theirs[step, layer, neuron]}")
    if not ours[:, -1].any():
        sys.exit("no spike in the last layer: the comparison shows nothing")
    print(f"every one of {ours.sum()} spikes of {len(ours)} steps is the same, step by step and neuron by neuron")


def compare_counts(ours, theirs, steps):
    """`theirs` lacks hops where nothing was recorded."""
    for key, name in COUNTS.items():
        if key not in theirs:
            continue
        if ours[key] != theirs[key]:
            sys.exit(f"{name} in {steps} steps: tephra {ours[key]}, SANA-FE {theirs[key]}")
        print(f"{name}: {ours[key]} in {steps} steps, in both; {ours[key] / steps:.0f} a step")


def print_table(rows):
    columns = [("", "{}"), ("steps/s", "{:.1f}"), ("steps a processor second", "{:.1f}"), ("whole run, s", "{:.1f}"),
               ("of it processor, s", "{:.1f}"), ("peak memory, MiB", "{:.0f}")]
    print("\n| " + " | ".join(name for name, _ in columns) + " |\n" + "|---" * len(columns) + "|")
    for row in rows:
        print("| " + " | ".join(form.format(cell) for (_, form), cell in zip(columns, row)) + " |")


def print_header(options):
    """What was run, and where."""
    def output(*command):
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()

    commit = output("git", "describe", "--always", "--dirty")
    sanafe = output(options.python, "-c", "import importlib.metadata as m; print(m.version('sanafe'))")
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    print(f"# {time.strftime('%Y-%m-%d')}, commit {commit}, SANA-FE {sanafe}; {os.cpu_count()} cores of "
          f"{models[0] if models else 'an unknown processor'}, load {os.getloadavg()[0]:.1f}\n"
          f"# seed {options.seed}, reach {options.reach}, {options.steps} steps after {options.warm}\n", flush=True)


def measure(tephra, sanafe, options):
    """One row for each program and run: rates while spikes go through all layers, then the whole process."""
    whole = options.warm + options.steps
    ours, theirs = [], []
    for _ in range(options.rounds):
        process = sanafe.simulate(options.warm, options.steps)
        theirs.append((options.steps / sanafe.last["wall"], options.steps / sanafe.last["cpu"], process["wall"],
                       process["cpu"], process["mib"]))
        before = tephra.simulate(options.warm)
        process = tephra.simulate(whole)
        wall, cpu = process["wall"] - before["wall"], process["cpu"] - before["cpu"]
        if wall <= 0 or cpu <= 0:
            sys.exit("the time of more steps is not above that of fewer: take more --steps, or a quieter machine")
        ours.append((options.steps / wall, options.steps / cpu, process["wall"], process["cpu"], process["mib"]))
    compare_counts(tephra.counts(), sanafe.last["counts"], whole)
    print(f"simulated time of {whole} steps: tephra {tephra.last['elapsed_ps'] * 1e-6:.1f} us (of it host "
          f"{tephra.last['host_ps'] * 1e-6:.1f} us), SANA-FE {sanafe.last['simulated_s'] * 1e6:.1f} us")
    return ours, theirs


def report(ours, theirs):
    rows = [(f"{name}, run {index + 1}", *row) for index in range(len(ours))
            for name, row in (("SANA-FE", theirs[index]), ("tephra", ours[index]))]
    middle = [[statistics.median(column) for column in zip(*runs)] for runs in (theirs, ours)]
    print_table(rows + [("SANA-FE, median", *middle[0]), ("tephra, median", *middle[1])])
    ratios = [a[0] / b[0] for a, b in zip(ours, theirs)]
    print(f"\ntephra over SANA-FE, medians: {middle[1][0] / middle[0][0]:.1f} x steps/s (runs: {min(ratios):.1f} to "
          f"{max(ratios):.1f}), {middle[1][1] / middle[0][1]:.1f} x steps a processor second, "
          f"1/{middle[0][4] / middle[1][4]:.1f} of its memory; asked: 10 x, 1/10")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tephra", default=os.path.join(ROOT, "build", "release", "tephra"))
    parser.add_argument("--python", default=sys.executable, help="a Python that has sanafe")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--warm", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="keep all files here")
    parser.add_argument("--reach", type=int, default=160, help="neurons of the next layer that a neuron may reach")
    options = parser.parse_args()
    options.tephra = os.path.abspath(options.tephra)
    if min(options.steps, options.warm, options.rounds) < 1:
        parser.error("--steps, --warm and --rounds are at least 1")
    if not placement.FAN_OUT <= options.reach <= placement.LAYER_NEURONS:
        parser.error(f"--reach is {placement.FAN_OUT} to {placement.LAYER_NEURONS}")
    print_header(options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or temporary
        os.makedirs(folder, exist_ok=True)
        net = network.generate(options.seed, options.reach)
        np.savez(os.path.join(folder, "network.npz"), **net)
        network.write_nir(net, os.path.join(folder, "network.nir"))
        with open(os.path.join(ROOT, "machines", "oheo-gulch.json")) as file:
            machine = network.machine_of(json.load(file))
        with open(os.path.join(folder, "machine.json"), "w") as file:
            json.dump(machine, file)
        network.write_architecture(machine, os.path.join(folder, "architecture.yaml"))
        tephra, sanafe = Tephra(options.tephra, folder, machine["mesh"]), SanaFe(options.python, folder)
        tephra.read()
        tephra.place()
        compare_spikes(tephra.spikes(CHECKED_STEPS), sanafe.spikes(CHECKED_STEPS))
        compare_counts(tephra.counts(), sanafe.last["counts"], CHECKED_STEPS)
        report(*measure(tephra, sanafe, options))


if __name__ == "__main__":
    main()

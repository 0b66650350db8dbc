#!/usr/bin/env python3
"""Measures `tephra measure` beside the same model in PyTorch, BF16 with torch.compile and one CUDA graph a step, in
turns on one GPU: tokens a second and the board's joules by its energy counter.

  python benchmarks/compare/beside_pytorch.py TEPHRA [--models mmfree-370m models/mmf-7m.tph ...]
                                              [--batches 1024 4096] [--rounds 3] [--seconds 2] [--json FILE]

TEPHRA is the program, or several that are measured in turns: `old=path new=path`. A model is a file, or a preset of
`tephra synth`. Needs PyTorch, triton and nvidia-ml-py. Prints medians of the rounds and their range; the ratio of two
rows is that of their medians.

The opponent is made as fast as plain PyTorch goes: ternary weights held as BF16, products by cuBLAS, all else fused by
torch.compile, residuals and states in BF16, no quantization of activations (--quantize adds it), and the whole step
with the head, the greedy choice and the next embedding replayed as one graph.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import pynvml
import torch
import torch.nn.functional as F

EPSILON = 1e-6


def rms_norm(x, weight):
    return (F.rms_norm(x.float(), (x.shape[-1],), eps=EPSILON) * weight.float()).to(x.dtype)


def activations(x, weight, quantize):
    """What a BitLinear multiplies: the second norm, and with `quantize` the 8-bit steps with their scale."""
    y = F.rms_norm(x.float(), (x.shape[-1],), eps=EPSILON) * weight.float()
    if not quantize:
        return y.to(x.dtype), None
    scale = 127.0 / y.abs().amax(-1, keepdim=True).clamp(min=1e-5)
    return (y * scale).round().clamp(-128, 127).to(x.dtype), 1.0 / scale


def product(pair, matrix):
    y, scale = pair
    out = y @ matrix
    return out if scale is None else (out.float() * scale).to(out.dtype)


def block(x, delta, h, w, quantize):
    """A block from the residual sum in front of it; h becomes the new state. Returns x and what the next adds to it."""
    x = x + delta
    a = rms_norm(x, w["attention"])
    f = torch.sigmoid(product(activations(a, w["norm_f"], quantize), w["f"]).float())
    f = w["lower"] + (1 - w["lower"]) * f
    i = product(activations(a, w["norm_i"], quantize), w["i"]).float()
    g = product(activations(a, w["norm_g"], quantize), w["g"])
    state = f * h.float() + F.silu(i) * (1 - f)
    h.copy_(state)
    t = rms_norm(g, w["norm_t"]) * F.silu(state).to(x.dtype)
    x = x + product(activations(t, w["norm_o"], quantize), w["o"])
    z = product(activations(rms_norm(x, w["channel"]), w["norm_gate"], quantize), w["gate"])
    z1, z2 = z.chunk(2, -1)
    delta = product(activations(F.silu(z1) * z2, w["norm_down"], quantize), w["down"])
    return x, delta


def head(x, delta, w, quantize):
    logits = product(activations(rms_norm(x + delta, w["final"]), w["norm_head"], quantize), w["head"])
    return logits.argmax(-1)


class Graph:
    """The model with random weights; step() replays one token of every stream."""

    def __init__(self, shape, batch, quantize):
        d, f, layers, vocabulary = shape["hidden"], shape["intermediate"], shape["layers"], shape["vocabulary"]
        make = {"device": "cuda", "dtype": torch.bfloat16}

        def ternary(rows, columns):
            return torch.randint(-1, 2, (rows, columns), device="cuda").to(torch.bfloat16) * 0.03

        def ones(n):
            return torch.ones(n, **make)

        names = ("attention", "norm_f", "norm_i", "norm_g", "norm_t", "norm_o", "channel", "norm_gate")
        norms = {name: d for name in names}
        self.blocks = [
            {name: ones(n) for name, n in (norms | {"norm_down": f}).items()}
            | {name: ternary(d, d) for name in "figo"}
            | {"gate": ternary(d, 2 * f), "down": ternary(f, d), "lower": torch.rand(d, device="cuda")}
            for _ in range(layers)
        ]
        self.last = {"final": ones(d), "norm_head": ones(d), "head": ternary(d, vocabulary)}
        self.embeddings = torch.randn(vocabulary, d, **make)
        self.ids = torch.randint(0, vocabulary, (batch,), device="cuda")
        self.h = [torch.zeros(batch, d, **make) for _ in range(layers)]
        self.zero = torch.zeros(batch, d, **make)
        self.quantize = quantize
        # Few blocks are compiled as one function, which fuses a little more; many would take minutes.
        self.block, self.head, step = block, head, self._step
        if layers <= 8:
            step = torch.compile(self._step, dynamic=False)
        else:
            self.block, self.head = torch.compile(block, dynamic=False), torch.compile(head, dynamic=False)
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream), torch.no_grad():
            for _ in range(3):
                step()
            stream.synchronize()
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph, stream=stream):
                step()

    def _step(self):
        x, delta = F.embedding(self.ids, self.embeddings), self.zero
        for w, h in zip(self.blocks, self.h):
            x, delta = self.block(x, delta, h, w, self.quantize)
        self.ids.copy_(self.head(x, delta, self.last, self.quantize))

    def step(self):
        self.graph.replay()


class Counter:
    """The board's energy counter, in joules."""

    def __init__(self):
        pynvml.nvmlInit()
        bus = torch.cuda.get_device_properties(0)
        self.handle = pynvml.nvmlDeviceGetHandleByPciBusId(
            f"{bus.pci_domain_id:08x}:{bus.pci_bus_id:02x}:{bus.pci_device_id:02x}.0")

    def joules(self):
        return pynvml.nvmlDeviceGetTotalEnergyConsumption(self.handle) / 1e3


def window(counter, step, seconds):
    """(calls a second, watts) from tick to tick of the counter; at most three calls are under way."""
    events = [torch.cuda.Event() for _ in range(3)]
    calls = 0

    def one():
        nonlocal calls
        events[calls % 3].synchronize()
        step()
        events[calls % 3].record()
        calls += 1

    def until_tick():
        before = counter.joules()
        while True:
            one()
            now = counter.joules()
            if now != before:
                return now, time.perf_counter()

    begin = time.perf_counter()
    while time.perf_counter() < begin + seconds / 2:  # to warm up
        one()
    joules, start = until_tick()
    calls = 0
    while time.perf_counter() < start + seconds:
        one()
    more, end = until_tick()
    return calls / (end - start), (more - joules) / (end - start)


def tephra_window(program, model, batch, seconds):
    command = [program, "measure", model, "--batch", str(batch), "--windows", "1", "--seconds", str(seconds),
               "--warm-up", str(seconds / 2), "--idle", "0.5", "--format", "json"]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["row"]
    return row["tokens_per_s"], row["watts"]


def shape_of(program, model):
    command = [program, "info", model, "--format", "json"]
    config = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["config"]
    return {"hidden": config["hidden_size"], "layers": config["num_hidden_layers"],
            "intermediate": config["intermediate_size"], "vocabulary": config["vocab_size"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tephra", nargs="+", help="the program, or NAME=PATH of several")
    parser.add_argument("--models", nargs="+", default=["mmfree-370m"], help="files, or presets of tephra synth")
    parser.add_argument("--batches", nargs="+", type=int, default=[1024, 4096])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a window")
    parser.add_argument("--quantize", action="store_true", help="PyTorch quantizes activations to 8 bits, as the model")
    parser.add_argument("--json", help="file for all figures")
    options = parser.parse_args()
    programs = dict(name.split("=", 1) if "=" in name else ("tephra", name) for name in options.tephra)
    first = next(iter(programs.values()))
    counter, rows = Counter(), []
    driver = pynvml.nvmlSystemGetDriverVersion()
    print(f"{torch.cuda.get_device_name()}, driver {driver}, PyTorch {torch.__version__}", flush=True)
    print(f"{'model':<12} {'batch':>5} {'engine':<14} {'tok/s':>11} {'range':>25} {'mJ/token':>9} {'W':>5} "
          f"{'speed':>6} {'energy':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for model in options.models:
            name, path = pathlib.Path(model).stem if model.endswith(".tph") else model, model
            if name == model:
                path = f"{folder}/{name}.tph"
                subprocess.run([first, "synth", "--preset", name, "--calibration-tokens", "8", "-o", path], check=True,
                               capture_output=True)
            for batch in options.batches:
                graph = Graph(shape_of(first, path), batch, options.quantize)
                figures = {engine: [] for engine in ("BF16 graph", *programs)}
                for _ in range(options.rounds):
                    calls, watts = window(counter, graph.step, options.seconds)
                    figures["BF16 graph"].append((calls * batch, watts))
                    for engine, program in programs.items():
                        figures[engine].append(tephra_window(program, path, batch, options.seconds))
                del graph
                torch.cuda.empty_cache()
                rows += report(name, batch, figures)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def report(model, batch, figures):
    rows = []
    for engine, windows in figures.items():
        rates = [rate for rate, _ in windows]
        row = {"model": model, "batch": batch, "engine": engine, "tokens_per_s": statistics.median(rates),
               "least": min(rates), "most": max(rates), "watts": statistics.median(watts for _, watts in windows),
               "mj_per_token": statistics.median(1e3 * watts / rate for rate, watts in windows)}
        rows.append(row)
        print(f"{model:<12} {batch:>5} {engine:<14} {row['tokens_per_s']:>11.0f} "
              f"{'(%.0f .. %.0f)' % (row['least'], row['most']):>25} {row['mj_per_token']:>9.4f} {row['watts']:>5.0f} "
              f"{row['tokens_per_s'] / rows[0]['tokens_per_s']:>6.2f} "
              f"{row['mj_per_token'] / rows[0]['mj_per_token']:>6.2f}", flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())

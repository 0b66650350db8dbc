#!/usr/bin/env python3
"""Times the native CPU engine beside ik_llama.cpp, a fast engine of others for ternary models on CPUs, in turn in one
run. Prints a table, ratios with their spread, and the share of what the memory allows.

  benchmarks/compare/beside_ik_llama.py --peer DIRECTORY [--threads 2] [--prompt 128] [--rounds 7]

Both run the shape of mmfree-2.7b with random ternary weights of 2 bits: 32 layers of seven products (4 of 2560 x 2560,
3 of 2560 x 6912) and an output of 32,000 rows. ik_llama.cpp (IQ2_BN_R4) runs them as a llama, whose attention over a
short context is small beside them. bench_decode checks that our logits equal the golden engine's before it measures.
A round is: read bandwidth of the threads, decode and prefill of tephra, prefill and decode of the peer's llama-bench.
The memory's share is decode x bytes of weights a token / the best bandwidth of the round.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PRESET, SHAPE = "mmfree-2.7b", ["32", "2560", "6912", "20"]  # layers, width, inner width, heads
ABSENT = """ik_llama.cpp is absent: {missing} is not there. Build it beside the project:
  git clone https://github.com/ikawrakow/ik_llama.cpp DIRECTORY     (measured: 8337e4c of 2026-08-15)
  cd DIRECTORY && cmake -B build -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF \\
      -DLLAMA_BUILD_SERVER=OFF && cmake --build build --target llama-bench
and give --peer DIRECTORY, or set IK_LLAMA. Its flash attention compiles for long and is not used here: with
-DGGML_IQK_FLASH_ATTENTION=OFF the link lacks iqk_flash_attn_noalibi and iqk_fa_work_buffer_size, and functions that
return 0, at the end of ggml/src/ggml-alloc.c, are enough."""


def output(*command):
    """What a program prints. Ends this one when it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed ({done.returncode}):\n{done.stderr[-2000:]}")
    return done.stdout


class Tephra:
    """bench_decode, which measures a round for each line that it gets."""

    def __init__(self, build, folder, options):
        model = os.path.join(folder, "ternary.tph")
        if not os.path.exists(model):
            output(os.path.join(build, "tephra"), "synth", "--preset", PRESET, "-o", model)
        self.process = subprocess.Popen(
            [os.path.join(build, "benchmarks", "bench_decode"), "--on-input", "--threads", str(options.threads),
             "--prompt", str(options.prompt), model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.megabytes = float(self.line()[1])

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench_decode ended ({self.process.wait()})")
        return line.split("\t")

    def round(self):
        """GB/s of the memory; tok/s of decode and prefill."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [float(cell) for cell in self.line()]


class Peer:
    def __init__(self, directory, folder, options):
        self.program = os.path.join(directory, "build", "bin", "llama-bench")
        self.options = options
        self.model = os.path.join(folder, "ternary.gguf")
        libraries = os.path.join(directory, "build", "ggml", "src")
        vocabulary = os.path.join(directory, "models", "ggml-vocab-llama-spm.gguf")
        for path in (self.program, libraries, vocabulary):
            if not os.path.exists(path):
                sys.exit(ABSENT.format(missing=path))
        writer = os.path.join(folder, "ternary_gguf")
        output("c++", "-std=c++20", "-O2", os.path.join(HERE, "ternary_gguf.cpp"), "-I" + ROOT,
               "-I" + os.path.join(directory, "ggml", "include"), "-L" + libraries, "-lggml",
               "-Wl,-rpath," + libraries, "-o", writer)
        weights = int(output(writer, self.model, vocabulary, *SHAPE).split()[-1])
        self.megabytes = weights / 4 * 1e-6  # two bits each; a scale for each row is left out

    def round(self):
        """tok/s of decode and prefill."""
        rows = json.loads(output(self.program, "-m", self.model, "-t", str(self.options.threads), "-p",
                                 str(self.options.prompt), "-n", "16", "-r", "1", "-o", "json"))
        rates = {"n_gen" if row["n_gen"] else "n_prompt": row["avg_ts"] for row in rows}
        self.build = rows[0]["build_commit"]
        return rates["n_gen"], rates["n_prompt"]


def print_header(options):
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True,
                            text=True).stdout.strip()
    with open("/proc/cpuinfo") as file:
        lines = [line.split(":")[1].strip() for line in file if line.startswith(("model name", "flags"))]
    model, flags = (lines + ["an unknown processor", ""])[:2]
    sets = [name for name in ("avx2", "avx_vnni", "avx512_vnni") if name in flags.split()]
    print(f"# {time.strftime('%Y-%m-%d')}, commit {commit}; {os.cpu_count()} cores of {model} ({', '.join(sets)}), load "
          f"{os.getloadavg()[0]:.1f}\n# {PRESET}, {options.threads} threads, prompts of {options.prompt} tokens, "
          f"{options.rounds} rounds\n", flush=True)


def report(ours, theirs, megabytes, options):
    print("| round | memory, GB/s | decode | peer's decode | prefill | peer's prefill |\n|---|---|---|---|---|---|")
    for number, (our, peer) in enumerate(zip(ours, theirs), 1):
        print(f"| {number} | {our[0]:.1f} | {our[1]:.2f} | {peer[0]:.2f} | {our[2]:.1f} | {peer[1]:.1f} |")
    print()
    for place, name, asked in ((1, "decode", 1.1), (2, f"prefill of {options.prompt}", 2.0)):
        ratios = [our[place] / peer[place - 1] for our, peer in zip(ours, theirs)]
        print(f"{name}: {statistics.median(ratios):.2f} x ik_llama.cpp, median of rounds "
              f"({min(ratios):.2f} to {max(ratios):.2f}); asked {asked} x")
    for name, rows, place, size in (("tephra", ours, 1, megabytes[0]), ("ik_llama.cpp", theirs, 0, megabytes[1])):
        shares = [row[place] * size * 1e6 / (our[0] * 1e9) for row, our in zip(rows, ours)]
        print(f"{name}: {size:.0f} MB of weights a token, decode at {statistics.median(shares):.2f} of what the memory "
              f"allows ({min(shares):.2f} to {max(shares):.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", default=os.environ.get("IK_LLAMA"), help="ik_llama.cpp, built; else IK_LLAMA")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"),
                        help="our build directory, with benchmarks (-DTEPHRA_BENCHMARKS=ON)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", help="keep both models here; a ternary.tph that is there is used")
    options = parser.parse_args()
    if min(options.threads, options.prompt, options.rounds) < 1:
        parser.error("--threads, --prompt and --rounds are at least 1")
    if not options.peer:
        sys.exit(ABSENT.format(missing="its directory"))
    print_header(options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or temporary
        os.makedirs(folder, exist_ok=True)
        peer = Peer(os.path.abspath(options.peer), folder, options)
        tephra = Tephra(options.build, folder, options)
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(tephra.round())
            theirs.append(peer.round())
        print(f"ik_llama.cpp {peer.build}\n")
        report(ours, theirs, (tephra.megabytes, peer.megabytes), options)


if __name__ == "__main__":
    main()

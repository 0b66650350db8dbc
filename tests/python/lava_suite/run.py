#!/usr/bin/env python3
"""Runs Lava's own unit tests, as they lie in the wheels, on Lava's runtime and on tephra's; writes the table of both.

  python tests/python/lava_suite/run.py [--write docs/lava-tests.md] [--only TEXT] [--seconds 900] [--jobs 2]
  python tests/python/lava_suite/run.py --check docs/lava-tests.md

Run it with the Python in which tephra, lava-nc 0.10.0, lava-dl 0.6.0 and pytest are installed (docs/lava.md). The tests
run three times: on Lava's runtime; on tephra's as attach() is by default, which refuses floating-point models by name;
and on tephra's with floating_point="python", which runs Lava's own models of them beside the engine. On Lava's runtime
each file has a process of its own, since it leaves processes behind. Fails when a test passes on Lava's runtime and
fails with floating_point="python". --check runs the tests on tephra's two alone, and fails where they do otherwise than
a table says.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = ("tests/lava/proc", "tests/lava/networks", "tests/lava/lib/dl/netx")
RUNTIMES = {"lava": "Lava's runtime", "refuse": "tephra", "python": 'tephra, floating_point="python"'}


def site():
    """The folder in which Lava and its tests lie."""
    import importlib.metadata

    return pathlib.Path(importlib.metadata.distribution("lava-nc").locate_file("."))


def suite_files(only=""):
    folder = site()
    paths = [path.relative_to(folder) for where in FOLDERS for path in (folder / where).rglob("test_*.py")]
    return sorted(str(path) for path in paths if only in str(path))


def run(files, runtime, seconds, log):
    """{(file, test): (outcome, reason, where)} of some files on one runtime, in one process."""
    report = os.path.join(log, f"{runtime}_{files[0].replace('/', '_')}.xml")
    environment = {**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment["TEPHRA_FLOATING_POINT"] = runtime
    command = [sys.executable, "-m", "pytest", "-q", "-o", "junit_family=xunit1", "--import-mode=importlib"]
    command += ["--rootdir", str(site())]  # the report names files from there
    command += ["-p", "no:cacheprovider", "-p", "importable_lava" if runtime == "lava" else "own_runtime"]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [*command, "--junitxml", report, *files],
            cwd=site(),
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        why = ""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            why = f"took more than {seconds} s"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with the processes that Lava leaves behind
        process.wait()
        if os.path.exists(report):
            return outcomes_of(report)
        output.seek(0)
        why = why or " ".join(output.read().strip().splitlines()[-1:])[:100]
    return {(file, "(the whole file)"): ("failed", why, "") for file in files}


def outcomes_of(report):
    outcomes = {}
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        where = [p.get("value") for p in case.iter("property") if p.get("name") == "where"]
        outcome, reason = "passed", ""
        for child in case:
            if child.tag in ("failure", "error", "skipped"):
                outcome = "skipped" if child.tag == "skipped" else "failed"
                reason = (child.get("message") or "").replace("\n", " ")
        name = f"{(case.get('classname') or '').split('.')[-1]}.{case.get('name')}"
        outcomes[case.get("file"), name] = (outcome, reason, where[0] if where else "")
    return outcomes


def collect(files, runtimes, seconds, jobs):
    """{file: {test: {runtime: outcome}}}, in the order of the files."""
    parts = [(runtime, [file]) for runtime in runtimes if runtime == "lava" for file in files]
    parts += [(runtime, files) for runtime in runtimes if runtime != "lava"]
    results = {file: collections.defaultdict(dict) for file in files}
    with tempfile.TemporaryDirectory() as log, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        done = pool.map(lambda part: run(part[1], part[0], seconds, log), parts)
        for (runtime, _), outcomes in zip(parts, done, strict=True):
            for (file, test), outcome in outcomes.items():
                results[file][test][runtime] = outcome
    return results


def cell(by, runtime):
    outcome, reason, _ = by.get(runtime, ("failed", "not run", ""))
    if outcome == "passed":
        return "passed"
    if "floating-point model" in reason:
        return "refused: floating point"
    return f"{outcome}: {reason[:110]}".replace("|", "/")


def row(by, runtimes=RUNTIMES):
    """The cells of one test: its outcome on each runtime, and where its programs ran."""
    return [*(cell(by, runtime) for runtime in runtimes), by.get("python", ("", "", ""))[2]]


def table(results):
    """The page: totals, then each test."""
    totals = {runtime: collections.Counter() for runtime in RUNTIMES}
    rows = []
    for file, tests in results.items():
        rows.append(f"\n### {file}\n")
        rows.append(f"| test | {' | '.join(RUNTIMES.values())} | ran in |")
        rows.append("|---|---|---|---|---|")
        for test, by in tests.items():
            rows.append(f"| {test} | {' | '.join(row(by))} |")
            for runtime in RUNTIMES:
                totals[runtime][cell(by, runtime).split(":")[0]] += 1
    head = [
        "# Lava's own unit tests on tephra",
        "Made by tests/python/lava_suite/run.py. The tests lie in the wheels of lava-nc 0.10.0 and lava-dl 0.6.0.",
        "*Ran in*: engine; Python: Lava's or the test's own models, in lockstep beside it; runtime: sources, sinks",
        "and monitors that tephra stands for when all else is in the engine; no run: the test runs no program. A",
        "test is *refused* where its run configuration chooses a floating-point model: tephra refuses these by",
        "name, unless it is attached with floating_point=\"python\"; then Lava's own model runs in this process.",
        "Tests of Loihi 2 are skipped on Lava's runtime; while all processes are attached, they find the simulated one.",
        "",
        "| runtime | tests | passed | refused | failed | skipped |",
        "|---|---|---|---|---|---|",
    ]
    for runtime, name in RUNTIMES.items():
        t = totals[runtime]
        numbers = (sum(t.values()), t["passed"], t["refused"], t["failed"], t["skipped"])
        head.append(f"| {name} | {' | '.join(map(str, numbers))} |")
    return "\n".join(head + rows) + "\n"


def read_table(page):
    """{(file, test): cells} of a page that table() made."""
    rows, file = {}, ""
    for line in page.splitlines():
        if line.startswith("### "):
            file = line[4:]
        elif file and line.startswith("| ") and not line.startswith("| test |"):
            test, *cells = line.strip("| ").split(" | ") if not line.endswith("|  |") else [*line[2:-5].split(" | "), ""]
            rows[file, test] = cells
    return rows


def differences(page, seconds=900, jobs=1):
    """Where tephra's two runtimes do otherwise than a page says, a line each."""
    mine = [runtime for runtime in RUNTIMES if runtime != "lava"]
    results = collect(suite_files(), mine, seconds, jobs)
    found = {(file, test): row(by, mine) for file, tests in results.items() for test, by in tests.items()}
    wanted = {key: cells[1:] for key, cells in read_table(page).items()}
    return [
        f"{file}, {test}: {found.get((file, test), 'no such test')}, the table says {wanted.get((file, test), 'nothing')}"
        for file, test in sorted(found.keys() | wanted.keys())
        if found.get((file, test)) != wanted.get((file, test))
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=pathlib.Path, help="where the table goes; else it is printed")
    parser.add_argument("--check", type=pathlib.Path, help="a table that tephra's runtimes must do the same as")
    parser.add_argument("--only", default="", help="files whose path holds this text")
    parser.add_argument("--seconds", type=int, default=900, help="for the tests of one process")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    options = parser.parse_args()
    if options.check:
        lines = differences(options.check.read_text(), options.seconds, options.jobs)
        print("\n".join(lines) or "as the table says")
        sys.exit(1 if lines else 0)
    results = collect(suite_files(options.only), RUNTIMES, options.seconds, options.jobs)
    worse = [
        f"{file}: {test} is worse than on Lava's runtime"
        for file, tests in results.items()
        for test, by in tests.items()
        if cell(by, "lava") == "passed" != cell(by, "python")
    ]
    print("\n".join(worse), end="\n" if worse else "", file=sys.stderr)
    if options.write:
        options.write.write_text(table(results))
    else:
        print(table(results))
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Runs Lava's own unit tests, as they lie in the wheels, on Lava's runtime and on tephra's; writes the table of both.

  python tests/python/lava_suite/run.py [--write docs/lava-tests.md] [--only TEXT] [--seconds 900]

Run it with the Python in which tephra, lava-nc 0.10.0, lava-dl 0.6.0 and pytest are installed (docs/lava.md). Each
file is run three times, in a process of its own: on Lava's runtime; on tephra's as attach() is by default, which
refuses floating-point models by name; and on tephra's with floating_point="python", which runs Lava's own models of
them beside the engine. Fails when a test passes on Lava's runtime and fails with floating_point="python".
"""
import argparse
import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
FOLDERS = ("tests/lava/proc", "tests/lava/networks", "tests/lava/lib/dl/netx")
RUNTIMES = ("lava", "refuse", "python")


def site():
    """The folder in which Lava and its tests lie."""
    import importlib.metadata

    return pathlib.Path(importlib.metadata.distribution("lava-nc").locate_file("."))


def run(folder, file, runtime, seconds, log):
    """{test: (outcome, reason, where)} of one file on one runtime; from its report in `log`, where there is one."""
    report = os.path.join(log, f"{runtime}_{file.replace('/', '_')}.xml")
    if os.path.exists(report):
        return outcomes_of(report)
    environment = {**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment["TEPHRA_FLOATING_POINT"] = runtime
    plugin = "importable_lava" if runtime == "lava" else "own_runtime"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", plugin, "--junitxml", report, file]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"(the whole file)": ("failed", f"took more than {seconds} s", "")}
    if not os.path.exists(report):
        return {"(the whole file)": ("failed", done.stdout.strip().splitlines()[-1:][0][:100], "")}
    return outcomes_of(report)


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
        outcomes[name] = (outcome, reason, where[0] if where else "")
    return outcomes


def cell(outcome, reason):
    if outcome == "passed":
        return "passed"
    if "floating-point model" in reason:
        return "refused: floating point"
    return f"{outcome}: {reason[:110]}".replace("|", "/")


def table(results):
    """The page: totals, then each test."""
    totals = {runtime: collections.Counter() for runtime in RUNTIMES}
    rows = []
    for file, tests in results.items():
        rows.append(f"\n### {file}\n")
        rows.append('| test | Lava\'s runtime | tephra | tephra, floating_point="python" | ran in |')
        rows.append("|---|---|---|---|---|")
        for test, by in tests.items():
            cells = []
            for runtime in RUNTIMES:
                outcome, reason, _ = by.get(runtime, ("failed", "not run", ""))
                text = cell(outcome, reason)
                totals[runtime][text.split(":")[0]] += 1
                cells.append(text)
            rows.append(f"| {test} | {' | '.join(cells)} | {by.get('python', ('', '', ''))[2]} |")
    names = {"lava": "Lava's runtime", "refuse": "tephra", "python": 'tephra, floating_point="python"'}
    head = [
        "# Lava's own unit tests on tephra",
        "Made by tests/python/lava_suite/run.py. The tests lie in the wheels of lava-nc 0.10.0 and lava-dl 0.6.0.",
        "*Ran in*: engine; Python: Lava's or the test's own models, in lockstep beside it; runtime: sources, sinks",
        "and monitors that tephra stands for when all else is in the engine; no run: the test runs no program. A",
        "test is *refused* where its run configuration chooses a floating-point model: tephra refuses these by",
        "name, unless it is attached with floating_point=\"python\"; then Lava's own model runs in this process.",
        "",
        "| runtime | tests | passed | refused | failed | skipped |",
        "|---|---|---|---|---|---|",
    ]
    for runtime in RUNTIMES:
        t = totals[runtime]
        numbers = (sum(t.values()), t["passed"], t["refused"], t["failed"], t["skipped"])
        head.append(f"| {names[runtime]} | {' | '.join(map(str, numbers))} |")
    return "\n".join(head + rows) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=pathlib.Path, help="where the table goes; else it is printed")
    parser.add_argument("--only", default="", help="files whose path holds this text")
    parser.add_argument("--seconds", type=int, default=900, help="for one file on one runtime")
    parser.add_argument("--reports", type=pathlib.Path, help="keep pytest's reports there, and use them again")
    options = parser.parse_args()
    folder = site()
    files = sorted(
        str(path.relative_to(folder)) for where in FOLDERS for path in (folder / where).rglob("test_*.py")
    )
    results, worse = {}, 0
    with tempfile.TemporaryDirectory() as passing:
        log = options.reports or pathlib.Path(passing)
        log.mkdir(parents=True, exist_ok=True)
        for file in [file for file in files if options.only in file]:
            tests = collections.defaultdict(dict)
            for runtime in RUNTIMES:
                for test, outcome in run(folder, file, runtime, options.seconds, log).items():
                    tests[test][runtime] = outcome
            bad = [t for t, by in tests.items() if by.get("lava", ("",))[0] == "passed" != by.get("python", ("",))[0]]
            worse += len(bad)
            print(f"{file}: {len(tests)} tests" + (f", worse than on Lava's runtime: {', '.join(bad)}" if bad else ""),
                  flush=True)
            results[file] = tests
    page = table(results)
    if options.write:
        options.write.write_text(page)
    else:
        print(page)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()

"""The package's types: the stub of the extension names what is there, and mypy accepts the package."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tephra
from tephra import _core

PACKAGE = Path(tephra.__file__).parent


def test_the_stub_has_what_the_module_has():
    tree = ast.parse((PACKAGE / "_core.pyi").read_text())
    stubs = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    there = {name for name in dir(_core) if not name.startswith(("__", "pybind11"))}
    assert there == set(stubs)
    for name, node in stubs.items():
        if not isinstance(node, ast.ClassDef) or name == "Error":
            continue
        members = {item.name for item in node.body if isinstance(item, ast.FunctionDef)} - {"__init__"}
        real = {m for m in vars(getattr(_core, name)) if not m.startswith(("__", "_pybind11"))}
        real |= {m for m in ("__iter__", "__next__") if m in vars(getattr(_core, name))}
        assert members == real, name


def test_every_public_function_says_what_it_does():
    for name in tephra.__all__:
        thing = getattr(tephra, name)
        if callable(thing):
            assert thing.__doc__ and len(thing.__doc__) > 20, name
    for module in (tephra.neurons, tephra.synapses):
        for name in module.__all__:
            assert getattr(module, name).__doc__, name


def test_mypy_accepts_the_package(tmp_path):
    pytest.importorskip("mypy")
    files = [str(path.resolve()) for path in PACKAGE.glob("*.py")]
    command = [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--follow-imports=silent"]
    done = subprocess.run(
        [*command, f"--cache-dir={tmp_path}", *files],
        capture_output=True,
        text=True,
        cwd=(PACKAGE / "__init__.py").resolve().parents[1],
    )
    assert done.returncode == 0, done.stdout

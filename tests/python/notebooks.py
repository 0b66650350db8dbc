"""Executes the notebooks of examples/. As a program it writes them anew, with what their cells print and draw:

    python tests/python/notebooks.py                    # all
    python tests/python/notebooks.py examples/3-*.ipynb  # some

A cell with the tag "varies" may print something else on another machine (clocks, trained weights); what all others print
is a fixed function of the sources, and test_notebooks.py holds it against the kept file.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from shipped import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
TIMEOUT = 600  # seconds of a cell: far above what it takes on a busy machine, so that a hanging kernel ends


def execute(path, folder):
    """A notebook with the outputs of a fresh kernel that works in `folder`. Errors: CellExecutionError."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],  # it warns that its sockets are those of this machine
    )
    # Frozen modules make the debugger of the kernel warn; no cell needs it.
    client.execute(env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"})
    return notebook


def printed(cell):
    """What a code cell prints, and the plain text of what it shows; pictures have none of their own."""
    parts = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            parts.append(output.text)
        elif "image/png" not in output.data:
            parts.append(output.data.get("text/plain", ""))
    return "".join(parts)


def fixed_text(notebook):
    """(source, printed text) of each code cell that prints the same on every machine."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell.source, printed(cell)) for cell in cells if "varies" not in cell.metadata.get("tags", [])]


def pictures(notebook):
    """The PNG pictures of all cells, base64."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]


def rewrite(path):
    """Executes a notebook and keeps it: with outputs, without times of day and names of this machine."""
    with tempfile.TemporaryDirectory(prefix="tephra-") as folder:
        notebook = execute(path, folder)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:] or NOTEBOOKS:
        rewrite(Path(name))
        print(f"{name}: {Path(name).stat().st_size // 1000} kB")

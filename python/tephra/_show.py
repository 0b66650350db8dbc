"""How results show themselves: frames, pictures in notebooks, plots, progress. pandas, matplotlib and tqdm are loaded on
use alone."""

from __future__ import annotations

import html
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_ROWS = 40  # of a table in a notebook


def _needs(package: str, what: str) -> Any:
    """A package of the extra "notebook", or an error that says how to get it."""
    import importlib

    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.split(".")[0]:
            raise
        raise _core.refusal(f"{what} needs {error.name}", package, 'pip install "tephra[notebook]"') from None


def frame(columns: dict[str, list[Any]]) -> Any:
    """A pandas frame of columns."""
    return _needs("pandas", "a frame").DataFrame(columns)


def records(data: dict[str, Any], of: str, what: str) -> Any:
    """A pandas frame of the records of a result's dict."""
    if what == "run":
        columns = _run_columns(data, of)
        return frame(columns)
    return _needs("pandas", "a frame").json_normalize(data[of])


def _run_columns(data: dict[str, Any], of: str) -> dict[str, list[Any]]:
    kinds, layers = data["event_kinds"], data["layers"]
    if not isinstance(of, str):
        raise _core.refusal(f"it is of type {type(of).__name__}", "of", "it can be populations, cores, tokens or links")
    if of in ("populations", "cores"):
        rows = data[of]
        first = ("name", "on_host", "neurons") if of == "populations" else ("core", "busy_ps")
        columns = {name: [row[name] for row in rows] for name in first}
        columns["layer"] = [layers[row["layer"]] for row in rows]
        columns.update({kind: [row["counts"][k] for row in rows] for k, kind in enumerate(kinds)})
        return columns
    if of in ("tokens", "rounds"):
        names = ("stream", "position", "input", "output", "entered_ps", "left_ps")
        return {name: [row[k] for row in data["rounds"]] for k, name in enumerate(names)}
    if of == "links":
        return {name: [row[k] for row in data["chip_links"]] for k, name in enumerate(("from", "to", "flits"))}
    raise _core.refusal(f"a run has no {of!r}", "of", "it has populations, cores, tokens and links")


def measured_columns(report: dict[str, Any], names: tuple[str, ...]) -> dict[str, list[Any]]:
    """What the ledger has of a report's network beside the report, a list a column."""
    lines = [
        {**figure, "scope": figure["scope"] or "", "row": row["id"], "source": row["source"]}
        for row in report.get("measured", [])
        for figure in row["figures"]
    ]
    return {name: [line[name] for line in lines] for name in names}


def message_columns(report: dict[str, Any]) -> dict[str, list[Any]]:
    """What each layer of a report's network sends in each time bin; first_step counts from 1."""
    sent = report.get("messages_over_time")
    if sent is None:
        raise _core.refusal("a run of tokens has no time bins", "of", "messages over time are counted for networks")
    each = sent["time_steps_a_bin"]
    columns = {"first_step": [1 + each * k for k in range(len(sent["bin_enters_ps"]))]}
    columns.update({layer["name"]: layer["messages"] for layer in sent["layers"]})
    return columns


def table(columns: dict[str, list[Any]], caption: str) -> str:
    """A short table in HTML."""
    names = list(columns)
    rows = list(zip(*columns.values()))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows[:_MOST_ROWS]
    )
    left = f"<p>{len(rows) - _MOST_ROWS} more rows: frame() has them</p>" if len(rows) > _MOST_ROWS else ""
    return f"<table><caption>{html.escape(caption)}</caption><tr>{head}</tr>{body}</table>{left}"


def picture(svg: str) -> str:
    """An SVG in a notebook: as an image of its own, so that its styles stay its own."""
    import base64

    data = base64.b64encode(svg.encode()).decode()
    return f'<img style="max-width:100%" src="data:image/svg+xml;base64,{data}">'


def page(document: str, title: str) -> str:
    """A whole page in a notebook, in a frame of its own."""
    return (
        f'<iframe title="{html.escape(title, quote=True)}" srcdoc="{html.escape(document, quote=True)}" '
        'style="width:100%;height:40em;border:1px solid #8884" sandbox=""></iframe>'
    )


@contextmanager
def progress(wanted: Any) -> Iterator[Callable[[int, int], None] | None]:
    """The callback that a `progress` argument asks for: none, the caller's own, or a bar of tqdm where it is there."""
    if wanted is None or wanted is False:
        yield None
        return
    if wanted is not True:
        yield wanted
        return
    try:
        from tqdm.auto import tqdm
    except ModuleNotFoundError:
        yield None
        return
    bar = tqdm()
    try:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
    finally:
        bar.close()


def _axes(ax: Any, what: str) -> Any:
    return ax if ax is not None else _needs("matplotlib.pyplot", what).subplots()[1]


def raster(recorded: dict[str, Any], probe: str | None, ax: Any) -> Any:
    """Spikes over time as dots, a row a neuron."""
    names = [name for name in recorded if name.endswith(":spikes")]
    name = probe if probe is not None else (names[0] if names else "")
    if name not in recorded:
        known = ", ".join(recorded) or "nothing"
        raise _core.refusal(f"no probe recorded {name!r}", "probe", f"there is {known}")
    axes = _axes(ax, "a raster")
    spikes = recorded[name].reshape(recorded[name].shape[0], -1)
    steps, neurons = spikes.nonzero()
    axes.plot(steps + 1, neurons, ".", markersize=min(7, max(2, 100 / spikes.shape[1])))
    axes.set_xlabel("time step")
    axes.set_ylabel("neuron")
    axes.set_title(name)
    axes.set_xlim(0.5, spikes.shape[0] + 0.5)
    axes.set_ylim(-0.5, spikes.shape[1] - 0.5)
    return axes


def phases(parts_ps: dict[str, int], round_name: str, rounds: int, ax: Any) -> Any:
    """Microseconds a round by what the critical path waited for."""
    axes = _axes(ax, "a plot")
    names = list(parts_ps)
    axes.barh(names, [parts_ps[name] / 1e6 / max(rounds, 1) for name in names])
    axes.invert_yaxis()
    axes.set_xlabel(f"us a {round_name}")
    axes.set_title("time by phase")
    return axes


def energy(groups_j: dict[str, tuple[float, float, float]], round_name: str, rounds: int, ax: Any) -> Any:
    """Microjoules a round by what spends them, with whiskers over the range of prices."""
    axes = _axes(ax, "a plot")
    names = list(groups_j)
    each = 1e6 / max(rounds, 1)
    values = [groups_j[name][1] * each for name in names]
    below = [(groups_j[name][1] - groups_j[name][0]) * each for name in names]
    above = [(groups_j[name][2] - groups_j[name][1]) * each for name in names]
    axes.barh(names, values, xerr=[below, above], capsize=3)
    axes.invert_yaxis()
    axes.set_xlabel(f"uJ a {round_name}, over the whole run")
    axes.set_title("energy by kind")
    return axes


def messages(report: dict[str, Any], steps: int, ax: Any) -> Any:
    """A heat map, a row a layer and a column a time bin."""
    first = message_columns(report)["first_step"]
    sent = report["messages_over_time"]
    ends = [*first[1:], steps + 1]
    layers = [layer for layer in sent["layers"] if any(layer["messages"])]
    share = [
        [100 * count / layer["neurons"] / (end - begin) for count, begin, end in zip(layer["messages"], first, ends)]
        for layer in layers
    ]
    if not layers:
        raise _core.refusal("no layer sends anything", "messages", "run it for longer, or with other input")
    axes = _axes(ax, "a heat map")
    drawn = axes.imshow(
        share, aspect="auto", interpolation="nearest", extent=(0.5, ends[-1] - 0.5, len(layers) - 0.5, -0.5)
    )
    axes.set_yticks(range(len(layers)), [layer["name"] for layer in layers])
    axes.set_xlabel("time step")
    axes.figure.colorbar(drawn, ax=axes, label="neurons that send, %")
    axes.set_title("messages over time")
    return axes


def chips(run: dict[str, Any], of: str, accounts: Any, ax: Any) -> Any:
    """A heat map of the machine from above: a cell a core, chips side by side, only those with work."""
    if of not in ("busy", "energy") or (of == "energy" and accounts is None):
        raise _core.refusal(f"it is {of!r}", "of", '"busy", or of a report also "energy"')
    import numpy as np

    chips_x, chips_y, chips_z, tiles_x, tiles_y, per_tile = run["geometry"]
    columns = 1
    while columns * columns < per_tile:
        columns += 1
    rows = -(-per_tile // columns)
    width, height = tiles_x * columns, tiles_y * rows
    per_chip = tiles_x * tiles_y * per_tile
    if of == "busy":
        values = {core["core"]: core["busy_ps"] / run["elapsed_ps"] for core in run["cores"]}
    else:
        values = {core: joules * 1e6 for core, _, joules, _ in accounts}
    used = sorted({core // per_chip for core in values})
    position = {}
    for chip in used:
        x, y, z = chip % chips_x, chip // chips_x % chips_y, chip // (chips_x * chips_y)
        position[chip] = (x + z * chips_x, y)
    least_x, least_y = (min(p[k] for p in position.values()) for k in (0, 1))
    across = max(p[0] for p in position.values()) - least_x + 1
    down = max(p[1] for p in position.values()) - least_y + 1
    image = np.full((down * (height + 1) - 1, across * (width + 1) - 1), np.nan)
    for core, value in values.items():
        x, y = position[core // per_chip]
        tile, inside = core % per_chip // per_tile, core % per_tile
        column = (x - least_x) * (width + 1) + tile % tiles_x * columns + inside % columns
        row = (y - least_y) * (height + 1) + tile // tiles_x * rows + inside // columns
        image[row, column] = value
    axes = _axes(ax, "a heat map")
    drawn = axes.imshow(image, interpolation="nearest")
    label = "share of the time that a core works" if of == "busy" else "dynamic energy of a core, uJ"
    axes.figure.colorbar(drawn, ax=axes, label=label)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{len(used)} of {chips_x * chips_y * chips_z} chips")
    return axes

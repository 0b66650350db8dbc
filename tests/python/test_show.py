"""How results show themselves: frames, notebooks, plots; and what import loads."""

import subprocess
import sys

import pytest

import tephra

from shipped import PILOTNET


def test_import_loads_nothing_heavy():
    heavy = "numpy", "pandas", "matplotlib", "nir", "tqdm", "h5py", "lava"
    code = f"import sys, tephra; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def run(model):
    return tephra.simulate(model, "kapoho-point", prompt="Once upon a time", tokens=2, greedy=True)


def test_results_show_themselves_in_notebooks(run, small, frames):
    report = run.report()
    assert run._repr_html_() == report._repr_html_()
    assert "&lt;svg" in report._repr_html_() and report._repr_html_().startswith("<iframe")
    assert tephra.compare(report)._repr_html_().startswith("<iframe")
    assert "image/svg+xml" in tephra.map_program(small, "oheo-gulch")._repr_html_()
    assert "<table>" in tephra.run(small, input=frames)._repr_html_()
    assert "kapoho-point" in repr(run) and "9 tokens" not in repr(run.report())


def test_frames(run, small, frames):
    pandas = pytest.importorskip("pandas")
    for frame, column in (
        (run.frame(), "synop_ternary"),
        (run.frame("cores"), "busy_ps"),
        (run.frame("tokens"), "left_ps"),
        (run.frame("links"), "flits"),
        (run.report().frame(), "unit"),
        (tephra.compare(run).frame(), "device"),
        (tephra.map_program(small, "oheo-gulch").frame(), "synaptic_bytes"),
        (tephra.run(small, input=frames).frame(), "synops"),
        (tephra.validate(row="pilotnet-lif").frame(), "error_percent"),
    ):
        assert isinstance(frame, pandas.DataFrame) and column in frame.columns and len(frame) > 0
    assert run.frame()["synop_ternary"].sum() == run.totals()["synop_ternary"]
    with pytest.raises(tephra.Error, match="populations"):
        run.frame("nothing")


def test_a_report_has_what_was_measured_beside_it(pilotnet, small, frames):
    pytest.importorskip("pandas")
    image = PILOTNET / "image.npy"
    cores = [13, 25, 13, 3, 3, 2, 12, 1, 1, 1]
    report = tephra.simulate(pilotnet, "oheo-gulch", input=image, steps=10, layer_cores=cores).report()
    measured = report.frame("measured")
    assert list(measured.columns) == list(tephra.validate(row="vpx-idle").frame().columns)
    figures = [figure for row in report.to_dict()["measured"] for figure in row["figures"]]
    assert list(measured["measured"]) == [figure["measured"] for figure in figures] and len(figures) > 3
    assert set(measured["row"]) == {"pilotnet-lif"}
    other = tephra.simulate(small, "oheo-gulch", input=frames).report().frame("measured")
    assert len(other) == 0 and list(other.columns) == list(measured.columns)


def test_messages_over_time_are_those_of_the_run(run, small, frames):
    pytest.importorskip("pandas")
    simulated = tephra.simulate(small, "oheo-gulch", input=frames, probe=["b:spikes"])
    sent = simulated.report().frame("messages")
    assert list(sent["first_step"]) == list(range(1, 41))
    assert list(sent["b"]) == [int((step != 0).sum()) for step in simulated.recorded["b:spikes"]]
    long = tephra.simulate(small, "oheo-gulch", input=frames[0], steps=200).report()
    assert list(long.frame("messages")["first_step"])[:3] == [1, 3, 5]
    with pytest.raises(tephra.Error, match="tokens"):
        run.report().frame("messages")
    with pytest.raises(tephra.Error, match="it has rows, measured and messages"):
        run.report().frame("nothing")


def test_plots_return_axes(run, small, frames):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib.axes import Axes
    from matplotlib import pyplot

    report = run.report()
    spiking = tephra.simulate(small, "oheo-gulch", input=frames, probe=["b:spikes"])
    for axes in (
        run.plot_phases(),
        run.plot_chips(),
        report.plot_energy(),
        report.plot_chips(),
        report.plot_phases(),
        spiking.plot_raster(),
        spiking.report().plot_messages(),
        tephra.run(small, input=frames).plot_raster("b:spikes"),
    ):
        assert isinstance(axes, Axes)
    axes = pyplot.figure().subplots()
    assert run.plot_phases(ax=axes) is axes
    drawn = spiking.report().plot_messages().images[0]
    sent = spiking.report().frame("messages")
    row = [name for name in sent.columns[1:] if sent[name].any()].index("b")
    assert list(drawn.get_array()[row]) == pytest.approx(list(100 * sent["b"] / 30))
    dots = spiking.plot_raster().lines[0].get_xdata()
    assert len(dots) == int((spiking.recorded["b:spikes"] != 0).sum())
    pyplot.close("all")


def test_sums_agree(run):
    assert sum(run.phases_ps().values()) == run.elapsed_ps
    energy = run.report().energy_j()
    assert energy["neurocores"][1] < energy["system"][1]
    assert all(low <= value <= high for low, value, high in run.report().groups_j().values())

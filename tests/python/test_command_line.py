"""Each verb gives the bits and numbers of the command line."""

import csv
import io
import json

import numpy as np

import tephra

from questions import made_questions
from shipped import PILOTNET


def test_import_writes_the_same_file(program, tmp_path):
    program("import", PILOTNET / "network.net", "--reset-interval", 16, "-o", tmp_path / "a.tph")
    tephra.import_checkpoint(PILOTNET / "network.net", tmp_path / "b.tph", reset_interval=16)
    assert (tmp_path / "a.tph").read_bytes() == (tmp_path / "b.tph").read_bytes()


def test_synth_writes_the_same_file(program, tmp_path):
    shape = ("--hidden", 96, "--layers", 2, "--vocab", 300, "--seed", 5)
    program("synth", *shape, "-o", tmp_path / "a.tph")
    made = tephra.synth(tmp_path / "b.tph", hidden=96, layers=2, vocab=300, seed=5)
    assert (tmp_path / "a.tph").read_bytes() == (tmp_path / "b.tph").read_bytes()
    info = json.loads(program("info", tmp_path / "a.tph", "--format", "json"))
    assert info["hash"] == made.hash
    assert {k: info["config"][k] for k in info["config"]} == made.config
    assert info["parameters"] == made.parameters
    assert info["origin"] == made.origin


def test_generate_writes_the_same_text(program, model, model_path):
    prompt = "It was a dark night, and the old man"
    for options, words in (
        ({"greedy": True}, ["--greedy"]),
        ({"temperature": 0.7, "top_p": 0.9, "seed": 1}, ["--temperature", 0.7, "--top-p", 0.9, "--seed", 1]),
    ):
        text = program("generate", model_path, "--prompt", prompt, "-n", 24, *words)
        pieces = list(model.generate(prompt, tokens=24, **options))
        assert "".join(pieces) + "\n" == text
        assert len(pieces) > 12  # it streams


def test_evaluate_gives_the_same_perplexity(program, model, model_path, tmp_path):
    ids = np.random.default_rng(3).integers(3, 4000, 700).astype("<u2")
    ids.tofile(tmp_path / "ids.u16")
    table = program(
        "eval", model_path, "--ids", tmp_path / "ids.u16", "--windows", 5, "--length", 100, "--format", "csv"
    )
    row = next(csv.DictReader(io.StringIO(table)))
    from_file = tephra.evaluate(model, tmp_path / "ids.u16", windows=5, length=100)
    assert from_file == tephra.evaluate(model, ids, windows=5, length=100, threads=1)
    assert float(row["perplexity"]) == from_file.perplexity and float(row["loss"]) == from_file.loss
    assert from_file.tokens == 500


def test_score_gives_the_same_answers(program, model, model_path, tmp_path):
    task = tmp_path / "task.jsonl"
    task.write_text("\n".join(map(json.dumps, made_questions(8))))
    words = ("score", model_path, task, "--limit", 7, "--format", "csv")
    row = next(csv.DictReader(io.StringIO(program(*words, "-o", tmp_path / "a.jsonl"))))
    score = tephra.score(model, task, limit=7)
    score.write(tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    for name in ("acc", "acc_stderr", "acc_norm", "acc_norm_stderr"):
        assert float(row[name]) == getattr(score, name)
    assert (row["questions"], row["choices"], row["tokens"]) == ("7", "28", str(score.tokens))
    words = ("score", model_path, task, "--limit", 2, "--engine", "float", "-o", tmp_path / "a.jsonl")
    program(*words)
    tephra.score(model, task, limit=2, engine="float").write(tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_map_places_the_same(program, model, model_path, tmp_path):
    picture = tmp_path / "a.svg"
    program("map", model_path, "--machine", "kapoho-point", "-o", tmp_path / "a.json", "--svg", picture)
    mapping = tephra.map_program(model, "kapoho-point")
    mapping.write(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert mapping.svg() == picture.read_text()
    again = tephra.Mapping.read(tmp_path / "a.json", model, "kapoho-point")
    assert again.hash == mapping.hash
    assert tephra.Mapping.faults(tmp_path / "a.json", model, "kapoho-point") == []


def test_simulate_and_what_follows_are_the_same(program, model, model_path, tmp_path):
    path = tmp_path / "run.json"
    program(
        *("simulate", model_path, "--machine", "kapoho-point", "--prompt", "Once upon", "-n", 3, "--greedy"),
        *("--trace", tmp_path / "a.trace", "-o", path),
    )
    run = tephra.simulate(
        model, "kapoho-point", prompt="Once upon", tokens=3, greedy=True, trace=tmp_path / "b.trace", threads=1
    )
    run.write(tmp_path / "python.json")
    assert path.read_bytes() == (tmp_path / "python.json").read_bytes()
    assert (tmp_path / "a.trace").read_bytes() == (tmp_path / "b.trace").read_bytes()

    report = tephra.price(run)
    page = tmp_path / "report.html"
    assert json.loads(program("report", path, "--format", "json", "--html", page)) == report.to_dict()
    assert page.read_text() == report.html()
    rows = list(csv.reader(io.StringIO(program("report", path, "--format", "csv"))))[1:]
    assert [row[:2] for row in rows] == [list(row[:2]) for row in report.rows()]

    page = tmp_path / "compare.html"
    compared = tephra.compare(run)
    assert json.loads(program("compare", path, "--format", "json", "--html", page)) == compared.to_dict()
    assert page.read_text() == compared.html()


def test_prefill_and_streams_are_the_same(program, model, model_path, tmp_path):
    for options, words in (
        ({"mode": "prefill", "prompts": ["One", "Two words"]}, ["--mode", "prefill", "--prompt", "Two words"]),
        ({"prompts": ["One"], "tokens": 2, "seed": 9, "sync": "dataflow"}, ["-n", 2, "--seed", 9, "--sync", "dataflow"]),
    ):
        path = tmp_path / "run.json"
        shared = ("--streams", 2, "--noc", "ideal", "-o", path)
        program("simulate", model_path, "--machine", "kapoho-point", "--prompt", "One", *words, *shared)
        run = tephra.simulate(model, "kapoho-point", streams=2, noc="ideal", **options)
        run.write(tmp_path / "python.json")
        assert path.read_bytes() == (tmp_path / "python.json").read_bytes()


def test_faults_of_links_are_the_same(program, model, model_path, tmp_path):
    data = tephra.Machine("kapoho-point").to_dict()
    for errors in (
        {"per_e18_bits": 10**13, "on_error": "loss"},
        {"per_e18_bits": 10**13, "on_error": "retry", "attempts": 9},
    ):
        data["chip_link"]["errors"] = errors
        machine = tephra.Machine.from_dict(data)
        machine.write(tmp_path / "machine.json")
        path = tmp_path / "run.json"
        program(
            *("simulate", model_path, "--machine", tmp_path / "machine.json", "--prompt", "Once upon", "-n", 3),
            *("--greedy", "--sync", "dataflow", "--fault-seed", 7, "-o", path),
        )
        options = {"prompt": "Once upon", "tokens": 3, "greedy": True, "sync": "dataflow"}
        run = tephra.simulate(model, machine, fault_seed=7, **options)
        run.write(tmp_path / "python.json")
        assert path.read_bytes() == (tmp_path / "python.json").read_bytes()
        faults = run.faults
        raw = json.loads(path.read_bytes())["faults"]
        assert (faults.seed, faults.stall_ps) == (7, raw["stall_ps"])
        assert [(link.round, link.origin, link.to, link.retries, link.lost) for link in faults.links] == [
            (row[0], row[1], row[2], row[4], row[6]) for row in raw["links"]
        ]
        assert sum(slice.messages for slice in faults.slices) == sum(row[3] for row in raw["slices"])
        if errors["on_error"] == "loss":
            assert faults.slices and not sum(link.retries for link in faults.links)
        else:
            assert not faults.slices and sum(link.added_ps for link in faults.links) > 0
    assert tephra.simulate(model, "kapoho-point", **options).faults is None


def test_networks_run_and_simulate_the_same(program, small, frames, tmp_path):
    small.write(tmp_path / "small.tph")
    np.save(tmp_path / "frames.npy", frames)
    probes = ["b:spikes", "b:v", "c:spikes", "c:u"]
    words = [word for probe in probes for word in ("--probe", probe)]
    shared = ("--input", tmp_path / "frames.npy", *words)
    table = program(
        *("run", tmp_path / "small.tph", *shared, "-o", tmp_path / "run.npz", "--format", "csv"),
    )
    ran = tephra.run(small, input=frames, probe=probes)
    expected = np.load(tmp_path / "run.npz")
    for probe in probes:
        assert np.array_equal(expected[probe], ran[probe]) and expected[probe].dtype == ran[probe].dtype
    rows = list(csv.DictReader(io.StringIO(table)))
    counts = ran.counts()
    assert [int(row["messages"]) for row in rows] == counts["messages"]
    assert [int(row["synops"]) for row in rows] == counts["synops"]

    path = tmp_path / "run.json"
    program(
        *("simulate", tmp_path / "small.tph", "--machine", "oheo-gulch", *shared),
        *("--record", tmp_path / "record.npz", "-o", path),
    )
    run = tephra.simulate(small, "oheo-gulch", input=tmp_path / "frames.npy", probe=probes)
    run.write(tmp_path / "python.json")
    assert path.read_bytes() == (tmp_path / "python.json").read_bytes()
    recorded = np.load(tmp_path / "record.npz")
    for probe in probes:
        assert np.array_equal(recorded[probe], run.recorded[probe])
    assert json.loads(program("report", path, "--format", "json")) == run.report().to_dict()


def test_events_and_constant_frames_are_the_same(program, small, frames, tmp_path):
    small.write(tmp_path / "small.tph")
    events = np.array([[0, 3, 5], [4, 7, -5], [4, 2, 5]])
    for name, option, array in (("constant", "input", frames[0]), ("events", "events", events)):
        np.save(tmp_path / "input.npy", array)
        path = tmp_path / f"{name}.json"
        program(
            *("simulate", tmp_path / "small.tph", "--machine", "oheo-gulch", f"--{option}"),
            *(tmp_path / "input.npy", "--steps", 9, "--layer-cores", "2,3,1", "-o", path),
        )
        run = tephra.simulate(small, "oheo-gulch", steps=9, layer_cores=[2, 3, 1], **{option: array})
        run.write(tmp_path / "python.json")
        assert path.read_bytes() == (tmp_path / "python.json").read_bytes()


def test_validate_gives_the_same_lines(program):
    shown = json.loads(program("validate", "--row", "pilotnet-lif", "--format", "json"))
    assert tephra.validate(row="pilotnet-lif").to_dict() == shown


def test_measure_spares_finds_the_same(program, model, model_path, pilotnet, tmp_path):
    words = ("map", model_path, "--machine", "kapoho-point", "--spares", "1,30", "--draws", 2, "--seed", 5)
    told = json.loads(program(*words, "--html", tmp_path / "a.html", "--format", "json"))
    spares = tephra.measure_spares(model, "kapoho-point", [1, 30], draws=2, seed=5, threads=1)
    assert spares.to_dict() == told
    assert spares.html() == (tmp_path / "a.html").read_text()
    rows = spares.summaries()
    assert rows["dead"] == [0, 1, 30] and rows["ran"] == [1, 2, 2]
    assert rows["median_us"][0] == told["trials"][0]["time_ps"] / 1e6
    assert list(rows) == list(spares.frame())

    network = PILOTNET / "network.net"
    image = np.load(PILOTNET / "image.npy")
    words = ("map", network, "--reset-interval", 16, "--machine", "kapoho-point", "--spares", 2, "--draws", 1)
    told = json.loads(program(*words, "--input", PILOTNET / "image.npy", "--steps", 4, "--format", "json"))
    spares = tephra.measure_spares(pilotnet, "kapoho-point", [2], draws=1, input=image, steps=4)
    assert spares.to_dict() == told

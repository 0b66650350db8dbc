"""tephra as a model of lm-eval, run by lm-eval itself on a local task, beside a float model as Hugging Face's are."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import tephra

from questions import made_questions
from shipped import ROOT

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")  # the tasks here are local files
pytest.importorskip("lm_eval", reason='lm-eval is not here: pip install "tephra[eval]"')

import lm_eval  # noqa: E402
from lm_eval.api.instance import Instance  # noqa: E402
from lm_eval.api.model import TemplateLM  # noqa: E402
from lm_eval.tasks import TaskManager  # noqa: E402

import tephra.lm_eval as bridge  # noqa: E402

REFERENCE = ROOT.parent / "shared" / "reference" / "mmf_reference.py"
CHECKPOINT = ROOT.parent / "shared" / "models" / "mmf-7m"

TASK = """
task: made
dataset_path: json
dataset_kwargs: {{data_files: {{test: {path}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{context}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: label
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a task of 24 questions, for lm-eval (YAML) and for tephra (the same lines)."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "made.jsonl").write_text("\n".join(map(json.dumps, made_questions(24))))
    (folder / "made.yaml").write_text(TASK.format(path=folder / "made.jsonl"))
    return folder


def evaluated(model, place, **arguments):
    """lm-eval's figures, and (log-likelihood, greedy) of each choice of each question."""
    manager = TaskManager(include_path=str(place), include_defaults=False)
    results = lm_eval.simple_evaluate(model=model, tasks=["made"], task_manager=manager, bootstrap_iters=100, **arguments)
    samples = sorted(results["samples"]["made"], key=lambda sample: sample["doc_id"])
    return results["results"]["made"], [[tuple(r) for r in sample["filtered_resps"]] for sample in samples]


class FloatLM(TemplateLM):
    """The NumPy reference of the published model. Where a text is cut is lm-eval's own rule, as for Hugging Face models."""

    def __init__(self, forward, tokens):
        super().__init__()
        self.forward, self.tokens = forward, tokens

    @property
    def eot_token_id(self):
        return self.tokens.config["eos_token_id"]

    @property
    def prefix_token_id(self):
        return self.tokens.config["bos_token_id"]

    def tok_encode(self, string, add_special_tokens=None, **kwargs):
        ids = self.tokens.encode(string).tolist()
        return ids[1:] if add_special_tokens is False else ids

    def _loglikelihood_tokens(self, requests, **kwargs):
        results = []
        for _, before, after in requests:
            logits = self.forward(np.array(before + after[:-1]))[len(before) - 1 :]
            own = logits[np.arange(len(after)), after]
            total = (own - np.logaddexp.reduce(logits, axis=-1)).sum()
            results.append((float(total), bool((logits.argmax(-1) == after).all())))
        return results

    def loglikelihood_rolling(self, requests, disable_tqdm=False):
        raise NotImplementedError

    generate_until = loglikelihood_rolling


def test_lm_eval_gives_the_figures_of_score(model, model_path, place):
    figures, answers = evaluated("tephra", place, model_args={"model": str(model_path), "threads": 2})
    score = tephra.score(model, place / "made.jsonl")
    assert figures["acc,none"] == score.acc and figures["acc_norm,none"] == score.acc_norm
    assert figures["acc_stderr,none"] == pytest.approx(score.acc_stderr, rel=1e-12)
    assert figures["acc_norm_stderr,none"] == pytest.approx(score.acc_norm_stderr, rel=1e-12)
    assert answers == [[choice[:2] for choice in answer.choices] for answer in score.answers]


def test_the_float_reference_makes_the_same_choices(model, place):
    if not REFERENCE.exists():
        pytest.skip("the shared data folder is absent")
    spec = importlib.util.spec_from_file_location("mmf_reference", REFERENCE)
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    figures, floats = evaluated(FloatLM(reference.Model(str(CHECKPOINT)).forward, model), place, limit=12)
    score = tephra.score(model, place / "made.jsonl", limit=12)
    assert figures["acc,none"] == score.acc and figures["acc_norm,none"] == score.acc_norm
    for question, answer, real in zip(made_questions(12), score.answers, floats):
        sums = np.array([likelihood for likelihood, _ in real])
        assert answer.by_sum == np.argmax(sums)
        assert answer.by_length == np.argmax(sums / [len(choice) for choice in question["choices"]])
        for choice, total in zip(answer.choices, sums):
            assert abs(choice.log_likelihood - total) < 0.1 * choice.tokens


def request(kind, *arguments):
    return Instance(request_type=kind, doc={}, arguments=arguments, idx=0)


def test_rolling_texts_are_one_window_after_the_begin_token(model):
    texts = ["Once upon a time there was a man. " * 40, "", "Yes."]
    totals = bridge.TephraLM(model).loglikelihood_rolling([request("loglikelihood_rolling", text) for text in texts])
    assert totals[1] == 0
    for text, total in ((texts[0], totals[0]), (texts[2], totals[2])):
        ids = model.encode(text).tolist()
        assert total == model.loglikelihood(ids[:1], ids[1:]).log_likelihood


def test_text_is_generated_until_a_stop_string(model):
    lm = bridge.TephraLM(model, engine="native", threads=1)
    prompt = "It was a dark night, and the old man"
    whole = model.generate(prompt, tokens=30, greedy=True).text()

    def text(**options):
        return lm.generate_until([request("generate_until", prompt, options)])[0]

    assert text(until=[], max_gen_toks=30) == whole
    stop = whole[10:13]
    assert text(until=["never said", stop], max_gen_toks=30) == whole[: whole.index(stop)]
    assert text(until=stop, max_gen_toks=30) == whole[: whole.index(stop)]
    sampled = {"do_sample": True, "temperature": 0.8, "top_p": 0.9}
    assert text(until=[], max_gen_toks=12, **sampled) == model.generate(
        prompt, tokens=12, temperature=0.8, top_p=0.9, seed=0
    ).text()
    with pytest.raises(tephra.Error, match="num_beams"):
        text(until=[], num_beams=4)


def test_the_command_knows_the_model(model, model_path, place, tmp_path):
    command = [sys.executable, "-m", "tephra.lm_eval", "--model", "tephra", "--tasks", "made", "--limit", "5"]
    command += ["--model_args", f"model={model_path},engine=native,threads=1", "--include_path", str(place)]
    done = subprocess.run([*command, "--output_path", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = json.loads(next(tmp_path.rglob("results*.json")).read_text())
    assert written["results"]["made"]["acc,none"] == tephra.score(model, place / "made.jsonl", limit=5).acc


def test_a_model_without_tokenizer_is_refused(tmp_path):
    synthetic = tephra.synth(tmp_path / "s.tph", hidden=32, layers=1, vocab=50, calibration_tokens=4)
    with pytest.raises(tephra.Error, match="tokenizer"):
        bridge.TephraLM(synthetic)

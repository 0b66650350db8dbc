"""Multiple-choice questions, and likelihoods of many texts."""

import json
import math

import numpy as np
import pytest

import tephra

from questions import made_questions


def test_many_pairs_are_scored_as_one_at_a_time(model):
    pairs = [(q["context"], " " + choice) for q in made_questions(6) for choice in q["choices"]]
    pairs += [("", "Once upon a time"), ("Once ", "upon a time"), ("Yes", "."), pairs[0]]
    together = model.loglikelihoods(pairs)
    assert together == [model.loglikelihood(*pair) for pair in pairs]
    assert together == model.loglikelihoods(pairs, threads=3) == model.loglikelihoods(pairs, engine="golden")
    floats = model.loglikelihoods(pairs, engine="float")
    for integer, real in zip(together, floats):
        assert integer.tokens == real.tokens
        assert integer.log_likelihood == pytest.approx(real.log_likelihood, abs=0.1 * integer.tokens)
    assert model.loglikelihoods([]) == []


def test_answers_follow_from_likelihoods(model):
    questions = made_questions(12)
    score = tephra.score(model, questions)
    right = {"by_sum": [], "by_length": []}
    for question, answer in zip(questions, score.answers):
        pairs = [(question["context"], " " + choice) for choice in question["choices"]]
        sums = [model.loglikelihood(*pair).log_likelihood for pair in pairs]
        assert [choice.log_likelihood for choice in answer.choices] == sums
        assert answer.by_sum == np.argmax(sums)
        assert answer.by_length == np.argmax(np.array(sums) / [len(choice) for choice in question["choices"]])
        assert answer.label == question["label"]
        right["by_sum"].append(answer.by_sum == answer.label)
        right["by_length"].append(answer.by_length == answer.label)
    assert score.acc == np.mean(right["by_sum"]) and score.acc_norm == np.mean(right["by_length"])
    assert score.acc_stderr == pytest.approx(np.std(right["by_sum"], ddof=1) / math.sqrt(12), rel=1e-12)
    assert score.acc_norm_stderr == pytest.approx(np.std(right["by_length"], ddof=1) / math.sqrt(12), rel=1e-12)
    assert score.engine == "native" and score.model == model.name
    assert score.tokens == sum(choice.tokens for answer in score.answers for choice in answer.choices)
    assert score == tephra.score(model, questions, threads=3)
    assert tephra.score(model, questions, limit=1).acc_stderr is None


def test_a_model_knows_how_sentences_go_on(model):
    """Not a matter of luck: 40 questions of four choices, of which chance gives 10."""
    assert tephra.score(model, made_questions(40)).acc_norm > 0.4


def test_files_and_dicts_are_read_alike(model, tmp_path):
    questions = [
        {"context": "Où est-il ?", "choices": ["Ici — là.", "😀"], "label": 1},
        {"context": ["One\nline", "Two"], "choices": ["a", "a"], "label": 0, "delimiter": ""},
    ]
    path = tmp_path / "task.jsonl"
    path.write_text("\n".join(json.dumps(q, ensure_ascii=False) for q in questions), encoding="utf-8")
    score = tephra.score(model, path)
    assert score == tephra.score(model, str(path)) == tephra.score(model, questions)
    score.write(tmp_path / "answers.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [line["by_sum"] for line in lines] == [answer.by_sum for answer in score.answers]
    first = lines[0]["choices"][0]
    assert (first["log_likelihood"], first["greedy"], first["tokens"]) == score.answers[0].choices[0]


GOOD = {"context": "a", "choices": ["b", "c"], "label": 0}


@pytest.mark.parametrize(
    ("questions", "place"),
    [
        ([{"context": "a", "choices": ["b", "c"]}], "questions:1#/label"),
        ([{"context": "a", "choices": ["b", "c"], "label": 2}], "questions:1#/label"),
        ([GOOD, {"context": "a", "choices": ["b"], "label": 0}], "questions:2#/choices"),
        ([{**GOOD, "lable": 0}], "questions:1#"),
        ([{"context": "a", "choices": ["b", "\ud800"], "label": 0}], "questions:1"),
        ([{"context": object(), "choices": ["b", "c"], "label": 0}], "questions"),
        ([5], "questions"),
        (5, "questions"),
        ([], "questions"),
    ],
)
def test_bad_questions_are_refused_with_their_place(model, questions, place):
    with pytest.raises(tephra.Error) as caught:
        tephra.score(model, questions)
    assert caught.value.place.startswith(place)


@pytest.mark.parametrize(
    ("pairs", "place"),
    [
        ([("a",)], "pairs, 0"),
        (["ab"], "pairs, 0"),
        ([("a", " b"), ("a", [1])], "pairs, 1"),
        ([("a", "")], "pairs, 0"),
        ([([1], [])], "pairs, 0"),
        ([([1], [4096])], "pairs, 0"),
        ([([1], [0.5])], "pairs, 0, continuation"),
        (5, "pairs"),
    ],
)
def test_bad_pairs_are_refused_with_their_place(model, pairs, place):
    with pytest.raises(tephra.Error) as caught:
        model.loglikelihoods(pairs)
    assert caught.value.place == place


def test_options_are_used_or_refused(model):
    with pytest.raises(tephra.Error, match="nativ"):
        tephra.score(model, made_questions(1), engine="nativ")
    with pytest.raises(tephra.Error, match="threads"):
        model.loglikelihoods([("a", "b")], threads=0)
    with pytest.raises(tephra.Error, match="limit"):
        tephra.score(model, made_questions(1), limit=0)

"""Logits, states and likelihoods of language models."""

import math

import numpy as np
import pytest

import tephra

from shipped import PILOTNET


def test_logits_are_those_of_every_engine(model):
    ids = model.encode("Once upon a time there was")
    logits = model.logits("Once upon a time there was")
    assert logits.shape == (len(ids), model.config["vocab_size"]) and logits.dtype == np.int32
    assert np.array_equal(logits, model.logits(ids, engine="golden"))
    engine = model.engine(streams=2)
    for k, token in enumerate(ids):
        row = engine.decode([token, token])
        assert np.array_equal(row[0], logits[k]) and np.array_equal(row[1], logits[k])
    assert np.array_equal(engine.read_state(0), engine.read_state(1))
    other = model.engine()
    other.write_state(engine.read_state(1))
    assert np.array_equal(other.decode([5]), engine.decode([5])[:1])


def test_greedy_text_is_the_largest_logit(model):
    generation = model.generate("Once upon a time", tokens=5, greedy=True)
    generation.text()
    ids = model.encode("Once upon a time").tolist()
    for token in generation.ids:
        assert np.argmax(model.logits(ids)[-1]) == token
        ids.append(int(token))


def test_likelihoods_are_the_softmax_of_the_logits(model):
    before, after = "Once upon a", " time there was a man"
    got = model.loglikelihood(before, after)
    ids = model.encode(before + after)
    start = len(model.encode(before))
    real = model.logits(ids).astype(float) / 2**model.fraction_bits
    expected = sum(real[t - 1][ids[t]] - np.logaddexp.reduce(real[t - 1]) for t in range(start, len(ids)))
    assert got.log_likelihood == pytest.approx(expected, rel=1e-12)
    assert got.tokens == len(ids) - start and got.per_token == got.log_likelihood / got.tokens
    assert got == model.loglikelihood(ids[:start].tolist(), ids[start:].tolist())
    assert got == model.loglikelihood(before + " ", after[1:])  # white space goes to the continuation


def test_likelihoods_sum_to_the_loss_that_evaluate_reports(model):
    ids = np.random.default_rng(4).integers(3, 4000, 31)
    score = model.loglikelihood(ids[:1].tolist(), ids[1:].tolist())
    loss = tephra.evaluate(model, ids, windows=1, length=30).loss
    assert -score.log_likelihood / 30 == pytest.approx(loss, rel=1e-12)
    assert math.exp(loss) == pytest.approx(tephra.evaluate(model, ids, windows=1, length=30).perplexity)


def test_a_greedy_continuation_is_said_to_be_greedy(model):
    generation = model.generate([1, 400, 500], tokens=3, greedy=True)
    assert generation.text().split() == [str(token) for token in generation.ids]
    assert model.loglikelihood([1, 400, 500], generation.ids.tolist()).greedy
    assert not model.loglikelihood([1, 400, 500], [7, 7, 7]).greedy


def test_synthetic_models_keep_to_ids(tmp_path):
    model = tephra.synth(tmp_path / "s.tph", hidden=32, layers=1, vocab=50, calibration_tokens=4)
    assert not model.has_tokenizer and "synthetic" in repr(model)
    assert model.generate([1, 2], tokens=3, greedy=True).text().count(" ") == 2
    with pytest.raises(tephra.Error, match="tokenizer"):
        model.generate("text")
    with pytest.raises(tephra.Error, match="vocabulary"):
        model.generate([50])


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"greedy": True, "seed": 1}, "generate, seed"),
        ({"temperature": 0, "top_k": 5}, "generate, top_k"),
        ({"top_p": 0}, "generate, top_p"),
        ({"temperature": float("nan")}, "generate, temperature"),
        ({"seed": -1}, "generate, seed"),
        ({"seed": 2**64}, "generate, seed"),
        ({"tokens": 1.0}, "generate, tokens"),
        ({"tokens": True}, "generate, tokens"),
        ({"engine": "nativ"}, "generate, engine"),
        ({"engine": "golden", "threads": 2}, "generate, threads"),
        ({"sampler": 5}, "generate, sampler"),
        ({"sampler": int, "seed": 4}, "generate, seed"),
    ],
)
def test_options_are_used_or_refused(model, options, place):
    with pytest.raises(tephra.Error) as caught:
        model.generate("Once", **options)
    assert caught.value.place == place and caught.value.hint


def test_files_that_ship_are_found_by_their_path():
    network = tephra.load(tephra.shipped_file("models/pilotnet-lif/network.net"))
    assert network.hash == tephra.load(PILOTNET / "network.net").hash
    assert tephra.shipped_file("models/mmf-7m.tph").is_file()
    with pytest.raises(tephra.Error, match="models/mmf-8m.tph"):
        tephra.shipped_file("models/mmf-8m.tph")
    with pytest.raises(tephra.Error, match="path"):
        tephra.shipped_file(5)

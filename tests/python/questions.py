"""Multiple-choice questions made of a text: which second half belongs to a sentence."""

import re

import numpy as np

from shipped import ROOT


def halves(sentence):
    words = sentence.split()
    return " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])


def made_questions(count, seed=0):
    text = (ROOT / "models" / "calibration.txt").read_text(encoding="utf-8")
    sentences = [s for s in re.split(r"(?<=[.!?])\s+", text) if 50 <= len(s) <= 200]
    rng = np.random.default_rng(seed)
    questions = []
    for own in rng.permutation(len(sentences))[:count]:
        context, right = halves(sentences[own])
        choices = [halves(sentences[k])[1] for k in rng.permutation(len(sentences)) if k != own][:3]
        label = int(rng.integers(0, 4))
        choices.insert(label, right)
        questions.append({"context": context, "choices": choices, "label": label})
    return questions

"""Multiple-choice questions, as lm-eval asks them zero-shot."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _core
from .models import Likelihood, Model, PathLike

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Answer(NamedTuple):
    """What a model says to one question. by_sum: the choice of the largest log-likelihood; by_length: the same of
    log-likelihoods divided by the characters of the choice. Of equals, the first."""

    label: int
    by_sum: int
    by_length: int
    choices: tuple[Likelihood, ...]


@dataclass(frozen=True)
class Score:
    """What :func:`score` gives. acc, acc_norm: shares of questions that are right by sum and by length, with standard
    errors (None for a single question). tokens: of all choices."""

    model: str
    engine: str
    answers: tuple[Answer, ...] = field(repr=False)
    tokens: int
    acc: float
    acc_stderr: float | None
    acc_norm: float
    acc_norm_stderr: float | None
    lines: str = field(repr=False)

    def write(self, path: PathLike) -> None:
        """Writes likelihoods and answer of each question, as ``tephra score -o`` does."""
        _core.write_text(path, self.lines)


def score(
    model: Model,
    questions: PathLike | Sequence[Mapping[str, Any]],
    *,
    limit: int | None = None,
    engine: str | None = None,
    threads: int | None = None,
) -> Score:
    """Answers multiple-choice questions by the likelihood of each choice. The numbers are those of ``tephra score``.

    questions: a file, or a list of dicts, with the same keys: ``context`` (a text, or one for each choice), ``choices``,
    ``label`` (index of the right one), and where it is not a space ``delimiter``, which stands between the two.
    limit: questions to answer, from the first on. engine: "native" (default), "golden", "float" (the reference) or "cuda".
    threads: share the questions; the result does not depend on them."""
    if not isinstance(model, Model):
        raise _core.refusal("it is no tephra.Model", "model", "load one with tephra.load()")
    given: Any = questions
    is_text = not isinstance(questions, (str, bytes, os.PathLike))
    if is_text:
        try:
            given = "\n".join(json.dumps(dict(question)) for question in given)
        except (TypeError, ValueError) as error:
            raise _core.refusal(str(error), "questions", "give a path, or a list of dicts of texts and numbers") from None
    got = _core.score(model._native, given, is_text, limit=limit, engine=engine, threads=threads)
    answers = tuple(
        Answer(label, by_sum, by_length, tuple(Likelihood(*choice) for choice in choices))
        for label, by_sum, by_length, choices in got.pop("answers")
    )
    return Score(answers=answers, **got)

"""Published files of multiple-choice tasks as TASK.jsonl, with the prompts of lm-eval 0.4.13, for machines without a network::

    python -m tephra.tasks hellaswag hellaswag_val.jsonl -o hellaswag.jsonl
    python -m tephra.tasks piqa valid.jsonl --labels valid-labels.lst -o piqa.jsonl
    tephra score M.tph hellaswag.jsonl
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .models import PathLike

Row = dict[str, Any]


def _lettered(row: Row, context: str) -> Row:
    """ARC and OpenBookQA: choices with letters, of which one is the key."""
    choices = row["question"]["choices"]
    letters = [choice["label"] for choice in choices]
    label = letters.index(row["answerKey"].strip())
    return {"context": context, "choices": [choice["text"] for choice in choices], "label": label}


def _arc(row: Row, label: str | None) -> Row:
    return _lettered(row, f"Question: {row['question']['stem']}\nAnswer:")


def _openbookqa(row: Row, label: str | None) -> Row:
    return _lettered(row, row["question"]["stem"])


def _plain(text: str) -> str:
    """Without the marks that WikiHow left in HellaSwag."""
    text = text.strip().replace(" [title]", ". ")
    return re.sub("\\[.*?\\]", "", text).replace("  ", " ")


def _hellaswag(row: Row, label: str | None) -> Row:
    context = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"
    choices = [_plain(ending) for ending in row["endings"]]
    return {"context": _plain(context), "choices": choices, "label": int(row["label"] if label is None else label)}


def _piqa(row: Row, label: str | None) -> Row:
    context = f"Question: {row['goal']}\nAnswer:"
    return {
        "context": context,
        "choices": [row["sol1"], row["sol2"]],
        "label": int(row["label"] if label is None else label),
    }


def _winogrande(row: Row, label: str | None) -> Row:
    """Two contexts, and what follows the gap in both."""
    before, after = row["sentence"].split("_", 1)
    answer = row["answer"] if label is None else label
    return {
        "context": [before + row["option1"], before + row["option2"]],
        "choices": [after.strip()] * 2,
        "label": ["1", "2"].index(answer),
    }


_READERS: dict[str, Callable[[Row, str | None], Row]] = {
    "arc_easy": _arc,
    "arc_challenge": _arc,
    "hellaswag": _hellaswag,
    "openbookqa": _openbookqa,
    "piqa": _piqa,
    "winogrande": _winogrande,
}
_LABELLED = ("hellaswag", "piqa", "winogrande")

names = tuple(_READERS)


def _lines(path: PathLike) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _core.refusal(str(error), os.fsdecode(os.fspath(path)), "give a readable text file") from None


def convert(name: str, path: PathLike, labels: PathLike | None = None) -> Iterator[Row]:
    """Questions of a published file (one JSON object a line), as :func:`tephra.score` takes them.

    name: one of :data:`names`. labels: a file with the right answers, one a line, where the published data has them apart
    (PIQA's ``valid-labels.lst``)."""
    if name not in _READERS:
        raise _core.refusal(f'there is no task "{name}"', "tephra.tasks", f"it can be {', '.join(names)}")
    if labels is not None and name not in _LABELLED:
        raise _core.refusal(f"{name} holds its answers itself", "tephra.tasks, labels", "leave it out")
    rows = _lines(path)
    answers: Sequence[str | None] = [None] * len(rows) if labels is None else [line.strip() for line in _lines(labels)]
    while rows and not rows[-1].strip():
        rows.pop()
    count = sum(1 for answer in answers if answer) if labels is not None else len(rows)
    if labels is not None and count != len(rows):
        raise _core.refusal(f"{count} answers to {len(rows)} questions", os.fsdecode(os.fspath(labels)), "give its own file")
    for number, (line, answer) in enumerate(zip(rows, answers), 1):
        try:
            yield _READERS[name](json.loads(line), answer)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            said = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
            hint = f"give {name} as it was published" + (", and its labels" if name in _LABELLED else "")
            raise _core.refusal(said, f"{os.fsdecode(os.fspath(path))}:{number}", hint) from None


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tephra.tasks", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=names)
    parser.add_argument("file", help="questions as published, one JSON object a line")
    parser.add_argument("--labels", help="right answers, one a line, where they are apart")
    parser.add_argument("-o", "--output", required=True, help="TASK.jsonl")
    given = parser.parse_args(arguments)
    try:
        questions = [json.dumps(question, ensure_ascii=False) for question in convert(given.name, given.file, given.labels)]
        _core.write_text(given.output, "\n".join(questions) + "\n")
    except _core.Error as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

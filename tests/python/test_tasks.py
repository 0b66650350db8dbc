"""Published files of tasks become questions, with the prompts of lm-eval."""

import json
import os
from pathlib import Path

import pytest

import tephra
from tephra import tasks

# A row of each file as its authors published it, with other words.
ARC = {
    "id": "Q1",
    "question": {
        "stem": "Which of these melts first?",
        "choices": [{"text": "ice", "label": "A"}, {"text": "iron", "label": "B"}, {"text": "stone.", "label": "C"}],
    },
    "answerKey": "A",
}
OPENBOOKQA = {**ARC, "question": {**ARC["question"], "stem": "What melts first is"}, "answerKey": "C"}
HELLASWAG = {
    "ind": 4,
    "activity_label": "Baking bread",
    "ctx_a": "[header] How to bake bread [title] Mix the flour.",
    "ctx_b": "the baker",
    "ctx": "unused",
    "split": "val",
    "label": 2,
    "endings": ["waits.", "[substeps] sings  a song.", "kneads the dough [title] It rises.", "leaves."],
}
PIQA = {"goal": "To open a jar", "sol1": "turn the lid.", "sol2": "turn the table."}
WINOGRANDE = {
    "qID": "3-1",
    "sentence": "The cup fell from the shelf because the _ was round.",
    "option1": "cup",
    "option2": "shelf",
    "answer": "2",
}
ROWS = {
    "arc_easy": ARC,
    "arc_challenge": {**ARC, "answerKey": "B"},
    "hellaswag": HELLASWAG,
    "openbookqa": OPENBOOKQA,
    "piqa": {**PIQA, "label": 1},
    "winogrande": WINOGRANDE,
}


def converted(name, row, tmp_path, labels=None):
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    if labels is not None:
        (tmp_path / "labels.lst").write_text(labels + "\n")
        return list(tasks.convert(name, tmp_path / "rows.jsonl", tmp_path / "labels.lst"))
    return list(tasks.convert(name, tmp_path / "rows.jsonl"))


def test_rows_become_questions(tmp_path):
    assert converted("arc_easy", ARC, tmp_path) == [
        {
            "context": "Question: Which of these melts first?\nAnswer:",
            "choices": ["ice", "iron", "stone."],
            "label": 0,
        }
    ]
    assert converted("openbookqa", OPENBOOKQA, tmp_path)[0]["context"] == "What melts first is"
    hellaswag = converted("hellaswag", HELLASWAG, tmp_path)[0]
    assert hellaswag["context"] == "Baking bread: How to bake bread. Mix the flour. The baker"
    assert hellaswag["choices"][1:3] == [" sings a song.", "kneads the dough. It rises."]
    assert converted("piqa", PIQA, tmp_path, labels="1")[0]["label"] == 1
    winogrande = converted("winogrande", WINOGRANDE, tmp_path)[0]
    assert winogrande["context"] == [f"The cup fell from the shelf because the {word}" for word in ("cup", "shelf")]
    assert winogrande["choices"] == ["was round.", "was round."] and winogrande["label"] == 1


def test_what_is_made_can_be_scored(model, tmp_path):
    for name, row in ROWS.items():
        (tmp_path / "rows.jsonl").write_text(json.dumps(row))
        tasks.main([name, str(tmp_path / "rows.jsonl"), "-o", str(tmp_path / "task.jsonl")])
        assert tephra.score(model, tmp_path / "task.jsonl") == tephra.score(model, converted(name, row, tmp_path))


def test_other_files_are_refused_with_their_line(tmp_path):
    for name, row, labels, words in (
        ("piqa", PIQA, None, "rows.jsonl:1"),
        ("piqa", PIQA, "1\n0", "2 answers to 1 questions"),
        ("piqa", PIQA, "yes", "rows.jsonl:1"),
        ("arc_easy", HELLASWAG, None, "'question' is missing"),
        ("arc_easy", {**ARC, "answerKey": "E"}, None, "rows.jsonl:1"),
        ("arc_easy", ARC, "1", "holds its answers itself"),
        ("winogrande", {**WINOGRANDE, "sentence": "No gap."}, None, "rows.jsonl:1"),
        ("winogrande", [1], None, "rows.jsonl:1"),
        ("boolq", ARC, None, "there is no task"),
    ):
        with pytest.raises(tephra.Error, match=words):
            converted(name, row, tmp_path, labels)
    with pytest.raises(tephra.Error, match="gone"):
        list(tasks.convert("piqa", tmp_path / "gone.jsonl"))
    with pytest.raises(SystemExit, match="gone"):
        tasks.main(["piqa", str(tmp_path / "gone.jsonl"), "-o", str(tmp_path / "task.jsonl")])


def as_hugging_face_has_it(name, row):
    """The row with the columns of the data set that lm-eval loads."""
    if name in ("arc_easy", "arc_challenge", "openbookqa"):
        choices = row["question"]["choices"]
        columns = {key: [choice[key] for choice in choices] for key in ("text", "label")}
        stem = "question_stem" if name == "openbookqa" else "question"
        return {"id": "1", stem: row["question"]["stem"], "choices": columns, "answerKey": row["answerKey"]}
    return {**row, "label": str(row["label"])} if name == "hellaswag" else row


FILES = {"winogrande": "winogrande/default.yaml"}  # where lm-eval's task files have another name


@pytest.mark.parametrize("name", tasks.names)
def test_prompts_are_those_of_lm_eval(name, tmp_path):
    os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")
    pytest.importorskip("lm_eval", reason='lm-eval is not here: pip install "tephra[eval]"')
    import lm_eval
    from lm_eval.tasks import TaskManager

    own = next((Path(lm_eval.__file__).parent / "tasks").glob(FILES.get(name, f"*/{name}.yaml")))
    (tmp_path / "data.jsonl").write_text(json.dumps(as_hugging_face_has_it(name, ROWS[name])) + "\n")
    splits = {split: str(tmp_path / "data.jsonl") for split in ("train", "validation", "test")}
    local = {"include": str(own), "task": "local", "dataset_path": "json", "dataset_name": None}
    local["dataset_kwargs"] = {"data_files": splits}
    (tmp_path / "local.yaml").write_text(json.dumps(local))  # JSON is YAML
    loaded = TaskManager(include_path=str(tmp_path), include_defaults=False).load("local")["tasks"]["local"]
    loaded.build_all_requests()
    question = converted(name, ROWS[name], tmp_path)[0]
    contexts = question["context"] if isinstance(question["context"], list) else [question["context"]] * 5
    assert [instance.args for instance in loaded.instances] == [
        (context, " " + choice) for context, choice in zip(contexts, question["choices"])
    ]
    doc = loaded.instances[0].doc
    gold = loaded.doc_to_text(doc) if loaded.multiple_input else loaded.doc_to_target(doc)
    assert int(gold) == question["label"]

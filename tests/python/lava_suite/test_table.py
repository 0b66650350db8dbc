"""Lava's own unit tests do on tephra's runtimes what docs/lava-tests.md says."""

import run

from shipped import ROOT


def test_lavas_own_tests_do_what_the_table_says():
    assert run.differences((ROOT / "docs" / "lava-tests.md").read_text(), jobs=2) == []


def test_a_table_is_read_as_it_was_written():
    outcomes = {
        "lava": ("passed", "", ""),
        "refuse": ("failed", "its floating-point model", ""),
        "python": ("skipped", "no | board", "engine+python"),
    }
    results = {"a/test_b.py": {"C.test_d": outcomes, "C.test_e": {}}}
    rows = run.read_table(run.table(results))
    assert rows == {("a/test_b.py", test): run.row(by) for test, by in results["a/test_b.py"].items()}
    assert rows["a/test_b.py", "C.test_d"][1] == "refused: floating point"

"""Machines and cost tables: read, changed, written."""

import pytest

import tephra


def test_a_changed_machine_is_another_value():
    machine = tephra.Machine("loihi2-oheo-gulch")
    other = machine.changed(mesh__core_packets__value=64, name="mine")
    assert other.to_dict()["mesh"]["core_packets"]["value"] == 64 and other.name == "mine"
    assert machine.to_dict()["mesh"]["core_packets"]["value"] != 64 and other.hash != machine.hash
    assert machine.changed().hash == machine.hash


def test_a_changed_price_changes_what_it_prices(small, frames):
    run = tephra.simulate(small, "loihi2-oheo-gulch", input=frames)
    table = tephra.CostTable("loihi2")
    price = table.to_dict()["events"]["synop_int8_pj"]
    dearer = table.changed(events__synop_int8_pj={**price, "value": 2 * price["value"], "high": 4 * price["value"]})
    before, after = run.report(table).groups_j(), run.report(dearer).groups_j()
    assert after["synapse"][1] == pytest.approx(2 * before["synapse"][1]) and before["synapse"][1] > 0
    assert {name for name in before if before[name] != after[name]} == {"synapse"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [("coar", "in place of 'coar' there is name"), ("mesh__x", "flit_bits"), ("name__x", "nothing below it")],
)
def test_unknown_members_are_refused_with_those_that_there_are(name, hint):
    with pytest.raises(tephra.Error, match="no member") as caught:
        tephra.Machine("loihi2-oheo-gulch").changed(**{name: 5})
    assert hint in caught.value.hint


def test_machines_are_written_and_read_back(tmp_path):
    machine = tephra.Machine("kapoho-point").changed(name="mine")
    machine.write(tmp_path / "mine.json")
    assert tephra.Machine(tmp_path / "mine.json").hash == machine.hash

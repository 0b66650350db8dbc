"""Machines and cost tables: read, changed, written."""

import numpy as np
import pytest

import tephra


def test_a_changed_machine_is_another_value():
    machine = tephra.Machine("oheo-gulch")
    other = machine.changed(mesh__core_packets__value=64, name="mine")
    assert other.to_dict()["mesh"]["core_packets"]["value"] == 64 and other.name == "mine"
    assert machine.to_dict()["mesh"]["core_packets"]["value"] != 64 and other.hash != machine.hash
    assert machine.changed().hash == machine.hash


def test_a_changed_price_changes_what_it_prices(small, frames):
    run = tephra.simulate(small, "oheo-gulch", input=frames)
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
        tephra.Machine("oheo-gulch").changed(**{name: 5})
    assert hint in caught.value.hint


def test_machines_are_written_and_read_back(tmp_path):
    machine = tephra.Machine("kapoho-point").changed(name="mine")
    machine.write(tmp_path / "mine.json")
    assert tephra.Machine(tmp_path / "mine.json").hash == machine.hash


def test_dead_and_slow_parts_are_read_and_what_the_host_does_not_reach_takes_no_work():
    whole = tephra.Machine("generic-mesh")  # 2 x 2 chips of 8 x 8 tiles with one core
    assert whole.dead_cores == whole.dead_routers == whole.dead_links == whole.dead_mesh_links == []
    assert whole.slow_cores == {} and whole.working_cores == list(range(256))
    broken = whole.changed(
        dead_cores=[9, 3],
        dead_links=[{"from": a, "to": b} for a, b in ((3, 1), (1, 0))],
        dead_mesh_links=[{"from": 0, "to": 8}],
        dead_routers=[20],
        slow_cores=[{"core": 7, "factor": 1.25}, {"core": 5, "factor": 2}],
    )
    assert broken.dead_cores == [3, 9] and broken.dead_routers == [20]
    assert broken.dead_links == [(1, 0), (3, 1)] and broken.dead_mesh_links == [(0, 8)]
    assert broken.slow_cores == {5: 2.0, 7: 1.25}
    lost = {3, 9, 20, *range(64, 128)}  # both links of chip 1 have lost a direction
    assert broken.working_cores == [core for core in range(256) if core not in lost]
    assert broken.hash != whole.hash


@pytest.mark.parametrize(
    ("member", "value", "place"),
    [
        ("dead_routers", [256], "#/dead_routers/0"),
        ("dead_mesh_links", [{"from": 7, "to": 8}], "#/dead_mesh_links/0"),
        ("slow_cores", [{"core": 1, "factor": 0.5}], "#/slow_cores/0/factor"),
    ],
)
def test_parts_that_a_machine_has_not_are_refused_with_their_place(member, value, place):
    with pytest.raises(tephra.Error) as caught:
        tephra.Machine("generic-mesh").changed(**{member: value})
    assert caught.value.place.endswith(place)


def test_outputs_do_not_depend_on_dead_and_slow_parts(small, frames):
    whole = tephra.Machine("generic-mesh")
    broken = whole.changed(
        dead_links=[{"from": 0, "to": 1}, {"from": 1, "to": 0}],
        dead_mesh_links=[{"from": 8, "to": 9}, {"from": 28, "to": 27}],
        dead_routers=[36],
        slow_cores=[{"core": core, "factor": 3} for core in range(64)],
    )
    runs = [tephra.simulate(small, machine, input=frames, probe=["c:v", "b:spikes"]) for machine in (whole, broken)]
    for name, values in runs[0].recorded.items():
        assert np.array_equal(runs[1].recorded[name], values)
    assert runs[1].elapsed_ps > runs[0].elapsed_ps

"""The steps of a Lava program once more, on the simulated machine: times, counts, and what they cost."""

from functools import cached_property

import numpy as np

import tephra

from ._errors import ProcessError, error


def machine_by_name(machine):
    """A tephra.Machine; names may leave out "loihi1-" and "loihi2-"."""
    names = tephra.machine_names()
    if isinstance(machine, str) and machine not in names:
        for known in names:
            if known.partition("-")[2] == machine:
                return tephra.Machine(known)
    return machine if isinstance(machine, tephra.Machine) else tephra.Machine(machine)


class Profile:
    """A simulated run (`run`, tephra.Run), its price (`report`, tephra.Report), and arrays by core."""

    def __init__(self, network, machine, frames, steps, notes):
        self.steps, self.notes = steps, notes
        self._machine = machine
        self.mapping = tephra.map_program(network, machine)
        options = {} if frames is None else {"input": frames}
        self.run = tephra.simulate(network, machine, map=self.mapping, steps=steps, **options)
        self.report = tephra.price(self.run)
        self.notes += self.report.notes

    @cached_property
    def bytes_of_a_core(self):
        core = self._machine.to_dict()["core"]
        return core["synaptic_bytes"]["value"] + core["state_bytes"]["value"]

    @cached_property
    def _data(self):
        return self.run.to_dict()

    @cached_property
    def cores(self):
        """Columns of the mapping, a row a core that holds neurons; core_on_chip counts from 0 on each chip."""
        columns = {name: np.array(values) for name, values in self.mapping.cores().items()}
        cores_of_a_chip = len(self._data["cores"]) // max(self._data["machine_chips"], 1)
        columns["core_on_chip"] = columns["core"] % max(cores_of_a_chip, 1)
        return columns

    @cached_property
    def counts(self):
        """Counted events by kind, an array by core in the order of `cores`."""
        by_core = {row["core"]: row["counts"] for row in self._data["cores"]}
        table = np.array([by_core[int(core)] for core in self.cores["core"]])
        return {kind: table[:, number] for number, kind in enumerate(self._data["event_kinds"])}


def simulate(runtime, steps):
    """Simulates the first `steps` steps that a runtime has done, of a program that is all in the engine.

    Errors: tephra.Error that names what the simulated machine can't take: processes in Python, several inputs, a start
    other than zero, a Var that was set between the runs, neurons or a machine that do not fit.
    """
    if not hasattr(tephra, "simulate"):
        raise error("this tephra has no simulate()", "profile", "install a newer one", kind=ProcessError)
    engine = runtime.engine
    outside = [p.process for p in runtime.placements if p.where == "python"]
    if engine is None or outside:
        raise error(
            "the machine simulates what the engine runs; these run in Python: "
            + ", ".join(f'{type(p).__name__} "{p.name}"' for p in outside),
            "profile",
            "take them out of the program that is profiled",
            kind=ProcessError,
        )
    plan = engine.plan
    if len(plan.inputs) > 1:
        raise error(
            f"{len(plan.inputs)} ports get values from sources", "profile", "use one source", kind=ProcessError
        )
    if engine.starts_beyond_zero:
        raise error("states do not start at zero", "profile", "start them at zero", kind=ProcessError)
    if engine.changed:
        raise error(
            f"{engine.changed} was set between two steps", "profile", "profile a run without changes", kind=ProcessError
        )
    frames = None
    if plan.inputs:
        values = engine.io.frames(plan.inputs[0], 0, steps)
        shape = plan.layers[plan.inputs[0].layer][1]
        frames = np.asarray(values, np.int32).reshape(steps, *shape)
    notes = []
    if steps < runtime.time_step:
        notes.append(f"the first {steps} of {runtime.time_step} steps were simulated")
    return Profile(engine.network_for_machine(), runtime.machine, frames, steps, notes)

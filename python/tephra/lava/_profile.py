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
        self._machine, self._layers = machine, [layer.name for layer in network.layers]
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

    def core_table(self):
        """How the cores are used, a row a layer: what its fullest core has of each, and how many cores it takes. A core
        counts for the layer that has most neurons on it."""
        columns = self.cores
        layers = np.array(columns["layer"])
        names = ("axons_in", "axons_out", "neurons", "synaptic_bytes", "state_bytes")
        heads = ("AxonIn", "AxonOut", "Neurons", "SynBytes", "StBytes", "Cores")
        line = "-" * (9 * len(heads) + 1)
        table = ["Per core distribution:", line, "|" + "|".join(f"{head:^8}" for head in heads) + "|", line]
        for layer in reversed(self._layers):
            cores = layers == layer
            if not cores.any():  # it shares cores with larger ones
                continue
            values = [columns[name][cores].max() for name in names] + [cores.sum()]
            table.append("|" + "|".join(f"{value:8}" for value in values) + f"|{layer}")
        return "\n".join([*table, line, f"| Total{len(layers):{len(line) - 9}} |", line])

    @cached_property
    def counts(self):
        """Counted events by kind, an array by core in the order of `cores`."""
        by_core = {row["core"]: row["counts"] for row in self._data["cores"]}
        table = np.array([by_core[int(core)] for core in self.cores["core"]])
        return {kind: table[:, number] for number, kind in enumerate(self._data["event_kinds"])}


def simulate(runtime, steps):
    """Simulates the first `steps` steps that a runtime has done: what the engine ran is on the machine, processes in
    Python are the host, which gives the values that they gave.

    Errors: tephra.Error that names what the simulated machine can't take: nothing in the engine, several inputs, a
    start other than zero, a Var that was set between the runs, neurons or a machine that do not fit.
    """
    engine = runtime.engine
    processes = [placement.process for placement in runtime.placements if placement.where == "python"]
    outside = ", ".join(f'{type(process).__name__} "{process.name}"' for process in processes)
    if engine is None:
        raise error(
            f"the machine simulates what the engine runs; these run in Python: {outside}",
            "profile",
            "profile a program with neurons of Lava's library",
            kind=ProcessError,
        )
    plan = engine.plan
    if len(plan.inputs) > 1:
        raise error(
            f"{len(plan.inputs)} ports get values from outside", "profile", "use one source", kind=ProcessError
        )
    if engine.starts_beyond_zero:
        raise error("states do not start at zero", "profile", "start them at zero", kind=ProcessError)
    if engine.changed:
        raise error(
            f"{engine.changed} was set between two steps", "profile", "profile a run without changes", kind=ProcessError
        )
    frames = None
    if plan.inputs:
        shape = plan.layers[plan.inputs[0].layer][1]
        frames = np.asarray(engine.frames(steps), np.int32).reshape(steps, *shape)
    notes = [f"on the host, whose time is not simulated: {outside}"] if outside else []
    if steps < runtime.time_step:
        notes.append(f"the first {steps} of {runtime.time_step} steps were simulated")
    return Profile(engine.network_for_machine(), runtime.machine, frames, steps, notes)

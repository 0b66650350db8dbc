"""Power, execution time, activity and memory of a Lava program on tephra's simulated machine, under the names that Lava
programs know from Intel's package: `from lava.utils.loihi2_profiler import Loihi2Power, ...`.

Give them to a run configuration, `Loihi2HwCfg(callback_fxs=[power, time, activity, memory])`; after run() they hold
NumPy arrays. The machine is that of attach(machine=...), and its steps are those of the last run, of which
attach(profile_steps=...) are simulated. What the machine does not model is NaN, and `notes` says so.
"""

import numpy as np

from ._errors import ProcessError, error

__all__ = ["Loihi2Activity", "Loihi2ExecutionTime", "Loihi2Memory", "Loihi2Power"]

_ps_of_a_us = 1e6


class _Profiler:
    """What the four have in common. `report`: tephra.Report of the simulated steps, after a run."""

    def __init__(self, num_steps=None, **settings):
        self.num_steps, self.settings = num_steps, settings
        self.notes = []
        self.report = None
        self._board = None

    def attach(self, board):
        """Lava programs call it before a run, with what tephra gives them as board."""
        self._board = board

    def get_results(self):
        """Lava programs call it after a run; it reads what the machine did."""
        if self._board is None:
            raise error("it was not attached", type(self).__name__, "give it to a run configuration", kind=ProcessError)
        self._read(self._board.profile())

    def pre_run_callback(self, board, var_id_to_var_model_map=None):
        self.attach(board)

    def post_run_callback(self, board, var_id_to_var_model_map=None):
        self.attach(board)
        self.get_results()

    def _read(self, profile):
        self.report = profile.report
        self.notes = list(profile.notes)
        self.read(profile)

    def _not_modelled(self, what):
        self.notes.append(f"{what}: not modelled")
        return np.nan

    def __repr__(self):
        return f"<{type(self).__name__}: {'no run yet' if self.report is None else self.report}>"


class Loihi2Power(_Profiler):
    """Watts of the chips, as on a board: what their supplies VDD, VDDM and VDDIO feed (scope "neurocores" of the report).
    total_power: of each step, the mean over the run; static_total_power: what flows without any work. Prices are not
    split by supply: vdd_power, vddm_power, vddio_power and static_* are NaN."""

    def read(self, profile):
        steps = profile.steps
        seconds = profile.run.elapsed_ps * 1e-12
        scope, watts = next(iter(self.report.power_w().items()))  # the narrowest that the cost table has
        self.notes.append(f"power: scope {scope}")
        self.total_power = np.full(steps, watts)
        self.static_total_power = self.report.groups_j()["static"][1] / seconds
        self.dynamic_power = self.total_power - self.static_total_power
        self.total_energy = float(np.sum(self.total_power) * seconds / steps)
        self.notes.append("total_power: the mean over the run in each step")
        for supply in ("vdd", "vddm", "vddio"):
            unknown = self._not_modelled(f"{supply}_power, static_{supply}_power: power by supply")
            setattr(self, f"{supply}_power", np.full(steps, unknown))
            setattr(self, f"static_{supply}_power", unknown)


class Loihi2ExecutionTime(_Profiler):
    """Microseconds of each step: execution_time_per_step (also time_per_step), and avg_time_per_step. management_ and
    host_time_per_step: the mean over the run in each step. Learning: NaN."""

    def read(self, profile):
        run = profile.run.to_dict()
        left = np.array([row[5] for row in run["rounds"]], np.float64)
        self.execution_time_per_step = np.diff(left, prepend=0) / _ps_of_a_us
        self.time_per_step = self.execution_time_per_step
        self.avg_time_per_step = float(self.execution_time_per_step.mean())
        for name, key in (("management_time_per_step", "management_ps"), ("host_time_per_step", "host_ps")):
            setattr(self, name, np.full(profile.steps, run[key] / profile.steps / _ps_of_a_us))
        self.spiking_time_per_step = (
            self.execution_time_per_step - self.management_time_per_step - self.host_time_per_step
        )
        for name in ("learning_time_per_step", "pre_learning_mgmt_time_per_step"):
            setattr(self, name, np.full(profile.steps, self._not_modelled(name)))


class _ByCore(_Profiler):
    def _cores(self, profile):
        cores = profile.cores
        self.core_idx, self.chip_idx = cores["core_on_chip"], cores["chip"]
        return cores


class Loihi2Activity(_ByCore):
    """Counts of each core that holds neurons, over all simulated steps: syn_ops, dendrite_updates (neurons evaluated),
    spikes_in (also spike_axon_in) and axon_out (packets); chip_idx, core_idx: which core it is."""

    def read(self, profile):
        cores = self._cores(profile)
        kinds = profile.counts
        self.syn_ops = sum(counts for kind, counts in kinds.items() if kind.startswith("synop_"))
        self.dendrite_updates = kinds["evaluation"]
        self.spikes_in = self.spike_axon_in = kinds["message_in"]
        self.axon_out = kinds["message_out"]
        self.layer = cores["layer"]


class Loihi2Memory(_ByCore):
    """Of each core that holds neurons: total_mpds, the share of its memory in use; synaptic_bytes, state_bytes."""

    def read(self, profile):
        cores = self._cores(profile)
        self.synaptic_bytes, self.state_bytes = cores["synaptic_bytes"], cores["state_bytes"]
        self.total_mpds = (self.synaptic_bytes + self.state_bytes) / profile.bytes_of_a_core

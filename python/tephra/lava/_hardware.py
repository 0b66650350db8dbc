"""What Lava programs ask before they use a Loihi 2: whether there is one and which, and how its compiler is set."""

import sys
import types

from lava.utils import loihi
from lava.utils.system import Loihi2

_partitions = {"oheo-gulch": "oheogulch", "kapoho-point": "kp"}  # boards, as programs name them


class CompilerOptions:
    """verbose: whether the use of the cores is printed when a run is profiled; so does a log level of INFO."""

    verbose = False


def _modules():
    folder = types.ModuleType("lava.magma.compiler.subcompilers.nc")
    compiler = types.ModuleType(folder.__name__ + ".ncproc_compiler")
    folder.__path__, folder.ncproc_compiler, compiler.CompilerOptions = [], compiler, CompilerOptions
    return {module.__name__: module for module in (folder, compiler)}


def _use_host(*arguments, **keywords):
    """The simulated machine needs no host to reach it by."""


def _answers(machine):
    return {
        (Loihi2, "is_loihi2_available"): True,
        (Loihi2, "partition"): _partitions.get(machine.name, machine.name),
        (loihi, "use_slurm_host"): _use_host,
        (loihi, "use_ethernet_host"): _use_host,
    }


_mine = {name: module for name, module in _modules().items() if name not in sys.modules}
_lavas = {}  # what stood in the place of an answer


def appear(machine):
    """From now on programs find a Loihi 2, the simulated one, where `machine` is of that kind."""
    if machine.kind != "loihi2":
        return
    for (where, name), answer in _answers(machine).items():
        _lavas[where, name] = vars(where)[name]
        setattr(where, name, answer)
    sys.modules.update(_mine)


def vanish():
    """What Lava itself answers holds again."""
    for (where, name), answer in _lavas.items():
        setattr(where, name, answer)
    if _lavas:
        for name in _mine:
            del sys.modules[name]
    _lavas.clear()

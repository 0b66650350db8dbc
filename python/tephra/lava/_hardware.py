"""What Lava programs ask before they use a Loihi 2: whether there is one and which, and how its compiler is set."""

import sys
import types

from lava.utils.system import Loihi2

_asked = {name: vars(Loihi2)[name] for name in ("is_loihi2_available", "partition")}
_partitions = {"loihi2-oheo-gulch": "oheogulch", "kapoho-point": "kp"}  # boards, as programs name them


class CompilerOptions:
    """verbose: whether the use of the cores is printed when a run is profiled; so does a log level of INFO."""

    verbose = False


def _modules():
    folder = types.ModuleType("lava.magma.compiler.subcompilers.nc")
    compiler = types.ModuleType(folder.__name__ + ".ncproc_compiler")
    folder.__path__, folder.ncproc_compiler, compiler.CompilerOptions = [], compiler, CompilerOptions
    return {module.__name__: module for module in (folder, compiler)}


_mine = {name: module for name, module in _modules().items() if name not in sys.modules}


def appear(machine):
    """From now on programs find a Loihi 2, the simulated one, where `machine` is of that kind."""
    if machine.kind == "loihi2":
        Loihi2.is_loihi2_available = True
        Loihi2.partition = _partitions.get(machine.name, machine.name)
        sys.modules.update(_mine)


def vanish():
    """What Lava itself answers holds again."""
    for name, lavas in _asked.items():
        setattr(Loihi2, name, lavas)
    for name, module in _mine.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]

"""Stands in for torch and slayer where torch is not installed: Lava's tests of NetX import both, one uses them."""

import importlib.util
import sys
import types

if importlib.util.find_spec("torch") is None and importlib.util.find_spec("lava.lib.dl") is not None:
    import lava.lib.dl.netx  # noqa: F401  before: it looks whether torch is there

    class _Absent(types.ModuleType):
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            raise ImportError(f"torch is not installed: no {self.__name__}.{name}")

    sys.modules["torch"] = _Absent("torch")
    sys.modules["lava.lib.dl.slayer"] = lava.lib.dl.slayer = _Absent("lava.lib.dl.slayer")

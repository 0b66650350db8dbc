"""Runs programs of Lava (lava-nc, lava-dl), unchanged, on tephra's engine.

    import tephra.lava
    tephra.lava.attach(process)
    process.run(RunSteps(100), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))

Importing this package makes `import lava` work on Python 3.11 and newer. Needs lava-nc (docs/lava.md).
"""

import importlib.util
import sys

from . import _imports

_imports.install()
try:
    import lava.magma.core.process.process  # noqa: F401
except ModuleNotFoundError as missing:
    raise ImportError(
        f"tephra.lava needs lava-nc ({missing}): pip install 'tephra[lava]', then "
        "pip install --no-deps --ignore-requires-python lava-nc==0.10.0 lava-dl==0.6.0"
    ) from missing

import lava.utils  # noqa: E402

from . import loihi2_profiler  # noqa: E402
from ._attach import Attachment, attach  # noqa: E402
from ._errors import ProcessError  # noqa: E402

if importlib.util.find_spec("lava.utils.loihi2_profiler") is None:  # Intel's own package has it
    sys.modules["lava.utils.loihi2_profiler"] = lava.utils.loihi2_profiler = loihi2_profiler

__all__ = ["Attachment", "ProcessError", "attach", "loihi2_profiler"]

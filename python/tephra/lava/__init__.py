"""Runs programs of Lava (lava-nc, lava-dl), unchanged, on tephra's engine.

    import tephra.lava
    tephra.lava.attach(process)
    process.run(RunSteps(100), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))

Importing this package makes `import lava` work on Python 3.11 and newer. Needs lava-nc: pip install tephra[lava].
"""

import importlib.util

from . import _imports

_imports.install()
if importlib.util.find_spec("lava") is None:
    raise ImportError("tephra.lava needs Lava, which is not installed: pip install tephra[lava] (docs/lava.md)")

from ._attach import Attachment, attach  # noqa: E402
from ._errors import ProcessError  # noqa: E402

__all__ = ["Attachment", "ProcessError", "attach"]

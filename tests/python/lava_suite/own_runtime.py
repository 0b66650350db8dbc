"""A plugin of pytest that runs all Lava programs of a test session on tephra, and notes where their processes ran.

TEPHRA_FLOATING_POINT: "refuse" (default) or "python", as of tephra.lava.attach().
"""

import os

import pytest
import tephra.lava
import without_torch  # noqa: F401
from tephra.lava import _attach

_runtimes = []
_build = _attach.Runtime


def _noted(*arguments):
    made = _build(*arguments)
    _runtimes.append(made)
    return made


_attach.Runtime = _noted
tephra.lava.attach(floating_point=os.environ.get("TEPHRA_FLOATING_POINT", "refuse"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    _runtimes.clear()
    yield
    where = {placement.where for runtime in _runtimes for placement in runtime.placements}
    item.user_properties.append(("where", "+".join(sorted(where)) or "no run"))
    _runtimes.clear()

"""A plugin of pytest that makes Lava importable, and leaves its runtime as it is."""

import tephra.lava  # noqa: F401
import without_torch  # noqa: F401

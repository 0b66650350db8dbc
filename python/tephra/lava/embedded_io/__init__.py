"""What Lava programs know as lava.proc.embedded_io, from Intel's package: processes of the embedded processors."""

from . import spike

__all__ = ["spike"]

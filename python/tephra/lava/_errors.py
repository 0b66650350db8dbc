"""Errors of the bridge: tephra.Error with code, message, place and hint, as of the rest of the package."""

import tephra


class ProcessError(tephra.Error, RuntimeError):
    """A process of a Lava program failed while it ran, or can't run. Lava raises RuntimeError there."""


def error(message, place, hint, code="bad_input", kind=tephra.Error):
    """An exception; place: the process or the call, hint: how to mend it."""
    made = kind(f"{place}: {message} ({hint})" if place else f"{message} ({hint})")
    made.code, made.message, made.place, made.hint = code, message, place, hint
    return made


def process_name(process):
    """'LIF "lif1"': class and name of a Lava process."""
    return f'{type(process).__name__} "{process.name}"'

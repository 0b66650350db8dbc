"""What the classes have in common whose objects the functions of the package make."""

from __future__ import annotations

from typing import Any, Self


class Made:
    """Holds an object of the extension. A function of the package makes it; the constructor says which."""

    _made_by: str
    _native: Any

    def __init__(self, *args: Any, **kwargs: Any):
        raise TypeError(f"use {self._made_by}")

    @classmethod
    def _of(cls, native: Any, **more: Any) -> Self:
        """native: the object of the extension; more: attributes beside it."""
        made = cls.__new__(cls)
        made._native = native
        vars(made).update(more)
        return made


class Hashed(Made):
    """Something that results depend on."""

    @property
    def hash(self) -> str:
        """Content hash of all in it that results depend on, 32 hexadecimal digits."""
        return self._native.hash


class Named(Hashed):
    """The same with a name."""

    @property
    def name(self) -> str:
        return self._native.name

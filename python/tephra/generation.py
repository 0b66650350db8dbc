"""Text and logits of a language model: piece by piece, or token by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import ArrayLike

    from .models import Model


class Generation:
    """An iterator over the text that follows a prompt, piece by piece; joined, the pieces are what ``tephra generate``
    prints. ``ids`` has the token ids so far."""

    def __init__(self, native: Any):
        self._native = native

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._native)

    @property
    def ids(self) -> np.ndarray:
        """Token ids sampled so far, int32."""
        return self._native.ids

    def text(self) -> str:
        """All that is left, as one text."""
        return "".join(self)


class TokenEngine:
    """An engine of the integer model with the recurrent state of one stream or more; equal bits on every engine.

    Logits are integers of 24 bits: real logits times 2**:attr:`Model.fraction_bits`. After a call that Ctrl-C ended the
    engine is of no more use."""

    def __init__(self, model: Model, native: Any):
        self._model = model
        self._native = native

    @property
    def name(self) -> str:
        return self._native.name

    @property
    def streams(self) -> int:
        return self._native.streams

    def prefill(self, ids: ArrayLike, *, stream: int = 0, all: bool = False) -> np.ndarray:
        """Feeds token ids to a stream. Returns the logits of the last one, int32 [V], or of all, [len(ids), V]."""
        return self._native.prefill(stream, ids, all)

    def decode(self, ids: ArrayLike) -> np.ndarray:
        """Feeds one token to each of the first len(ids) streams. Returns logits, int32 [len(ids), V]."""
        return self._native.decode(ids)

    def read_state(self, stream: int = 0) -> np.ndarray:
        """Recurrent state of a stream, int32 [L, d], 24-bit values."""
        return self._native.read_state(stream)

    def write_state(self, state: ArrayLike, stream: int = 0) -> None:
        """Sets the state of a stream, [L, d]."""
        self._native.write_state(stream, state)

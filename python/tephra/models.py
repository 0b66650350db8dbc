"""Language models: made, loaded, continued, scored."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

from . import _core
from ._made import Named
from .generation import Generation, TokenEngine
from .networks import Network, read_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import ArrayLike

PathLike = Union[str, "os.PathLike[str]"]


def import_checkpoint(
    source: PathLike,
    out: PathLike,
    *,
    calibrate: PathLike | None = None,
    calibration_tokens: int | None = None,
    threads: int | None = None,
    **options: Any,
) -> Model | Network:
    """Turns a Hugging Face directory of type ``hgrn_bit``, or a network (.net, .nir), into a deployment file (.tph), and
    loads that. The file appears whole or not at all.

    calibrate: text, or token ids (*.u16), that fixed-point formats are chosen by; default: a text that ships.
    calibration_tokens: used at most; 0 (default): as many as take some seconds. threads: of calibration; default: all.
    options: of a network, as of :func:`load`; for a network the three above are refused.
    Errors: :class:`tephra.Error` for anything missing, of another shape, not finite or not implemented.
    """
    if os.path.isdir(os.fspath(source)):
        if options:
            raise _core.refusal("ignored with a checkpoint", next(iter(options)), "it is for networks: leave it out")
        _core.import_checkpoint(
            source, out, calibrate=calibrate, calibration_tokens=calibration_tokens, threads=threads
        )
        return load(out)
    ignored = {"calibrate": calibrate, "calibration_tokens": calibration_tokens, "threads": threads}
    for name, value in ignored.items():
        if value is not None:
            raise _core.refusal("ignored with a network", name, "leave it out")
    if _core.file_kind(source) not in ("netx", "nir"):
        raise _core.refusal(
            "this is a deployment file already", os.fsdecode(source), "give the .net or .nir file that it was made of"
        )
    read_network(source, **options).write(out)
    return load(out)


def synth(
    out: PathLike,
    *,
    preset: str | None = None,
    hidden: int | None = None,
    layers: int | None = None,
    intermediate: int | None = None,
    vocab: int | None = None,
    seed: int | None = None,
    calibration_tokens: int | None = None,
    threads: int | None = None,
) -> Model:
    """Writes a model of a given shape with random ternary weights (.tph), and loads it.

    preset: "mmfree-370m", "mmfree-1.3b" or "mmfree-2.7b"; the sizes override it. hidden: width d; layers: blocks L;
    intermediate: width f of the channel mixer, default 8/3 of d, rounded up to a multiple of 256; vocab: default 4096.
    seed: of the weights. One seed and shape give the same bytes as ``tephra synth``.
    """
    _core.synth(
        out,
        preset=preset,
        hidden=hidden,
        layers=layers,
        intermediate=intermediate,
        vocab=vocab,
        seed=seed,
        calibration_tokens=calibration_tokens,
        threads=threads,
    )
    return Model._of(_core.load_model(out))


def load(path: PathLike, **options: Any) -> Model | Network:
    """Loads what a file holds: a language model (.tph) as :class:`Model`, a network (.tph, .net, .nir) as
    :class:`Network`. Options are those of :func:`read_network`. A model's file is mapped, not copied: nobody may shorten
    it while the model lives (replacing it by rename is safe)."""
    if _core.file_kind(path) != "language_model":
        return read_network(path, **options)
    for name, value in options.items():
        if value is not None:
            raise _core.refusal("ignored with a language model", name, "it is for networks: leave it out")
    return Model._of(_core.load_model(path))


class Likelihood(NamedTuple):
    """What :meth:`Model.loglikelihood` gives. log_likelihood: sum over the continuation's tokens, nats. greedy: whether
    each of them is the most likely one. tokens: of the continuation."""

    log_likelihood: float
    greedy: bool
    tokens: int

    @property
    def per_token(self) -> float:
        """Length-normalised."""
        return self.log_likelihood / self.tokens


class Model(Named):
    """A loaded language model; immutable, threads may share it."""

    _made_by = "tephra.load(path)"

    @property
    def origin(self) -> dict[str, Any]:
        """How the file was made."""
        return json.loads(self._native.origin)

    @property
    def config(self) -> dict[str, Any]:
        """Sizes and special tokens, named as in config.json."""
        return self._native.config

    @property
    def parameters(self) -> int:
        return self._native.parameters

    @property
    def has_tokenizer(self) -> bool:
        """Synthetic models have none."""
        return self._native.has_tokenizer

    @property
    def fraction_bits(self) -> int:
        """Of the logits: real = integer / 2**fraction_bits."""
        return self._native.fraction_bits

    def weights(self) -> list[tuple[str, int, float]]:
        """(kind of matrix, ternary weights, share that is zero)."""
        return self._native.weights()

    def encode(self, text: str) -> np.ndarray:
        """Token ids of a text, after the model's begin token, int32."""
        if not isinstance(text, str):
            raise _core.refusal(f"it is of type {type(text).__name__}", "text", "give a str")
        return self._native.encode(text)

    def decode(self, ids: ArrayLike) -> str:
        """Text of token ids; control tokens give nothing."""
        return self._native.decode(ids)

    def engine(self, engine: str = "native", *, streams: int = 1, threads: int | None = None) -> TokenEngine:
        """An engine with the zero state: "native" (SIMD, threads), "golden" (slow; the definition) or "cuda" (where it
        was built)."""
        return TokenEngine(self, _core.TokenEngine(self._native, engine, streams=streams, threads=threads))

    def generate(
        self,
        prompt: str | ArrayLike,
        *,
        tokens: int | None = None,
        greedy: bool | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
        engine: str | None = None,
        threads: int | None = None,
        sampler: Callable[[np.ndarray], int] | None = None,
    ) -> Generation:
        """Continues a prompt; an iterator that streams text in whole characters.

        prompt: text, or token ids (then ids with spaces between them follow). tokens: at most, default 64; ends early at
        the end token. greedy, temperature (default 1), top_k, top_p, seed: as of ``tephra generate``, with the same
        text. engine: "native" or "golden". sampler: a function from logits (int32 [V]) to the next id, in place of these;
        a negative id ends the text, and what it raises leaves here. An option that would be ignored is refused."""
        return Generation(
            _core.Generation(
                self._native,
                prompt,
                tokens=tokens,
                greedy=greedy,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                seed=seed,
                engine=engine,
                threads=threads,
                sampler=sampler,
            )
        )

    def logits(self, prompt: str | ArrayLike, *, engine: str = "native", threads: int | None = None) -> np.ndarray:
        """Logits after each token of a text or of token ids, int32 [tokens, V]; real = integer / 2**fraction_bits."""
        ids = self.encode(prompt) if isinstance(prompt, str) else prompt
        return self.engine(engine, threads=threads).prefill(ids, all=True)

    def loglikelihood(
        self,
        context: str | Sequence[int],
        continuation: str | Sequence[int],
        *,
        engine: str = "native",
        threads: int | None = None,
    ) -> Likelihood:
        """Log-likelihood of a continuation after a context, both texts or both token ids.

        Texts are encoded together and cut where the context ends, white space at its end going to the continuation (as
        lm-eval does); an empty context is the begin token (or the end token where there is none)."""
        return self.loglikelihoods([(context, continuation)], engine=engine, threads=threads)[0]

    def loglikelihoods(
        self,
        pairs: Sequence[tuple[str | Sequence[int], str | Sequence[int]]],
        *,
        engine: str = "native",
        threads: int | None = None,
    ) -> list[Likelihood]:
        """Log-likelihoods of many (context, continuation), as of :meth:`loglikelihood`, with equal bits: the engine takes
        many at a time, and a context that several share once. Those that share one should follow each other.

        engine: "native", "golden", "float" (the reference) or "cuda"."""
        scored = _core.loglikelihoods(self._native, pairs, engine=engine, threads=threads)
        return [Likelihood(*each) for each in scored]

    def __repr__(self) -> str:
        return f"<tephra.Model {self.name!r}: {self.parameters} parameters>"


class Perplexity(NamedTuple):
    """What :func:`evaluate` gives. loss: mean negative log-likelihood of a token, nats; perplexity: its exponential."""

    model: str
    engine: str
    windows: int
    tokens: int
    loss: float
    perplexity: float


def evaluate(
    model: Model,
    ids: ArrayLike | PathLike,
    *,
    windows: int | None = None,
    length: int | None = None,
    engine: str | None = None,
    threads: int | None = None,
) -> Perplexity:
    """Perplexity on held-out text: ``windows`` (default 128) of ``length`` tokens (default 256), each from the zero state.

    ids: token ids, or a token file (.u16). engine: "native" (default), "golden", "float" (the reference) or "cuda".
    threads: share the windows; the result does not depend on them. The numbers are those of ``tephra eval``."""
    if not isinstance(model, Model):
        raise _core.refusal("it is no tephra.Model", "model", "load one with tephra.load()")
    return Perplexity(
        **_core.evaluate(model._native, ids, windows=windows, length=length, engine=engine, threads=threads)
    )


def shipped_file(path: str) -> Path:
    """Where a file lies that ships with the package, by its path in the sources: "models/mmf-7m.tph",
    "models/pilotnet-lif/network.net" and image.npy beside it, "validation/loihi2.json". Errors: :class:`tephra.Error`."""
    return Path(_core.shipped_file(path))


def shipped_model() -> Model:
    """The language model that ships: 7.2 M parameters, trained on public-domain books."""
    return Model._of(_core.load_model(shipped_file("models/mmf-7m.tph")))

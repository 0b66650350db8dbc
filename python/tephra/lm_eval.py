"""tephra as a model of lm-eval, the language model evaluation harness. It needs ``pip install "tephra[eval]"``.

``python -m tephra.lm_eval`` is the command ``lm_eval`` that knows it::

    python -m tephra.lm_eval --model tephra --model_args model=M.tph,engine=native,threads=2 --tasks arc_easy,piqa

In a program, ``import tephra.lm_eval`` comes before ``lm_eval.simple_evaluate(model="tephra", ...)``.
"""

from __future__ import annotations

import os
from typing import Any

from . import _core
from .models import Model, load

try:
    from lm_eval.api.model import LM
    from lm_eval.api.registry import MODEL_REGISTRY, register_model
    from lm_eval.models.utils import normalize_gen_kwargs
    from tqdm import tqdm
except ModuleNotFoundError:
    raise _core.refusal("lm-eval is not here", "tephra.lm_eval", 'pip install "tephra[eval]"') from None

# Pairs that go to the engine in one call: many batches, and yet a bar that moves.
_CALL = 4096


class TephraLM(LM):
    """A language model for lm-eval.

    model: path of a .tph file, or a :class:`tephra.Model`. engine: "native" (default), "golden", "float" (the reference) or
    "cuda" (these two score, and do not generate). threads: default all. batch_size, max_batch_size and device, which lm-eval
    always passes on, change nothing: tephra chooses its batches itself, and a GPU is an engine here."""

    def __init__(
        self,
        model: str | os.PathLike[str] | Model,
        engine: str = "native",
        threads: int | None = None,
        batch_size: Any = None,
        max_batch_size: Any = None,
        device: Any = None,
    ):
        super().__init__()
        loaded = model if isinstance(model, Model) else load(model)
        if not isinstance(loaded, Model):
            raise _core.refusal("it is no language model", str(model), "give a .tph file of one")
        if not loaded.has_tokenizer:
            raise _core.refusal("the model holds no tokenizer", loaded.name, "give one that was imported")
        self.model = loaded
        self._options: dict[str, Any] = {"engine": engine, "threads": threads}

    @property
    def tokenizer_name(self) -> str:
        """Keys lm-eval's cache of requests."""
        return f"tephra-{self.model.hash}"

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """(log-likelihood in nats, whether greedy) of each request's continuation."""
        return self._score("loglikelihood", [request.args for request in requests], disable_tqdm)

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """Log-likelihood of each whole text after the begin token. A recurrent model has no longest context, so each text
        is one window; the begin token itself is not scored."""
        texts = [request.args[0] for request in requests]
        scored = iter(self._score("", [("", text) for text in texts if text], disable_tqdm))
        totals = [next(scored)[0] if text else 0.0 for text in texts]
        for text, total in zip(texts, totals):
            self.cache_hook.add_partial("loglikelihood_rolling", (text,), total)
        return totals

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """The text that follows each request's context, up to its first stop string, the end token or ``max_gen_toks``
        (default 256). Greedy, or sampled where the request says so, by the request's index as seed."""
        texts = []
        for seed, request in enumerate(tqdm(requests, desc="tephra", disable=disable_tqdm)):
            context, given = request.args
            texts.append(self._generate(context, dict(normalize_gen_kwargs(given)), seed))
            self.cache_hook.add_partial("generate_until", request.args, texts[-1])
        return texts

    def _score(self, name: str, pairs: list[tuple[str, str]], disable_tqdm: bool) -> list[tuple[float, bool]]:
        """Scores pairs, and hands them to lm-eval's cache under this name, if any."""
        results: list[tuple[float, bool]] = []
        with tqdm(total=len(pairs), desc="tephra", disable=disable_tqdm) as bar:
            for first in range(0, len(pairs), _CALL):
                part = pairs[first : first + _CALL]
                for pair, scored in zip(part, self.model.loglikelihoods(part, **self._options)):
                    results.append((scored.log_likelihood, scored.greedy))
                    if name:
                        self.cache_hook.add_partial(name, pair, results[-1])
                bar.update(len(part))
        return results

    def _generate(self, context: str, options: dict[str, Any], seed: int) -> str:
        until = [stop for stop in options.pop("until") if stop]
        choice: dict[str, Any] = {"tokens": options.pop("max_gen_toks"), "greedy": True}
        temperature, sampled = options.pop("temperature", 1.0), options.pop("do_sample")
        filters: dict[str, Any] = {name: options.pop(name) for name in ("top_k", "top_p") if name in options}
        if options:
            raise _core.refusal("tephra has no such option", next(iter(options)), "leave it out of generation_kwargs")
        if sampled and temperature > 0:
            choice.update(filters, greedy=False, temperature=temperature, seed=seed)
        if self._options["engine"] == "native":
            choice["threads"] = self._options["threads"]  # the golden engine has one
        text = ""
        for piece in self.model.generate(context, engine=self._options["engine"], **choice):
            text += piece
            ends = [at for at in map(text.find, until) if at >= 0]
            if ends:
                return text[: min(ends)]
        return text


if "tephra" not in MODEL_REGISTRY:
    register_model("tephra")(TephraLM)

if __name__ == "__main__":
    from lm_eval.__main__ import cli_evaluate

    cli_evaluate()

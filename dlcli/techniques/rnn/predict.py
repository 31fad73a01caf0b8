"""Labels texts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dlcli.artifacts import Prediction, Truncation
from dlcli.data.text import tokenizers
from dlcli.nn import functional
from dlcli.notices import warn
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.learner import Learner
from dlcli.techniques.rnn.options import Predict

_BATCH = 64  # texts labelled at once


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction]:
    """Yield a prediction for each text in turn; one that cannot be cut into tokens has a problem instead.

    Of a text that is longer than those of training, as many tokens are read as there; a note says so.
    """
    tokenizer, classes, context = run.facts.load(), run.facts.classes, run.options.context
    classify = functional.jit(Learner.class_log_probabilities, run.learner)
    for start in range(0, len(options.text), _BATCH):
        texts = options.text[start : start + _BATCH]
        read = [_read(tokenizer, text) for text in texts]
        rows, length = np.zeros([_BATCH, context], np.int32), np.zeros([_BATCH], np.int32)
        for row, found in enumerate(read):
            if isinstance(found, np.ndarray):
                length[row] = min(len(found), context)
                rows[row, : length[row]] = found[:context]
        shares = np.exp(np.asarray(classify(rows, length), np.float64))
        for text, found, share in zip(texts, read, shares, strict=False):
            if isinstance(found, str):
                yield Prediction(text, problem=found)
                continue
            ranked = np.argsort(-share, kind="stable")[: options.top]
            truncated = Truncation(len(found), context) if len(found) > context else None
            if truncated:
                warn(truncated.note(text))
            yield Prediction(text, [(classes[index], float(share[index])) for index in ranked], truncated=truncated)


def _read(tokenizer: tokenizers.Tokenizer, text: str) -> np.ndarray | str:
    """Return the tokens of a text, or why there are none."""
    try:
        found = tokenizer.encode(text)
    except ValueError as error:
        return f"{text[:40]!r} {error}"
    return found if len(found) else f"a text must have a token at least, found none in {text[:40]!r}"

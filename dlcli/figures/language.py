"""The tokens of a text that a figure is drawn of."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcli.data.text.tokenizer import Tokenizer
from dlcli.errors import UsageError
from dlcli.runs.trained import TrainedRun

_LONGEST = 256  # tokens; a figure of more cannot be read
_SHORTEST = 32  # tokens of a padded text


def read(facts: Any, text: str) -> tuple[np.ndarray, Tokenizer]:
    """Return the token before a text followed by the tokens of a text, int32 [1 + token], and the tokenizer.

    Args:
        facts: of a language model, with its tokenizer.
        text: to tokenize.

    Raises:
        UsageError: there are no tokens, or too many to be drawn.
    """
    tokenizer = facts.load()
    try:
        found = tokenizer.encode(text)
    except ValueError as error:
        raise UsageError(f"TEXT {error}") from error
    if not 0 < len(found) <= _LONGEST:
        raise UsageError(f"TEXT must have 1 to {_LONGEST} tokens to be drawn, found {len(found)}")
    return np.concatenate([[tokenizer.special.first], found]).astype(np.int32), tokenizer


def padded(tokens: np.ndarray, run: TrainedRun) -> np.ndarray:
    """Return tokens, int32 [token], padded to a power of two or the context, so that few lengths are compiled.

    Tokens beyond the context of a transformer are returned as they are.
    """
    size = max(_SHORTEST, 1 << (len(tokens) - 1).bit_length())
    if run.technique == "transformer":  # a recurrent network reads any number
        size = max(len(tokens), min(size, run.options.context))
    return np.pad(tokens, (0, size - len(tokens)))

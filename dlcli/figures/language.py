"""The tokens of a text that a figure is drawn of."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcli.data.text.tokenizers import Tokenizer
from dlcli.errors import UsageError

_LONGEST = 256  # tokens; a figure of more cannot be read


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

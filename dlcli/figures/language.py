"""What figures of text are drawn of: a trained language model, and the tokens of a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dlcli import engine, techniques
from dlcli.data.text.tokenizers import END, Tokenizer
from dlcli.errors import RunError, UsageError
from dlcli.runs.folder import technique_of

_LONGEST = 256  # tokens; a figure of more cannot be read


def learner(options: Any) -> Any:
    """Load the learner of a run that reads text, of whatever technique.

    It has `next_log_probabilities`, which maps int32 [batch, time] to the log-probabilities of what follows each
    token, [batch, time, vocab], and its `facts` hold the `tokenizer`.

    Raises:
        RunError: the run is of no language model.
    """
    folder = Path(options.run)
    found = engine.load(folder, techniques.learner(technique_of(folder)), options.use)
    if not hasattr(found, "next_log_probabilities") or found.facts.classes:
        raise RunError(
            f"{folder} must be a run of a language model, found another of {technique_of(folder)}",
            hint="dlcli train rnn makes one",
        )
    return found


def read(of: Any, text: str) -> tuple[np.ndarray, Tokenizer]:
    """Return the tokens of a text after the one that ends what came before, int32 [1 + token], and the tokenizer.

    Raises:
        UsageError: there are no tokens, or too many to be drawn.
    """
    tokenizer = of.facts.load()
    try:
        found = tokenizer.encode(text)
    except ValueError as error:
        raise UsageError(f"TEXT {error}") from error
    if not 0 < len(found) <= _LONGEST:
        raise UsageError(f"TEXT must have 1 to {_LONGEST} tokens to be drawn, found {len(found)}")
    return np.concatenate([[END], found]).astype(np.int32), tokenizer

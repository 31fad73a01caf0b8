"""Scores texts with a recurrent language model: token by token, and in one pass."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import numpy as np

from dlcli.artifacts import Likelihood
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.rnn.model import Network
from dlcli.techniques.rnn.options import Score
from dlcli.text_models import scoring
from dlcli.text_models.scoring import Program
from dlcli.text_models.trained import TrainedTextModel

_SHORTEST = 64  # tokens of a segment; a segment is padded to a power of two, so that few lengths are compiled
_LONGEST = 4_096  # tokens of a segment; fewer if its logits would exceed the next limit
_LOGITS = 2**24  # numbers in the logits of a segment


def score(options: Score, run: TrainedRun) -> Iterator[Likelihood]:
    """Yield the likelihood of each text; its first token follows the end of the text before.

    Long texts are processed in segments, and the carry is passed from each to the next, so memory does not grow with
    the length.
    """
    model = TrainedTextModel.of(run, context=None)
    network, vocabulary = model.learner.network, model.learner.facts.vocabulary
    programs = scoring.programs(network, lambda network, inputs, carry: network.step(inputs, 0, carry))

    def log_probabilities(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        by_token, one_pass = (_by_segment(program, network, vocabulary, tokens) for program in programs)
        return by_token, one_pass

    return scoring.score(model, log_probabilities, options.text)


def _by_segment(program: Program, network: Network, vocabulary: int, tokens: np.ndarray) -> np.ndarray:
    """Return the log-probability of each token except the first, float64 [token]."""
    longest = max(_SHORTEST, min(_LONGEST, 1 << (_LOGITS // vocabulary).bit_length() - 1))
    carry: jax.Array = network.init_cache(1)
    found = []
    for start in range(0, len(tokens) - 1, longest):
        segment = tokens[start : start + longest + 1]
        count = len(segment) - 1
        size = max(_SHORTEST, 1 << (count - 1).bit_length())  # only the last segment is padded
        rows = np.pad(segment, (0, size - count))[None]
        part, carry = program(rows[:, :-1], rows[:, 1:], carry)
        found.append(np.asarray(part, np.float64)[0, :count])
    return np.concatenate(found)

"""Nearest words and analogies, with a map of the words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from dlcli.options.common import Options
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, Kind, Values, rounded, single
from dlcli.techniques.word2vec.word_vectors import WordVectors

_SUGGESTED = 300  # most frequent words that the page suggests
_FIRST = 100  # rank of the word that the page starts with
_AROUND = 3  # words around each answer on the map

Word = Annotated[str, Field(min_length=1, max_length=200)]
Top = Annotated[int, Field(ge=1, le=30, description="Number of answers.")]


class NearestBody(Options):
    """A word."""

    word: Word
    top: Top = 10


class AnalogyBody(Options):
    """Three words of an analogy: `first` is to `second` as `third` is to the answer."""

    first: Word
    second: Word
    third: Word
    top: Top = 5


def kind(run: TrainedRun) -> Kind:
    """Return what is served of word vectors."""
    actions = {
        "nearest": Action(
            "Return the nearest words, and a map of them.", NearestBody, single(lambda body: _nearest(body, run))
        ),
        "analogy": Action(
            "Answer an analogy, with a map of its words.", AnalogyBody, single(lambda body: _analogy(body, run))
        ),
    }
    words = run.facts.words
    return Kind("words", actions, {"words": list(words[:_SUGGESTED]), "first": words[min(_FIRST, len(words) - 1)]})


def _vectors(run: TrainedRun) -> WordVectors:
    return run.once("word vectors", lambda: WordVectors(run.facts, run.learner.vectors()))


def _nearest(body: NearestBody, run: TrainedRun) -> Values:
    vectors = _vectors(run)
    query = vectors.require("word", body.word)
    answers = vectors.nearest(vectors.unit_vectors[query], [query], body.top)
    shown = [query, *(vectors.require("word", word) for word, _ in answers)]
    around = [
        vectors.require("word", word)
        for each in shown[1:]
        for word, _ in vectors.nearest(vectors.unit_vectors[each], [each], _AROUND)
    ]
    return {"query": [vectors.words[query]], "answers": answers, **_map(vectors, [*shown, *around])}


def _analogy(body: AnalogyBody, run: TrainedRun) -> Values:
    vectors = _vectors(run)
    given = [vectors.require(name, getattr(body, name)) for name in ("first", "second", "third")]
    answers = vectors.nearest(vectors.analogy(*given), given, body.top)
    shown = [*given, *(vectors.require("word", word) for word, _ in answers)]
    return {"query": [vectors.words[each] for each in given], "answers": answers, **_map(vectors, shown)}


def _map(vectors: WordVectors, numbers: Sequence[int]) -> Values:
    """Return words with their positions: their two first principal components."""
    chosen = list(dict.fromkeys(numbers))
    rows = vectors.unit_vectors[chosen].astype(np.float64)
    left, scales, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    positions = np.zeros([len(chosen), 2])
    positions[:, : min(2, len(scales))] = (left * scales)[:, :2]
    return {"words": [vectors.words[each] for each in chosen], "positions": rounded(positions)}

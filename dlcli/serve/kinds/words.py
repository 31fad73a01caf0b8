"""Nearest words and analogies, with a map of the words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from dlcli.data.text.words import normalized
from dlcli.options.common import Options
from dlcli.runs.trained import TrainedRun
from dlcli.serve.action import Action, Kind, Values, rounded, single
from dlcli.techniques.word2vec.word_vectors import WordVectors, analogy

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
    return run.once("word vectors", run.learner.word_vectors)


def _nearest(body: NearestBody, run: TrainedRun) -> Values:
    vectors = _vectors(run)
    query = vectors.require_unit_vector("word", body.word)
    answers = vectors.nearest(query, _ids(vectors, [body.word]), body.top)
    around = [
        other
        for word, _ in answers
        for other, _ in vectors.nearest(vectors.require_unit_vector("word", word), _ids(vectors, [word]), _AROUND)
    ]
    return _shown(vectors, [body.word], answers, around)


def _analogy(body: AnalogyBody, run: TrainedRun) -> Values:
    vectors, given = _vectors(run), [body.first, body.second, body.third]
    query = analogy(*(vectors.require_unit_vector("word", each) for each in given))
    return _shown(vectors, given, vectors.nearest(query, _ids(vectors, given), body.top), [])


def _ids(vectors: WordVectors, words: Sequence[str]) -> list[int]:
    """Return the ids of the words that are in the vocabulary."""
    return [found for word in words if (found := vectors.find(word)) is not None]


def _shown(
    vectors: WordVectors, query: Sequence[str], answers: Sequence[tuple[str, float]], around: Sequence[str]
) -> Values:
    """Return the answers, and all words with their positions: their two first principal components."""
    given = [normalized(word, vectors.facts.lower) for word in query]
    words = list(dict.fromkeys([*given, *(word for word, _ in answers), *around]))
    rows = np.stack([vectors.require_unit_vector("word", word) for word in words]).astype(np.float64)
    left, scales, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    positions = np.zeros([len(words), 2])
    positions[:, : min(2, len(scales))] = (left * scales)[:, :2]
    return {"query": given, "answers": answers, "words": words, "positions": rounded(positions)}

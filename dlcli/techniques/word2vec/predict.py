"""Answers queries about words by their vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlcli.artifacts import Prediction
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.word2vec.options import Predict
from dlcli.techniques.word2vec.word_vectors import WordVectors, analogy


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction]:
    """Yield an answer for each query; all words are looked up before the first."""
    vectors = run.learner.word_vectors()
    nearest = [(word, vectors.require_unit_vector("--nearest", word)) for word in options.nearest]
    given = [vectors.require_unit_vector("--analogy", word) for word in options.analogy or ()]
    pair = [vectors.require_unit_vector("--similarity", word) for word in options.similarity or ()]
    for word, vector in nearest:
        yield Prediction(word, vectors.nearest(vector, _ids(vectors, [word]), options.top), measure="cosine")
    if options.analogy:
        first, second, third = options.analogy
        found = vectors.nearest(analogy(*given), _ids(vectors, options.analogy), options.top)
        yield Prediction(f"{first} : {second} = {third} : ?", found, measure="cosine")
    if options.similarity:
        yield Prediction(" ~ ".join(options.similarity), [("cosine", float(pair[0] @ pair[1]))], measure="cosine")


def _ids(vectors: WordVectors, words: Sequence[str]) -> list[int]:
    """Return the ids of the words that are in the vocabulary."""
    return [found for word in words if (found := vectors.find(word)) is not None]

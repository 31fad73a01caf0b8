"""Answers queries about words by their vectors."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.artifacts import Prediction
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.word2vec.options import Predict
from dlcli.techniques.word2vec.word_vectors import WordVectors


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction]:
    """Yield an answer for each query; all words are looked up before the first."""
    vectors = WordVectors(run.facts, run.learner.vectors())
    nearest = [(word, vectors.require("--nearest", word)) for word in options.nearest]
    analogy = [vectors.require("--analogy", word) for word in options.analogy or ()]
    pair = [vectors.require("--similarity", word) for word in options.similarity or ()]
    for word, index in nearest:
        found = vectors.nearest(vectors.unit_vectors[index], [index], options.top)
        yield Prediction(word, found, measure="cosine")
    if options.analogy:
        first, second, third = options.analogy
        found = vectors.nearest(vectors.analogy(*analogy), analogy, options.top)
        yield Prediction(f"{first} : {second} = {third} : ?", found, measure="cosine")
    if options.similarity:
        cosine = float(vectors.unit_vectors[pair[0]] @ vectors.unit_vectors[pair[1]])
        yield Prediction(" ~ ".join(options.similarity), [("cosine", cosine)], measure="cosine")

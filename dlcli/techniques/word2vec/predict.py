"""Answers queries about words, and writes the word vectors to a file."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.artifacts import Prediction
from dlcli.errors import DatasetError
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
    if options.vectors:
        if not options.vectors.parent.is_dir():
            raise DatasetError(f"--vectors {options.vectors} must be in an existing folder")
        vectors.write(options.vectors)
        names = ("words", "vector_size")
        size = [(name, float(count)) for name, count in zip(names, vectors.vectors.shape, strict=True)]
        yield Prediction(str(options.vectors), size, measure="count")

"""Answers questions about words, and writes their vectors."""

from __future__ import annotations

from collections.abc import Iterator

from dlcli.artifacts import Prediction
from dlcli.errors import DatasetError
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.word2vec.options import Predict
from dlcli.techniques.word2vec.vectors import Vectors


def predict(options: Predict, run: TrainedRun) -> Iterator[Prediction]:
    """Yield an answer for each question; all words are looked up before the first."""
    vectors = Vectors(run.facts, run.learner.vectors())
    nearest = [(word, vectors.number("--nearest", word)) for word in options.nearest]
    analogy = [vectors.number("--analogy", word) for word in options.analogy or ()]
    pair = [vectors.number("--similarity", word) for word in options.similarity or ()]
    for word, number in nearest:
        found = vectors.nearest(vectors.directions[number], [number], options.top)
        yield Prediction(word, found, measure="cosine")
    if options.analogy:
        one, other, third = options.analogy
        found = vectors.nearest(vectors.analogy(*analogy), analogy, options.top)
        yield Prediction(f"{one} : {other} = {third} : ?", found, measure="cosine")
    if options.similarity:
        cosine = float(vectors.directions[pair[0]] @ vectors.directions[pair[1]])
        yield Prediction(" ~ ".join(options.similarity), [("cosine", cosine)], measure="cosine")
    if options.vectors:
        if not options.vectors.parent.is_dir():
            raise DatasetError(f"--vectors {options.vectors} must lie in a folder that is there")
        vectors.write(options.vectors)
        size = [(name, float(count)) for name, count in zip(("words", "dimensions"), vectors.rows.shape, strict=True)]
        yield Prediction(str(options.vectors), size, measure="count")

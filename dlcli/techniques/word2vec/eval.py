"""Evaluates word vectors: loss on held-out text, word similarity, analogies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats

from dlcli import formats
from dlcli.artifacts import Table
from dlcli.engine.evaluate import evaluate as measure
from dlcli.metrics.intervals import wilson
from dlcli.runs.trained import TrainedRun
from dlcli.techniques.word2vec import benchmarks
from dlcli.techniques.word2vec.options import Eval
from dlcli.techniques.word2vec.word_vectors import WordVectors

_BATCH = 256  # analogies per matrix product


def evaluate(options: Eval, run: TrainedRun) -> Table:
    """Return the measures that the options select; without a benchmark file, the loss on the test split."""
    word_pairs = {str(path): benchmarks.pairs(path) for path in options.pairs}
    sections = benchmarks.analogies(options.analogies) if options.analogies else {}
    numbers: dict[str, Any] = {"run": str(run.folder), "use": run.use}
    rows: list[tuple[str, str, str]] = []
    title = str(run.folder)
    if options.dataset is not None or not (word_pairs or sections):
        found = measure(run, options)
        title, numbers = found.title, {**found.protocol, **found.described()}
        rows.append(("loss", formats.loss(numbers["loss"]["value"]), "nats per prediction"))
    vectors = run.learner.word_vectors()
    for name, pairs in word_pairs.items():
        correlation = similarity(vectors, pairs)
        numbers.setdefault("pairs", {})[name] = correlation
        rows.append((f"Spearman's ρ, {Path(name).name}", formats.loss(correlation["spearman"]), _counts(correlation)))
    if sections:
        accuracy = analogy_accuracy(vectors, sections, options.restrict_vocab)
        numbers["analogies"] = {"file": str(options.analogies), **accuracy}
        rows += _analogy_rows(numbers["analogies"])
    return Table(title, ["measure", "value", ""], rows, numbers)


def similarity(vectors: WordVectors, pairs: list[benchmarks.Pair]) -> dict[str, Any]:
    """Return the rank correlation of cosine similarities with human ones, over the pairs of words with vectors."""
    scores, cosines, unseen = [], [], 0
    for first, second, score in pairs:
        found = vectors.unit_vector(first), vectors.unit_vector(second)
        if found[0] is None or found[1] is None:
            continue
        scores.append(score)
        cosines.append(float(found[0] @ found[1]))
        unseen += None in (vectors.find(first), vectors.find(second))
    counts = {"n": len(scores), "unseen": unseen, "out_of_vocabulary": len(pairs) - len(scores)}
    if len(scores) < 2:
        return {"spearman": None, "p_value": None, **counts}
    correlation, p_value = scipy.stats.spearmanr(cosines, scores)
    return {"spearman": float(correlation), "p_value": float(p_value), **counts}


def analogy_accuracy(
    vectors: WordVectors, sections: dict[str, list[benchmarks.Analogy]], restrict_vocab: int
) -> dict[str, Any]:
    """Return the accuracy on analogies, for each section and in total.

    Candidate answers are the `restrict_vocab` most frequent words, except the three given ones. An analogy with a
    word that is not among them is skipped, as in gensim.
    """
    candidates = vectors.unit_vectors[:restrict_vocab]
    found = {}
    for section, analogies in sections.items():
        ids = [[vectors.find(word) for word in analogy] for analogy in analogies]
        known = [each for each in ids if all(index is not None and index < len(candidates) for index in each)]
        correct = _correct(candidates, np.array(known, int).reshape(-1, 4))
        found[section] = _accuracy(correct, len(known), len(analogies))
    sums = (sum(each[name] for each in found.values()) for name in ("correct", "n", "total"))
    return {"restrict_vocab": restrict_vocab, "sections": found, **_accuracy(*sums)}


def _correct(candidates: np.ndarray, analogies: np.ndarray) -> int:
    """Return how many of the analogies, int [analogy, 4], the nearest candidate answers correctly."""
    correct = 0
    for batch in np.array_split(analogies, max(1, -(-len(analogies) // _BATCH))):
        first, second, third, fourth = batch.T
        scores = (candidates[second] - candidates[first] + candidates[third]) @ candidates.T
        np.put_along_axis(scores, batch[:, :3], -np.inf, axis=1)
        correct += int((scores.argmax(axis=1) == fourth).sum()) if len(batch) else 0
    return correct


def _accuracy(correct: int, count: int, total: int) -> dict[str, Any]:
    low, high = wilson(correct, count)
    value = correct / count if count else None
    return {"value": value, "low": low, "high": high, "correct": correct, "n": count, "total": total}


def _analogy_rows(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    sections = [(f"analogies, {name or 'no section'}", each) for name, each in found["sections"].items()]
    total = (f"analogies, {found['restrict_vocab']:,} most frequent words", found)
    return [
        (name, formats.percent(each["value"]), f"{each['correct']:,} of {each['n']:,}{_skipped(each)}")
        for name, each in [*sections, total]
    ]


def _skipped(found: dict[str, Any]) -> str:
    return f"; {found['total'] - found['n']:,} skipped (out of vocabulary)"


def _counts(found: dict[str, Any]) -> str:
    unseen = f", {found['unseen']:,} with an unseen word" if found["unseen"] else ""
    return f"N = {found['n']:,} pairs{unseen}; {found['out_of_vocabulary']:,} skipped (out of vocabulary)"

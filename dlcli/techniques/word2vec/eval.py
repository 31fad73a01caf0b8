"""Measures word vectors: the loss on held-out text, human similarities, analogies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import scipy.stats

from dlcli import engine, formats
from dlcli.artifacts import Table
from dlcli.engine.devices import split
from dlcli.engine.load import measured, one_device
from dlcli.engine.program import Program, score_all
from dlcli.errors import RunError
from dlcli.metrics.intervals import wilson
from dlcli.runs.run import Run
from dlcli.techniques.word2vec import benchmarks
from dlcli.techniques.word2vec.learner import Learner
from dlcli.techniques.word2vec.options import Eval
from dlcli.techniques.word2vec.word_vectors import WordVectors

_AT_ONCE = 256  # analogies answered by one product


def evaluate(options: Eval) -> Table:
    """Return the measures that the options ask for; without a file of questions, the loss on the test split."""
    similarities = {str(path): benchmarks.pairs(path) for path in options.pairs}
    analogies = benchmarks.analogies(options.analogies) if options.analogies else {}
    folder = Path(options.run)
    learner = engine.load(folder, Learner, options.use)
    numbers: dict[str, Any] = {"run": options.run, "use": options.use}
    rows: list[tuple[str, str, str]] = []
    if options.dataset is not None or not (similarities or analogies):
        numbers |= _loss(options, folder, learner)
        rows.append(("loss", formats.loss(numbers["loss"]["value"]), f"nats a prediction, {numbers['split']} split"))
    vectors = WordVectors(learner.facts, learner.vectors())
    for name, asked in similarities.items():
        found = similarity(vectors, asked)
        numbers.setdefault("pairs", {})[name] = found
        rows.append((f"Spearman's ρ, {Path(name).name}", formats.loss(found["rho"]), _counted(found)))
    if analogies:
        numbers["analogies"] = {"file": str(options.analogies), **answered(vectors, analogies, options.restrict_vocab)}
        rows += _analogy_rows(numbers["analogies"])
    return Table("", ["measure", "value", ""], rows, numbers)


def similarity(vectors: WordVectors, asked: list[benchmarks.Pair]) -> dict[str, Any]:
    """Return the rank correlation of cosines with what people say, over the pairs whose words are known."""
    known = [(one, other, score) for a, b, score in asked if _all(one := vectors.find(a), other := vectors.find(b))]
    counts = {"n": len(known), "missing": len(asked) - len(known)}
    if len(known) < 2:
        return {"rho": None, "p": None, **counts}
    ones, others, scores = (np.asarray(column) for column in zip(*known, strict=True))
    cosines = np.einsum("pf,pf->p", vectors.unit_vectors[ones], vectors.unit_vectors[others])
    rho, p = scipy.stats.spearmanr(cosines, scores)
    return {"rho": float(rho), "p": float(p), **counts}


def answered(vectors: WordVectors, sections: dict[str, list[benchmarks.Analogy]], restrict: int) -> dict[str, Any]:
    """Return for each section and in all how many analogies are answered, and how many of them rightly.

    Answers are looked for among the `restrict` most frequent words without those of the question; analogies with a
    word that is not among them are left out, as gensim does.
    """
    candidates = vectors.unit_vectors[:restrict]
    found = {}
    for section, asked in sections.items():
        numbers = [[vectors.find(word) for word in question] for question in asked]
        known = np.array([each for each in numbers if all(n is not None and n < len(candidates) for n in each)], int)
        hits = _hits(candidates, known.reshape(-1, 4))
        found[section] = _rate(hits, len(known), len(asked))
    sums = (sum(each[name] for each in found.values()) for name in ("right", "n", "asked"))
    return {"restrict": restrict, "sections": found, **_rate(*sums)}


def _hits(candidates: np.ndarray, known: np.ndarray) -> int:
    hits = 0
    for part in np.array_split(known, max(1, -(-len(known) // _AT_ONCE))):
        first, second, third, fourth = part.T
        scores = (candidates[second] - candidates[first] + candidates[third]) @ candidates.T
        np.put_along_axis(scores, part[:, :3], -np.inf, axis=1)
        hits += int((scores.argmax(axis=1) == fourth).sum()) if len(part) else 0
    return hits


def _rate(right: int, count: int, asked: int) -> dict[str, Any]:
    low, high = wilson(right, count)
    return {
        "value": right / count if count else None,
        "low": low,
        "high": high,
        "right": right,
        "n": count,
        "asked": asked,
    }


def _loss(options: Eval, folder: Path, learner: Learner) -> dict[str, Any]:
    run = Run(folder).options(Learner)
    given = {"dataset": options.dataset, "text_column": options.text_column}
    asked = run.model_copy(update={name: value for name, value in given.items() if value is not None})
    data = measured(Run(folder), options.dataset, lambda: Learner.read(asked, noted=False))
    if data.facts.words != learner.facts.words:
        raise RunError(
            f"the data must have the vocabulary that {folder} was trained on",
            hint="measure other texts with --pairs and --analogies",
        )
    program = Program(Learner, run, learner.facts, one_device())
    totals = score_all(program, program.leaves_of(learner), data.test, split(program.mesh))
    if totals is None:
        raise RunError(
            f"{run.dataset} must have a test split, found none", hint="give --pairs FILE or --analogies FILE"
        )
    return {"split": "test", "loss": jax.device_get(totals["loss"]).describe()}


def _analogy_rows(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    sections = [(f"analogies, {name or 'no section'}", each) for name, each in found["sections"].items()]
    return [
        (
            name,
            formats.percent(each["value"]),
            f"{each['right']:,} of {each['n']:,}; {each['asked'] - each['n']:,} left out",
        )
        for name, each in [*sections, (f"analogies, first {found['restrict']:,} words", found)]
    ]


def _counted(found: dict[str, Any]) -> str:
    return f"N = {found['n']:,} pairs, {found['missing']:,} with an unknown word left out"


def _all(*numbers: int | None) -> bool:
    return all(number is not None for number in numbers)

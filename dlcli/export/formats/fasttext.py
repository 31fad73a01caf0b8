"""Word vectors in fastText's format: a model if the file ends in .bin, otherwise text.

The model has the vectors of words, of their character n-grams if the run has any, and of predicted words. Its layout is
that of `FastText::saveModel` in fastText 0.9.2, version 12.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.errors import UsageError
from dlcli.export import destination, requirements
from dlcli.export.options import Export
from dlcli.runs.trained import TrainedRun

OPTIONS = ("use",)
FOLDER = False
_MAGIC, _VERSION = 793712314, 12
_NEGATIVE_SAMPLING = 2
_MODELS = {"cbow": 1, "skip-gram": 2}


def check(options: Export, run: TrainedRun) -> None:
    """Raise `UsageError` if the run has no word vectors, or a tree, whose order of nodes fastText does not store."""
    requirements.technique(options, run, "word2vec")
    if options.out.suffix == ".bin" and run.options.loss != "negative-sampling":
        raise UsageError(
            f"a fastText model needs a run with --loss negative-sampling, got {run.options.loss}",
            hint="write the vectors alone: --out FILE.vec",
        )


def export(options: Export, run: TrainedRun) -> tuple[list[Path], dict[str, Any]]:
    """Write the file; return it and its size."""
    from dlcli.techniques.word2vec.word_vectors import require_no_spaces

    require_no_spaces(run.facts.words)
    vectors = run.learner.vectors()
    content = _model(run) if options.out.suffix == ".bin" else _text(run.facts.words, vectors)
    words, size = vectors.shape
    return destination.write_file(options.out, content), {"words": words, "vector_size": size}


def _text(words: tuple[str, ...], vectors: np.ndarray) -> bytes:
    """Return a line with both sizes, then per word a line with its vector and, as fastText writes it, a last space."""
    lines = [f"{vectors.shape[0]} {vectors.shape[1]}\n"]
    for word, vector in zip(words, vectors, strict=True):
        # Nine digits distinguish any two float32.
        lines.append(f"{word} {' '.join(f'{value:.9g}' for value in vector.tolist())} \n")
    return "".join(lines).encode()


def _model(run: TrainedRun) -> bytes:
    inputs, outputs = (np.asarray(each[...]) for each in (run.learner.input_vectors, run.learner.output_vectors))
    if run.learner.subwords:
        inputs = np.concatenate([inputs, np.asarray(run.learner.subwords.vectors[...])])
    parts = [struct.pack("<2i", _MAGIC, _VERSION), _arguments(run.options, inputs.shape[1]), _dictionary(run.facts)]
    for matrix in (inputs, outputs):
        parts += [struct.pack("<?2q", False, *matrix.shape), matrix.astype("<f4").tobytes()]  # False: not quantized
    return b"".join(parts)


def _arguments(options: Any, size: int) -> bytes:
    """Return the training options that fastText stores; without subwords, no n-grams and no hash buckets."""
    ngrams = (options.buckets, options.min_n, options.max_n) if options.subwords else (0, 0, 0)
    word_ngrams, rate_updates = 1, 100
    counts = (size, options.window, 1, options.min_count, options.negative, word_ngrams)
    kinds = (_NEGATIVE_SAMPLING, _MODELS[options.model], *ngrams, rate_updates)
    return struct.pack("<12id", *counts, *kinds, options.sample)


def _dictionary(facts: Any) -> bytes:
    count, labels, pruned = len(facts.words), 0, -1
    head = struct.pack("<3i2q", count, count, labels, sum(facts.counts), pruned)
    words = zip(facts.words, facts.counts, strict=True)
    return head + b"".join(word.encode() + b"\0" + struct.pack("<qb", n, 0) for word, n in words)

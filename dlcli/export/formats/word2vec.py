"""Word vectors in word2vec's format: binary if the file ends in .bin, otherwise text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli.export import destination, requirements
from dlcli.export.options import Export
from dlcli.runs.trained import TrainedRun

OPTIONS = ("use",)
FOLDER = False


def check(options: Export, run: TrainedRun) -> None:
    """Raise `UsageError` if the run has no word vectors."""
    requirements.technique(options, run, "word2vec")


def export(options: Export, run: TrainedRun) -> tuple[list[Path], dict[str, Any]]:
    """Write the file; return it and its size."""
    vectors = run.learner.word_vectors()
    destination.create_parents(options.out)
    vectors.write(options.out)
    words, size = vectors.vectors.shape
    return [options.out], {"words": words, "vector_size": size}

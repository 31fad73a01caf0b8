"""Rebuilds the learner of a finished or interrupted run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh
from pydantic import BaseModel

from dlcli.engine.learner import Learner
from dlcli.engine.program import Program
from dlcli.errors import DatasetError, RunError, UsageError
from dlcli.interface import Facts
from dlcli.options.common import FitOptions
from dlcli.runs.folder import RunFolder

L = TypeVar("L", bound=Learner)


class Digested(Protocol):
    """Data that can be told from others."""

    @property
    def digest(self) -> str: ...


D = TypeVar("D", bound=Digested)


def load(folder: Path, learner_type: type[L], use: str = "best") -> L:
    """Return the learner of a run, ready to score, to predict and to sample.

    Args:
        folder: of the run.
        learner_type: its technique.
        use: "best" for the weights of the best validation, "last" for those of the last step.

    Raises:
        RunError: the folder is not a run of this technique, or has no intact checkpoint.
    """
    run = RunFolder(folder)
    program = rebuilt(folder, learner_type, run.options(learner_type), run.facts(learner_type), one_device())
    arrays, _ = run.restore(program.shapes, use)
    learner = program.learner(program.from_host(arrays))
    assert isinstance(learner, learner_type)
    return learner


def measured(run: RunFolder, dataset: str | None, read: Callable[[], D]) -> D:
    """Open the data that a run is measured on, and tell the user where they are not those it was trained on.

    Args:
        run: its folder.
        dataset: that the user names; None for the run's own.
        read: opens them; what it returns has a digest.
    """
    if dataset is not None:
        return read()
    named = run.read("options.json", _Named).dataset
    try:
        found = read()
    except DatasetError as error:
        run.explain_missing_data(named, error)
        raise
    run.warn_if_data_changed(named, found.digest)
    return found


class _Named(BaseModel):
    dataset: str


def one_device() -> Mesh:
    """Return the mesh of the first device alone."""
    return Mesh(np.asarray(jax.devices()[:1]), ("data",))


def rebuilt(folder: Path, learner_type: type[Learner], options: FitOptions, facts: Facts, mesh: Mesh) -> Program:
    """Return the program of a run from what its folder says; nothing large is made yet.

    Raises:
        RunError: no learner can be built of it, or one larger than the machine's memory.
    """
    try:
        program = Program(learner_type, options, facts, mesh)
    except (ValueError, OverflowError, UsageError) as error:
        raise RunError(f"{folder} must hold options and facts that fit each other: {error}") from error
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if program.bytes > memory:
        raise RunError(
            f"{folder} asks for {program.bytes / 2**30:,.0f} GiB of weights, found {memory / 2**30:,.0f} GiB of memory"
        )
    return program

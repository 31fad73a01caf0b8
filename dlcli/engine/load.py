"""Rebuilds the learner of a finished or interrupted run."""

from __future__ import annotations

import dataclasses
import os
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh

from dlcli.engine.learner import Learner
from dlcli.engine.program import Leaves, Program
from dlcli.errors import RunError, UsageError
from dlcli.interface import Facts
from dlcli.options.common import FitOptions
from dlcli.runs.folder import RunFolder
from dlcli.runs.trained import TrainedRun

L = TypeVar("L", bound=Learner)


@dataclasses.dataclass(frozen=True, eq=False)
class Restored:
    """The learner of a run, on the first device.

    Attributes:
        program: its pure functions.
        leaves: its state.
    """

    program: Program
    leaves: Leaves

    @cached_property
    def learner(self) -> Any:
        """The live learner, set to evaluate."""
        return self.program.learner(self.leaves)


def restored(run: TrainedRun, learner_type: type[Learner]) -> Restored:
    """Restore the learner of a run with the weights that the run names.

    Raises:
        RunError: the folder has no intact checkpoint, or one that does not fit its options.
    """
    return _restored(run.folder, learner_type, run.options, run.facts, run.use)


def load(folder: Path, learner_type: type[L], use: str = "best") -> L:
    """Return the learner of a run, set to evaluate.

    Args:
        folder: folder of the run.
        learner_type: its technique's learner.
        use: "best" for the weights of the best validation, "last" for those of the last step.

    Raises:
        RunError: the folder is not a run of this technique, or has no intact checkpoint.
    """
    run = RunFolder(folder)
    found = _restored(folder, learner_type, run.options(learner_type), run.facts(learner_type), use).learner
    assert isinstance(found, learner_type)
    return found


def one_device() -> Mesh:
    """Return the mesh of the first device of this process alone."""
    return Mesh(np.asarray(jax.local_devices()[:1]), ("data",))


def rebuilt(folder: Path, learner_type: type[Learner], options: FitOptions, facts: Facts, mesh: Mesh) -> Program:
    """Return the program of a run from its options and facts; allocates no weights.

    Raises:
        RunError: no learner can be built from them, or only one larger than the machine's memory.
    """
    try:
        program = Program(learner_type, options, facts, mesh)
    except (ValueError, OverflowError, UsageError) as error:
        raise RunError(f"{folder} must contain options and facts that fit each other: {error}") from error
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if program.bytes > memory:
        raise RunError(
            f"{folder} needs {program.bytes / 2**30:,.0f} GiB of weights, found {memory / 2**30:,.0f} GiB of memory"
        )
    return program


def _restored(folder: Path, learner_type: type[Learner], options: FitOptions, facts: Facts, use: str) -> Restored:
    program = rebuilt(folder, learner_type, options, facts, one_device())
    arrays, _ = RunFolder(folder).restore(program.shapes, use)
    return Restored(program, program.from_host(arrays))

"""The state of training in a checkpoint: which one to read, and what was saved with its arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from dlcli.errors import RunError
from dlcli.formats import command_line
from dlcli.notices import warn
from dlcli.runs.checkpoints import Checkpoints
from dlcli.runs.manifest import Corrupt
from dlcli.runs.parts import Ranges, Restored
from dlcli.runs.progress import Snapshot

if TYPE_CHECKING:
    import numpy as np

    from dlcli.runs.arrays import Shapes


def restore(
    checkpoints: Checkpoints,
    expected: Shapes | None,
    use: str,
    folder: Path,
    needed: Ranges,
    damage: Callable[[str], str] = str,
) -> tuple[Restored, Snapshot]:
    """Read the newest intact checkpoint, or the one of the best validation.

    Args:
        checkpoints: of the run.
        expected: shape and dtype of each array by its name; None: any.
        use: "last" or "best".
        folder: of the run, for messages.
        needed: ranges of the arrays of which this process needs only these.
        damage: returns what is wrong with a checkpoint for any process of the run, given what is wrong with what this
            one reads of it; "" for nothing. All processes thus read the same checkpoint.

    Returns:
        The arrays by name, and the snapshot saved with them.

    Raises:
        RunError: no checkpoint is intact, or they contain other arrays than expected.
    """
    corrupt: list[str] = []
    for step in _candidates(checkpoints, use):
        found, problem = None, ""
        try:
            snapshot = read(checkpoints, step)
            found = checkpoints.load_ranges(step, expected, needed), snapshot
        except Corrupt as error:
            problem = str(error)
        problem = damage(problem)
        if problem or found is None:
            corrupt.append(problem)
            continue
        if corrupt:
            warn(f"{corrupt[0]}; using the checkpoint of step {step} instead")
        return found
    hint = f"train it again: {command_line('train', 'TECHNIQUE', '--config', folder / 'options.json')}"
    raise RunError(": ".join([f"{folder} has no intact checkpoint", *corrupt[:1]]), hint=hint)


def each_kept(checkpoints: Checkpoints, expected: Shapes | None) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Yield the step and the arrays by name of each intact checkpoint, in rising order; warn about the others.

    Raises:
        ShapeMismatch: a checkpoint contains other arrays than expected.
    """
    for step in checkpoints.steps():
        try:
            arrays = checkpoints.load(step, expected)
        except Corrupt as error:
            warn(f"{error}; the checkpoint of step {step} is left out")
            continue
        yield step, arrays


def best_steps(checkpoints: Checkpoints, steps: list[int]) -> set[int]:
    """Return the steps of the best validations that the checkpoints of `steps` refer to."""
    return {best for step in steps for snapshot in _readable(checkpoints, step) for best in snapshot.best_steps}


def read(checkpoints: Checkpoints, step: int) -> Snapshot:
    """Return the snapshot of a checkpoint; raise `Corrupt` if it is not valid."""
    try:
        snapshot = Snapshot.model_validate(checkpoints.progress(step))
    except ValidationError as error:
        raise Corrupt(f"{checkpoints.path(step)} has no valid training progress") from error
    if snapshot.progress.step != step:
        raise Corrupt(f"{checkpoints.path(step)} is of step {snapshot.progress.step}")
    return snapshot


def _candidates(checkpoints: Checkpoints, use: str) -> list[int]:
    """Return the steps to try, the first choice first."""
    steps = checkpoints.steps()[::-1]
    newest = next((snapshot for step in steps for snapshot in _readable(checkpoints, step)), None)
    if use == "last" or newest is None or newest.best_step is None:
        return steps
    return [newest.best_step, *(step for step in steps if step != newest.best_step)]


def _readable(checkpoints: Checkpoints, step: int) -> Iterator[Snapshot]:
    try:
        yield read(checkpoints, step)
    except Corrupt:
        return

"""Compares two run folders without times and paths, such as an interrupted and an uninterrupted run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dlcli.runs.checkpoints import Checkpoints

_TIMES = {"rate", "seconds", "reported_seconds"}


def arrays(folder: Path, step: int | None = None) -> dict[str, np.ndarray]:
    """Read the arrays of a run's checkpoint, the newest by default."""
    checkpoints = Checkpoints(folder / "checkpoints")
    step = checkpoints.steps()[-1] if step is None else step
    manifest = json.loads((checkpoints.path(step) / "manifest.json").read_text())
    expected = {name: jax.ShapeDtypeStruct(shape, dtype) for name, (shape, dtype) in manifest["arrays"].items()}
    return checkpoints.load(step, expected)


def snapshot(folder: Path) -> dict[str, Any]:
    """Read the newest checkpoint without its arrays: early stopping, best record, partial sums."""
    checkpoints = Checkpoints(folder / "checkpoints")
    return timeless(checkpoints.progress(checkpoints.steps()[-1]))


def records(folder: Path) -> list[dict[str, Any]]:
    """Read `metrics.jsonl`, each line of which must be complete."""
    return [timeless(json.loads(line)) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: timeless(each) for name, each in value.items() if name not in _TIMES}
    return value


def assert_same_arrays(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert left.keys() == right.keys()
    different = [name for name in left if left[name].tobytes() != right[name].tobytes()]
    assert not different


def assert_same_run(left: Path, right: Path) -> None:
    """Compare two runs bit for bit: last state, best state, progress, metrics, and how they ended."""
    assert_same_arrays(arrays(left), arrays(right))
    assert snapshot(left) == snapshot(right)
    assert records(left) == records(right)
    ended, other = (json.loads((folder / "run.json").read_text())["ended"] for folder in (left, right))
    for name in ("reason", "step", "best_step", "best", "last"):
        assert ended[name] == other[name]
    if ended["best_step"] is not None:
        assert_same_arrays(arrays(left, ended["best_step"]), arrays(right, ended["best_step"]))

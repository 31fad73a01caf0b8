"""A resumed run equals an uninterrupted one bit for bit: parameters, optimizer state, random streams.

The run has all kinds of state: optimizer moments, running statistics, dropout and augmentation.

Formula: state_n = update^{n − k}(restore(save(state_k))) for an interruption after step k.

Reference: none; dlcli promises it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dlcli import engine
from dlcli.checks import Result
from dlcli.runs.folder import RunFolder
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Train

_STEPS, _INTERRUPTED = 8, 5


def check() -> Result:
    """Train twice, once with an interruption, and compare the states and the reported metrics."""
    with tempfile.TemporaryDirectory() as folder:
        uninterrupted, resumed = (Path(folder) / name for name in ("uninterrupted", "resumed"))
        list(engine.fit(Learner, _options(uninterrupted)))
        events = engine.fit(Learner, _options(resumed))
        next(event for event in events if event == engine.Saved(_INTERRUPTED))
        assert isinstance(events, Generator)
        events.close()
        list(engine.resume(Learner, resumed, {}))
        left, right = _state(uninterrupted), _state(resumed)
        runs = (uninterrupted, resumed)
        reports = [[_timeless(record) for record in RunFolder(each).metrics.read()] for each in runs]
    different = [name for name in left if left[name].tobytes() != right[name].tobytes()]
    unlike = sum(one != other for one, other in zip(*reports, strict=False)) + abs(len(reports[0]) - len(reports[1]))
    numbers = {
        "differing_arrays": len(different),
        "arrays": len(left),
        "numbers": int(sum(array.size for array in left.values())),
        "differing_reports": unlike,
        "reports": len(reports[0]),
        "interrupted_at_step": _INTERRUPTED,
        "steps": _STEPS,
    }
    return Result.of(__name__, numbers, tolerance=0, holds=left.keys() == right.keys() and not different and not unlike)


def _options(folder: Path) -> Train:
    return Train(
        out=folder,
        channels=4,
        stages=1,
        hidden=8,
        norm="batch",
        batch_size=30,
        augment="shift",
        input_dropout=0.1,
        steps=_STEPS,
        report_every=3,
        validate_every=4,
        save_every=_INTERRUPTED,
    )


def _state(folder: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a run's last state by path."""
    leaves = jax.tree_util.tree_leaves_with_path(nnx.state(engine.load(folder, Learner, "last")))
    return {jax.tree_util.keystr(path): _plain(leaf) for path, leaf in leaves}


def _plain(leaf: jax.Array) -> np.ndarray:
    keys = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if keys else leaf)


def _timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("rate", "seconds")}

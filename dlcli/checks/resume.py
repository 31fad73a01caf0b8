"""A run that was interrupted and resumed equals an unbroken one bit for bit: parameters, optimizer, random streams.

The network has all that makes this hard: moments of its optimizer, running statistics, dropout and augmentation.
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

_STEPS, _BROKEN = 8, 5


def check() -> Result:
    """Train twice, once with a break, and compare every number of the state and every one that was reported."""
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = (Path(folder) / name for name in ("whole", "broken"))
        list(engine.fit(Learner, _options(whole)))
        events = engine.fit(Learner, _options(broken))
        next(event for event in events if event == engine.Saved(_BROKEN))
        assert isinstance(events, Generator)
        events.close()
        list(engine.resume(Learner, broken, {}))
        left, right = _state(whole), _state(broken)
        reports = [[_timeless(record) for record in RunFolder(each).metrics.read()] for each in (whole, broken)]
    different = [name for name in left if left[name].tobytes() != right[name].tobytes()]
    unlike = sum(one != other for one, other in zip(*reports, strict=False)) + abs(len(reports[0]) - len(reports[1]))
    numbers = {
        "arrays_that_differ": len(different),
        "arrays": len(left),
        "numbers": int(sum(array.size for array in left.values())),
        "reports_that_differ": unlike,
        "reports": len(reports[0]),
        "broken_at_step": _BROKEN,
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
        save_every=_BROKEN,
    )


def _state(folder: Path) -> dict[str, np.ndarray]:
    """Return every array of a run's last state by its path."""
    leaves = jax.tree_util.tree_leaves_with_path(nnx.state(engine.load(folder, Learner, "last")))
    return {jax.tree_util.keystr(path): _plain(leaf) for path, leaf in leaves}


def _plain(leaf: jax.Array) -> np.ndarray:
    keys = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if keys else leaf)


def _timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("rate", "seconds")}

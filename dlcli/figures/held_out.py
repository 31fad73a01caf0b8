"""Examples of the validation split of a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcli.engine.evaluate import opened
from dlcli.runs.trained import TrainedRun


def examples(options: Any, run: TrainedRun, count: int) -> dict[str, np.ndarray]:
    """Return the arrays of up to `count` examples by name, without padding, [example, ...] each.

    Args:
        options: of the figure; `data_dir` replaces that of the training.
        run: whose data is read.
        count: number of examples, from the beginning of the split.

    Raises:
        DatasetError: the data is missing or malformed.
    """
    learner = run.learner
    given = {"data_dir": options.data_dir} if getattr(options, "data_dir", None) else {}
    trained = run.options.model_copy(update=given)
    data = opened(run, None, lambda: type(learner).read(trained, run.facts))
    learner.require_fit(data.facts, str(run.folder))
    found: list[dict[str, np.ndarray]] = []
    held = 0
    for batch in data.validation:
        kept = np.asarray(batch["mask"]) > 0
        found.append({name: np.asarray(values)[kept] for name, values in batch.items()})
        held += int(kept.sum())
        if held >= count:
            break
    return {name: np.concatenate([each[name] for each in found])[:count] for name in found[0]}

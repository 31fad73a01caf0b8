"""What the runs of a study train: a small network of a technique, on a task of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from dlcli import engine, techniques
from dlcli.engine.evaluate import evaluate
from dlcli.optim.penalties import is_weight
from dlcli.options.common import FitOptions, Use
from dlcli.runs.trained import TrainedRun
from dlcli.studies.options import StudyOptions
from dlcli.techniques.opening import open_run

NEAR_ZERO = 1e-3  # magnitude of a weight that is almost 0
RATE = 2e-3  # learning rate of all cells that do not change it

# Options of a small network without regularization; on texts, with a small validation.
_TEXT = {"tokenizer": "characters", "context": 64, "dropout": 0.0, "validate_examples": 500}
_SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"channels": 16, "hidden": 64, "dropout": 0.0},
    "mlp": {"hidden_sizes": "128,128"},
    "autoencoder": {"hidden_sizes": "128,32"},
    "rnn": {"hidden": 64, "embedding_dim": 32, **_TEXT},
    "transformer": {"layers": 2, "d_model": 32, **_TEXT},
    "gan": {"channels": 4},
    "diffusion": {"channels": 8},
}


@dataclasses.dataclass(frozen=True)
class Task:
    """The training that all cells of a study share, apart from what each changes.

    Attributes:
        study: options of the study.
        technique: what is trained.
    """

    study: StudyOptions
    technique: str = "cnn"

    @property
    def learner(self) -> type[engine.Learner]:
        """The class that trains the network."""
        found: type[engine.Learner] = techniques.learner(self.technique)
        return found

    @property
    def dataset(self) -> str:
        """The data set, also where the technique has chosen it."""
        return self.train_options({}).dataset

    @property
    def metric(self) -> str:
        """Name of the metric of the validation split that is compared, the lower the better."""
        return self.learner.monitor(self.train_options({}))[-1]

    def train_options(self, changes: Mapping[str, Any], out: Path | None = None) -> FitOptions:
        """Return the options of a cell's run, with these changes."""
        study, part = self.study, max(1, self.study.steps // 20)
        given = {name: getattr(study, name) for name in ("dataset", "data_dir", "train_examples")}
        shared = {
            **_SMALL[self.technique],
            **{name: value for name, value in given.items() if value},
            "batch_size": study.batch_size,
            "steps": study.steps,
            "learning_rate": RATE,
            "report_every": part,
            "validate_every": part,
            "save_every": max(1, study.steps // 4),
            "device": study.device,
        }
        model: type[FitOptions] = techniques.options(self.technique, "train")
        return model.model_validate({**shared, **changes, "out": out})

    def tested(self, folder: Path, use: Use) -> dict[str, Any]:
        """Return the metrics of a run on the test split, each as `test_NAME`; of a classifier its `weights` too."""
        run = open_run(folder, use=use)
        options = techniques.options(self.technique, "eval")(run=str(folder), use=use)
        described = evaluate(run, options).described()
        names = ("accuracy", "loss") if self.technique == "cnn" else (self.metric,)
        found: dict[str, Any] = {f"test_{name}": described[name]["value"] for name in names}
        return {**found, "weights": _weights(run)} if self.technique == "cnn" else found


def _weights(run: TrainedRun) -> dict[str, float]:
    """Return the L1 and the L2 norm of the weights, and the fraction of weights that are almost 0."""
    leaves = jax.tree_util.tree_leaves_with_path(nnx.state(run.learner.network, nnx.Param))
    every = np.concatenate([np.ravel(leaf) for path, leaf in leaves if is_weight(path, leaf)]).astype(np.float64)
    norms = {"l1_norm": float(np.abs(every).sum()), "l2_norm": float(np.linalg.norm(every))}
    return {**norms, "near_zero": float((np.abs(every) < NEAR_ZERO).mean())}

"""The cells of a study: small runs whose results are kept, so that a study goes on where it stopped."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlcli import engine
from dlcli.artifacts import Figure, Table
from dlcli.errors import DivergedError, RunError
from dlcli.files import as_json, disk_errors, read_json, write_text
from dlcli.options.common import Use
from dlcli.runs.info import environment
from dlcli.studies.options import StudyOptions
from dlcli.techniques.cnn.eval import evaluate
from dlcli.techniques.cnn.learner import Learner
from dlcli.techniques.cnn.options import Eval, Train


@dataclasses.dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes:
        name: what was done and with which seed.
        number, count: its place among all cells.
        result: what was measured; see `Cells.trained`.
        known: whether an earlier call had done it.
    """

    name: str
    number: int
    count: int
    result: Mapping[str, Any]
    known: bool


@dataclasses.dataclass(frozen=True)
class Report:
    """What a study found, and the folder that holds it."""

    table: Table
    figure: Figure
    folder: Path


class Cells:
    """The folder of a study: `study.json` says which study it is, `cells/` holds a file a cell."""

    def __init__(self, name: str, options: StudyOptions, count: int):
        """Open the folder of a study of `count` cells, or make it.

        Raises:
            RunError: the folder holds another study.
        """
        self.options, self.count, self.done = options, count, 0
        asked = json.loads(options.model_dump_json(exclude={"out", "show", "device"}))
        digest = hashlib.sha256(as_json({"study": name, **asked}).encode()).hexdigest()[:8]
        self.folder = options.out or Path("studies") / f"{name}-{digest}"
        with disk_errors(self.folder):
            (self.folder / "cells").mkdir(parents=True, exist_ok=True)
        path = self.folder / "study.json"
        if not path.exists():
            write_text(path, as_json({"study": name, "options": asked, **environment()}, indent=2))
        found = _read(path)
        if (found.get("study"), found.get("options")) != (name, asked):
            raise RunError(
                f"{self.folder} must hold this study with these options, found another",
                hint="give another --out, or the options that study.json names",
            )

    def trained(self, name: str, changes: Mapping[str, Any], *, seed: int, use: Use, test: bool) -> Cell:
        """Train a small network, unless that was done before, and measure it.

        Args:
            name: of the cell, and of its file.
            changes: options of `train cnn` beyond what all cells share.
            seed: of weights, batches and all other random choices.
            use: which weights are measured, "best" or "last".
            test: whether to measure them on the test split.

        Returns:
            The cell, whose result holds `validation` and `train` (metrics by name), `steps`, and with `test` the
            `test_accuracy`; or, of a run that diverged, the step of it as `diverged` alone.
        """
        self.done += 1
        path = self.folder / "cells" / f"{name}.json"
        known = path.exists()
        if not known:
            write_text(path, as_json(self._measure(name, {**changes, "seed": seed}, use, test)))
        return Cell(name, self.done, self.count, _read(path), known)

    def _measure(self, name: str, changes: Mapping[str, Any], use: Use, test: bool) -> dict[str, Any]:
        folder = self.folder / "cells" / f"{name}.run"
        shutil.rmtree(folder, ignore_errors=True)  # of a call that was broken off
        train = _small(self.options).model_copy(update={"out": folder})
        train = Train.model_validate({**train.model_dump(exclude={"epochs"}), **changes})
        try:
            events = list(engine.fit(Learner, train))
        except DivergedError as error:
            return {"diverged": str(error)}
        else:
            return _result(events, folder, use, test)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _small(options: StudyOptions) -> Train:
    """Return what all cells share: a network of some 20,000 parameters, with no regularization at all."""
    return Train(
        dataset=options.dataset,
        data_dir=options.data_dir,
        train_examples=options.train_examples,
        batch_size=options.batch_size,
        steps=options.steps,
        channels=16,
        hidden=64,
        dropout=0.0,
        learning_rate=2e-3,
        report_every=max(1, options.steps // 20),
        validate_every=max(1, options.steps // 20),
        save_every=options.steps,
        device=options.device,
    )


def _result(events: list[engine.Event], folder: Path, use: Use, test: bool) -> dict[str, Any]:
    scored = [event for event in events if isinstance(event, engine.Scored)]
    trained = [event for event in events if isinstance(event, engine.Trained)]
    ended = events[-1]
    assert isinstance(ended, engine.Ended)
    result: dict[str, Any] = {
        "use": use,
        "steps": ended.step,
        "best_step": ended.best_step,
        "validation": dict(ended.best if use == "best" else ended.last),
        "train": dict(trained[-1].metrics),
        "curve": [[event.step, event.metrics["loss"]] for event in scored],
        "train_curve": [[event.step, event.metrics["loss"]] for event in trained],
    }
    if test:
        measured = evaluate(Eval(run=str(folder), use=use)).numbers
        result["test_accuracy"] = measured["accuracy"]["value"]
    return result


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}", hint="remove it to have it measured again") from error

"""A run folder, to read: options, data facts, metrics, checkpoints.

Reading starts no thread, and loads jax and orbax only where the arrays of a checkpoint are requested. Everything in
a folder is untrusted: each file must be a regular file of bounded size, not a link, and must fit a model.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from dlcli.errors import DatasetError, RunError
from dlcli.files import read_json, reason
from dlcli.formats import command_line
from dlcli.interface import Facts
from dlcli.notices import warn
from dlcli.options.common import DirectOptions, FitOptions
from dlcli.runs import lock
from dlcli.runs.checkpoints import Checkpoints
from dlcli.runs.data_paths import is_relative, resolve, searched_folders
from dlcli.runs.info import FORMAT, RunInfo
from dlcli.runs.metrics_log import MetricsLog
from dlcli.runs.parts import Ranges, Restored, Slab
from dlcli.runs.snapshots import restore

if TYPE_CHECKING:
    import numpy as np

    from dlcli.runs.arrays import Shapes
    from dlcli.runs.progress import Snapshot

M = TypeVar("M", bound=BaseModel)
P = TypeVar("P", FitOptions, DirectOptions)


class RunTypes(Protocol):
    """The models of a run's files; every `Learner` class is one."""

    Options: ClassVar[type[FitOptions]]
    Facts: ClassVar[type[Facts]]


class RunFolder:
    """The files of one run.

    Attributes:
        folder: path of the run folder.
        metrics: the log of training and validation metrics.
        checkpoints: the saved states.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.metrics = MetricsLog(folder / "metrics.jsonl")
        self.checkpoints = Checkpoints(folder / "checkpoints")

    def info(self) -> RunInfo:
        """Read `run.json`, of any format version.

        Raises:
            RunError: it is missing or not valid.
        """
        return self._validated("run.json", RunInfo)

    def require_format(self) -> None:
        """Raise `RunError` if the folder has another format version than this version of dlcli reads."""
        info = self.info()
        if info.format == FORMAT:
            return
        technique = str(info.technique).replace("_", "-")
        again = command_line("train", technique, "--config", self.folder / "options.json")
        hint = f"train it again: {again}" if info.format < FORMAT else "update dlcli"
        raise RunError(
            f"{self.folder} has format version {info.format}, but this version of dlcli reads format {FORMAT}",
            hint=hint,
        )

    def read(self, name: str, model: type[M]) -> M:
        """Read one of the JSON files of the folder.

        Raises:
            RunError: the folder has another format version, or the file is missing or not valid.
        """
        self.require_format()
        return self._validated(name, model)

    def raw(self, name: str) -> dict[str, Any]:
        """Read one of the JSON files of the folder without validation; raise `RunError` if it contains no object."""
        return _object(self.folder / name)

    def options(self, learner_type: type[RunTypes]) -> FitOptions:
        """Read the options of the run, as `read_options` does."""
        return self.read_options(learner_type.Options)

    def read_options(self, model: type[P]) -> P:
        """Read the options of the run as `model`; make a relative path of its data valid in this directory."""
        options = self.read("options.json", model)
        there = resolve(options.dataset, self.info().cwd)
        return options if there == options.dataset else options.model_copy(update={"dataset": there})

    def facts(self, learner_type: type[RunTypes]) -> Facts:
        """Read the data facts of the run."""
        return self.read("facts.json", learner_type.Facts)

    def explain_missing_data(self, dataset: str, error: DatasetError) -> None:
        """Add to an error of the run's data in which folders its relative path was looked for."""
        if is_relative(dataset) and not error.hint:
            error.hint = searched_folders(dataset, self.info().cwd)

    def warn_if_data_changed(self, dataset: str, digest: str) -> None:
        """Warn if data that the run is evaluated on differs from the data it was trained on.

        Args:
            dataset: its name.
            digest: of its training split.
        """
        known = self.info().data.digest
        if known is not None and known != digest:
            warn(f"{dataset} has changed since {self.folder} was trained on it: the digest was {known}, now {digest}")

    def saved_steps(self) -> list[int]:
        """Return the steps of all checkpoints that have a manifest, in rising order."""
        try:
            steps = self.checkpoints.steps()
        except (RunError, OSError):
            return []
        return [step for step in steps if os.path.lexists(self.checkpoints.path(step) / "manifest.json")]

    def has_model(self) -> bool:
        """Return whether there is a model to evaluate: a checkpoint, or a run that is trained without steps."""
        if self.saved_steps():
            return True
        try:
            ended = self.info().ended
        except RunError:
            return False
        return ended is not None and ended.reason == "trained"

    def is_running(self) -> bool:
        """Return whether a process on this machine is training in the folder."""
        return lock.is_locked(self.folder)

    def restore(self, expected: Shapes | None, use: str = "last") -> tuple[dict[str, np.ndarray], Snapshot]:
        """Read the newest intact checkpoint, or the one of the best validation (see `snapshots.restore`)."""
        found, snapshot = restore(self.checkpoints, expected, use, self.folder, {})
        return {name: each for name, each in found.items() if not isinstance(each, Slab)}, snapshot

    def restore_ranges(
        self, expected: Shapes | None, needed: Ranges, damage: Callable[[str], str]
    ) -> tuple[Restored, Snapshot]:
        """Read what one of several processes needs of the newest intact checkpoint (see `snapshots.restore`)."""
        return restore(self.checkpoints, expected, "last", self.folder, needed, damage)

    def _validated(self, name: str, model: type[M]) -> M:
        found = self.raw(name)
        try:
            return model.model_validate(found, context={"kept": set(found)})
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(map(str, problem["loc"]))
            reason = f"{where}: {problem['msg']}"
            raise RunError(f"{self.folder / name} is not valid for this technique or version: {reason}") from error


def technique_of(folder: Path) -> str:
    """Return the name of the run's technique; raise `RunError` if the folder does not name one."""
    name = _object(folder / "run.json").get("technique")
    if not isinstance(name, str) or not name.isidentifier():
        raise RunError(f"{folder / 'run.json'} must name the technique, found {name!r}")
    return name


def is_unfinished(folder: Path, names: Iterable[str]) -> bool:
    """Return whether a folder with files of these names is left over from a run killed before it started."""
    names = set(names)
    if "run.json" not in names or "options.json" in names or not all(name.endswith(".json") for name in names):
        return False
    try:
        technique_of(folder)
        return "dlcli" in RunFolder(folder).info().versions
    except RunError:
        return False


def _object(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except FileNotFoundError as error:
        raise RunError(f"{path.parent} is not a run folder: {path.name} is missing") from error
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {reason(error)}") from error

"""Run folders as training writes them: options and facts, what was measured, and checkpoints."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from dlcli import __version__
from dlcli.errors import DatasetError, RunError
from dlcli.files import UNFINISHED, as_json, disk_errors, is_stray, sync, write_text
from dlcli.interface import Facts
from dlcli.notices import warn
from dlcli.options.common import DirectOptions, FitOptions, Options
from dlcli.runs.checkpoints import Checkpoints, Damaged, Shapes
from dlcli.runs.data_paths import is_relative, located, places
from dlcli.runs.folders import About, Folder, command, is_unfinished
from dlcli.runs.progress import Snapshot

P = TypeVar("P", FitOptions, DirectOptions)
_TRIES = 10  # at the lock of a folder


class Typed(Protocol):
    """What a run's files are read as; every `Learner` class is one."""

    Options: ClassVar[type[FitOptions]]
    Facts: ClassVar[type[Facts]]


class Run(Folder):
    """A run folder that is written to; use it in a `with` statement, so that pending writes finish."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.checkpoints = Checkpoints(folder / "checkpoints")
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._pending: Future[None] | None = None
        self._claim: int | None = None

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._writer.shutdown()
            if self._claim is not None:
                os.close(self._claim)

    def claim(self) -> None:
        """Keep other processes from training in the folder until the `with` statement ends.

        Raises:
            RunError: another process is training there.
        """
        self._claim = os.open(self.folder, os.O_RDONLY)
        try:
            for remaining in reversed(range(_TRIES)):
                try:
                    fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if not remaining:
                        raise
                    time.sleep(0.01)  # `dlcli runs list` holds the lock for a moment to see whether it is free
        except BlockingIOError as error:
            hint = "wait until it ends, or stop it with Ctrl-C"
            raise RunError(f"{self.folder} must be trained by one process, found another at work", hint=hint) from error
        except OSError as error:
            warn(f"{self.folder} cannot be locked ({error.strerror}): see that no other process trains in it")

    def create(
        self, options: Options, facts: Facts, about: Mapping[str, Any], files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Write down in the folder what is needed to build the learner again.

        Args:
            options: of the technique's `train`.
            facts: what the data told the model.
            about: entries of `run.json`.
            files: further texts by the names of their files.

        Raises:
            DiskError: it cannot be written.
        """
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            sync(self.folder.absolute().parent)
        if self._claim is None:
            self.claim()
        self._clear()
        # First what tells that the folder is ours, last the options: a folder with options is a run, and one without
        # is none, which a new run may take.
        write_text(self.folder / "run.json", as_json(about, indent=2))
        write_text(self.folder / "facts.json", _as_json(facts))
        for name, text in files.items():
            write_text(self.folder / name, text)
        self.set_options(options)

    def discard(self, *, folder: bool) -> None:
        """Remove what `create` has written, and the folder itself if wished; files of others stay, and their folder."""
        self._clear()
        if is_unfinished(self.folder, {each.name for each in self.folder.iterdir() if not is_stray(each.name)}):
            for path in self.folder.glob("*.json"):
                path.unlink()
        if folder:
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def set_options(self, options: Options) -> None:
        """Write down the options, in place of those before."""
        write_text(self.folder / "options.json", _as_json(options))

    def note(self, **changes: Any) -> None:
        """Set entries of `run.json`."""
        write_text(self.folder / "run.json", as_json({**self.raw("run.json"), **changes}, indent=2))

    def options(self, learner_type: type[Typed]) -> FitOptions:
        """Read the options of the run; a relative path of its data leads there from the working folder."""
        return self.read_options(learner_type.Options)

    def read_options(self, model: type[P]) -> P:
        """Read the options of the run as `model`, which has a data set, as `options` does."""
        options = self.read("options.json", model)
        there = located(options.dataset, self._origin())
        return options if there == options.dataset else options.model_copy(update={"dataset": there})

    def say_where(self, dataset: str, error: DatasetError) -> None:
        """Add to an error of the run's data where a relative path was looked for."""
        if is_relative(dataset) and not error.hint:
            error.hint = places(dataset, self._origin())

    def notice_other_data(self, dataset: str, digest: str) -> None:
        """Tell the user where the data that a run is measured on are not from those that it was trained on.

        Args:
            dataset: its name.
            digest: of its training part.
        """
        known = self.read("run.json", About).data.digest
        if known is not None and known != digest:
            warn(f"{dataset} has changed since {self.folder} was trained on it: the digest was {known}, now {digest}")

    def _origin(self) -> str | None:
        return self.read("run.json", About).folder if os.path.lexists(self.folder / "run.json") else None

    def facts(self, learner_type: type[Typed]) -> Facts:
        """Read what the data told the model."""
        return self.read("facts.json", learner_type.Facts)

    def record(self, step: int, split: str, metrics: Mapping[str, float], **more: Any) -> None:
        """Add a line to `metrics.jsonl`."""
        line = as_json({"step": step, "split": split, **more, "metrics": dict(metrics)})
        with disk_errors(self.folder), (self.folder / "metrics.jsonl").open("a") as file:
            file.write(line + "\n")

    def has_begun(self) -> bool:
        """Tell whether there is anything that a new start would lose."""
        return bool(self.checkpoints.steps()) or next(self.records(), None) is not None

    def rewind(self, step: int) -> None:
        """Forget what was measured after `step`, and there if only because the run ended.

        Checkpoints of later steps, which could not be read, are kept under another name, as they may be whole on
        another machine or another day; those kept so before are removed.
        """
        kept = [r for r in self.records() if r["step"] <= step and not (r["step"] == step and r.get("closing"))]
        write_text(self.folder / "metrics.jsonl", "".join(as_json(record) + "\n" for record in kept))
        self._clear()
        later = [each for each in self.checkpoints.steps() if each > step]
        if moved := self.checkpoints.set_aside(later):
            names = ", ".join(path.name for path in moved)
            warn(f"training continues from step {step}; what could not be read is kept in {moved[0].parent}: {names}")
        self.checkpoints.prune(set(self.checkpoints.steps()))

    def save(self, step: int, arrays: Mapping[str, np.ndarray], snapshot: Snapshot, keep: int) -> None:
        """Write a checkpoint in a thread of its own; an error shows at the next call, or in `wait`."""
        self.wait()
        self._pending = self._writer.submit(self._save, step, arrays, snapshot, keep)

    def wait(self) -> None:
        """Wait until the last checkpoint is on the disk."""
        if self._pending:
            pending, self._pending = self._pending, None
            pending.result()

    def restore(self, expected: Shapes, use: str = "last") -> tuple[dict[str, np.ndarray], Snapshot]:
        """Read the newest intact checkpoint, or the best one it knows of.

        Args:
            expected: shape and type of each array.
            use: "last" or "best".

        Returns:
            the arrays, and what was saved beside them.

        Raises:
            RunError: no checkpoint is intact, or they hold other arrays than expected.
        """
        damages = []
        for step in self._candidates(use):
            try:
                snapshot, arrays = self._snapshot(step), self.checkpoints.load(step, expected)
            except Damaged as damage:
                damages.append(damage)
                continue
            if damages:
                warn(f"{damages[0]}; using the checkpoint of step {step} instead")
            return arrays, snapshot
        hint = f"train it again: {command('train', 'TECHNIQUE', '--config', self.folder / 'options.json')}"
        raise RunError(": ".join([f"{self.folder} has no intact checkpoint", *map(str, damages[:1])]), hint=hint)

    def _clear(self) -> None:
        """Remove the drafts of files that a crash left."""
        for draft in self.folder.glob(f".*{UNFINISHED}"):
            if not draft.is_dir():
                draft.unlink()

    def _save(self, step: int, arrays: Mapping[str, np.ndarray], snapshot: Snapshot, keep: int) -> None:
        if (measured := self.folder / "metrics.jsonl").exists():
            sync(measured)  # a checkpoint must not know of measurements that a crash can still take away
        self.checkpoints.save(step, arrays, snapshot.model_dump())
        recent = self.checkpoints.steps()[-keep:]
        known = filter(None, map(self._known, recent))
        self.checkpoints.prune({*recent, *(best for each in known for best in each.best_steps)})

    def _candidates(self, use: str) -> list[int]:
        steps = self.checkpoints.steps()[::-1]
        newest = next(filter(None, map(self._known, steps)), None)
        if use == "last" or newest is None or newest.best_step is None:
            return steps
        return [newest.best_step, *(step for step in steps if step != newest.best_step)]

    def _known(self, step: int) -> Snapshot | None:
        try:
            return self._snapshot(step)
        except Damaged:
            return None

    def _snapshot(self, step: int) -> Snapshot:
        try:
            snapshot = Snapshot.model_validate(self.checkpoints.progress(step))
        except ValidationError as error:
            raise Damaged(f"{self.checkpoints.path(step)} does not say how far the run had come") from error
        if snapshot.progress.step != step:
            raise Damaged(f"{self.checkpoints.path(step)} holds step {snapshot.progress.step}")
        return snapshot


def surroundings() -> dict[str, Any]:
    """Return what a run can be explained by later: command line, versions, the caller's folder and its commit."""
    packages = {
        name: version(name) for name in ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "tokenizers")
    }
    return {
        "command": sys.argv,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {"dlcli": __version__, "python": sys.version.split()[0], **packages},
        "folder": _working_folder(),
        "commit": _commit(),
    }


def _as_json(model: BaseModel) -> str:
    try:
        return model.model_dump_json(indent=2)
    except PydanticSerializationError:  # a path that is not UTF-8
        return as_json(model.model_dump(mode="json"), indent=2)


def _working_folder() -> str | None:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # it has been removed
        return None


def _commit() -> str | None:
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None

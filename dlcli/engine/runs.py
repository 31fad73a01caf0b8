"""Run folders as training writes them: options and facts, what was measured, and checkpoints."""

from __future__ import annotations

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
from typing import Any

import numpy as np
from pydantic import ValidationError

from dlcli import __version__
from dlcli.engine.checkpoints import Checkpoints, Damaged, Shapes
from dlcli.engine.learner import Learner
from dlcli.engine.progress import Snapshot
from dlcli.errors import RunError, UsageError
from dlcli.files import UNFINISHED, as_json, disk_errors, sync, write_text
from dlcli.folders import Folder
from dlcli.options import FitOptions, Options
from dlcli.paths import runs_folder
from dlcli.types import Facts
from dlcli.warnings import warn

_LONGEST = 48  # characters of a data set's name in that of a run: a file's name may have 255 bytes


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
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            hint = "wait until it ends, or stop it with Ctrl-C"
            raise RunError(f"{self.folder} must be trained by one process, found another at work", hint=hint) from error
        except OSError as error:
            warn(f"{self.folder} cannot be locked ({error.strerror}): see that no other process trains in it")

    def create(
        self, options: Options, facts: Facts, about: Mapping[str, Any], files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Make the folder and write down what is needed to build the learner again.

        Args:
            options: of the technique's `train`.
            facts: what the data told the model.
            about: entries of `run.json`.
            files: further texts by the names of their files.

        Raises:
            UsageError: the folder exists and is not empty.
            DiskError: it cannot be written.
        """
        refuse_used(self.folder)
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            sync(self.folder.absolute().parent)
        self.claim()
        write_text(self.folder / "facts.json", facts.model_dump_json(indent=2))
        for name, text in files.items():
            write_text(self.folder / name, text)
        self.note(**about)
        # Last: a folder with options is a run, one without is none.
        self.set_options(options)

    def set_options(self, options: Options) -> None:
        """Write down the options, in place of those before."""
        write_text(self.folder / "options.json", options.model_dump_json(indent=2))

    def note(self, **changes: Any) -> None:
        """Set entries of `run.json`."""
        write_text(self.folder / "run.json", as_json({**self.about(), **changes}, indent=2))

    def options(self, learner_type: type[Learner]) -> FitOptions:
        """Read the options of the run."""
        return self.read("options.json", learner_type.Options)

    def facts(self, learner_type: type[Learner]) -> Facts:
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
        """Forget what was measured after `step`, and there if only because the run ended."""
        kept = [r for r in self.records() if r["step"] <= step and not (r["step"] == step and r.get("closing"))]
        write_text(self.folder / "metrics.jsonl", "".join(as_json(record) + "\n" for record in kept))
        for draft in self.folder.glob(f".*{UNFINISHED}"):  # a crash left it
            if not draft.is_dir():
                draft.unlink()
        self.checkpoints.prune({each for each in self.checkpoints.steps() if each <= step})

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
        hint = f"train it again: dlcli train … --config {self.folder / 'options.json'}"
        raise RunError(": ".join([f"{self.folder} has no intact checkpoint", *map(str, damages[:1])]), hint=hint)

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


def refuse_used(folder: Path) -> None:
    """Raise `UsageError` where `folder` exists and is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = f"dlcli resume {folder} goes on with it; another --out starts a new run"
        raise UsageError(f"--out {folder} must be a new or empty folder, found one that is in use", hint=hint)
    above = next(each for each in folder.absolute().parents if each.exists())
    if not above.is_dir():
        raise UsageError(f"--out {folder} must lie in a folder, but {above} is a file")


def new_folder(technique: str, dataset: str) -> Path:
    """Return a folder under `runs/` that does not exist yet, named for technique, data and time."""
    stem = dataset.split(":")[-1].rstrip("/").split("/")[-1].split(".")[0]
    data = "".join(c if c.isalnum() else "-" for c in stem[:_LONGEST])
    name = f"{technique}-{data or 'data'}-{time.strftime('%Y%m%d-%H%M%S')}"
    taken = [name, *(f"{name}-{number}" for number in range(2, 1000))]
    return next(folder for each in taken if not (folder := runs_folder() / each).exists())


def surroundings() -> dict[str, Any]:
    """Return what a run can be explained by later: command line, versions, the caller's commit."""
    packages = {
        name: version(name) for name in ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "tokenizers")
    }
    return {
        "command": sys.argv,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "versions": {"dlcli": __version__, "python": sys.version.split()[0], **packages},
        "commit": _commit(),
    }


def _commit() -> str | None:
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None

"""A run folder that is written to: options, data facts, metrics, checkpoints."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from dlcli.files import UNFINISHED, as_json, disk_errors, is_stray, sync, write_text
from dlcli.interface import Facts
from dlcli.notices import warn
from dlcli.options.common import Options
from dlcli.runs import lock
from dlcli.runs.folder import RunFolder, is_unfinished
from dlcli.runs.info import FORMAT
from dlcli.runs.parts import Arrays, Exchange
from dlcli.runs.progress import Snapshot
from dlcli.runs.snapshots import best_steps


class RunWriter(RunFolder):
    """A run folder to write to; use it in a `with` statement, so that pending writes finish."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._writer: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None
        self._lock: int | None = None
        self.exchange: Exchange | None = None  # of a run in several processes

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            if self._writer is not None:
                self._writer.shutdown()
            if self._lock is not None:
                os.close(self._lock)

    def lock(self) -> None:
        """Lock the folder against other processes until the `with` statement ends.

        Raises:
            RunError: another process is training in it.
        """
        self._lock = lock.acquire(self.folder)

    def create(
        self, options: Options, facts: Facts, info: Mapping[str, Any], files: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Write into the folder what is needed to build the learner again.

        Args:
            options: of the technique's `train`.
            facts: data facts of the model.
            info: entries of `run.json`.
            files: contents of further text files by file name.

        Raises:
            DiskError: it cannot be written.
        """
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            sync(self.folder.absolute().parent)
        if self._lock is None:
            self.lock()
        self._remove_drafts()
        # run.json first, since it marks the folder as ours; options.json last: a folder with it is a run, and a folder
        # without it may be taken by a new run.
        write_text(self.folder / "run.json", as_json({"format": FORMAT, **info}, indent=2))
        write_text(self.folder / "facts.json", _to_json(facts))
        for name, text in files.items():
            write_text(self.folder / name, text)
        self.set_options(options)

    def discard(self, *, folder: bool) -> None:
        """Remove the files that `create` has written, and the folder if `folder` is True and nothing else is in it."""
        self._remove_drafts()
        if is_unfinished(self.folder, {each.name for each in self.folder.iterdir() if not is_stray(each.name)}):
            for path in self.folder.glob("*.json"):
                path.unlink()
        if folder:
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def set_options(self, options: Options) -> None:
        """Replace `options.json`."""
        write_text(self.folder / "options.json", _to_json(options))

    def update_info(self, **changes: Any) -> None:
        """Set entries of `run.json`."""
        write_text(self.folder / "run.json", as_json({**self.raw("run.json"), **changes}, indent=2))

    def has_started(self) -> bool:
        """Return whether there is a checkpoint or a metric, which a new start would lose."""
        return bool(self.checkpoints.steps()) or next(self.metrics.read(), None) is not None

    def rewind(self, step: int) -> None:
        """Drop the metrics measured after `step`, and those measured there only because training ended.

        Checkpoints of later steps, which could not be read, are kept under another name, since they may be readable
        on another machine; those kept by an earlier call are removed.
        """
        self.metrics.rewind(step)
        self._remove_drafts()
        later = [each for each in self.checkpoints.steps() if each > step]
        if moved := self.checkpoints.set_aside(later):
            names = ", ".join(path.name for path in moved)
            warn(f"training continues from step {step}; later checkpoints are moved to {moved[0].parent}: {names}")
        self.checkpoints.prune(set(self.checkpoints.steps()))

    def save(self, step: int, arrays: Arrays, snapshot: Snapshot, keep: int) -> None:
        """Write a checkpoint in a background thread; its errors are raised by the next call, or by `wait`."""
        self.wait()
        if self._writer is None:
            self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._pending = self._writer.submit(self._save, step, arrays, snapshot, keep)

    def wait(self) -> None:
        """Wait until the last checkpoint is on the disk."""
        if self._pending:
            pending, self._pending = self._pending, None
            pending.result()

    def _save(self, step: int, arrays: Arrays, snapshot: Snapshot, keep: int) -> None:
        self.metrics.sync()  # a checkpoint must not refer to metrics that a crash can still lose
        self.checkpoints.save(step, arrays, snapshot.model_dump(), self.exchange)
        recent = self.checkpoints.steps()[-keep:]
        self.checkpoints.prune({*recent, *best_steps(self.checkpoints, recent)})

    def _remove_drafts(self) -> None:
        """Remove the drafts of files that a crash left."""
        for draft in self.folder.glob(f".*{UNFINISHED}"):
            if not draft.is_dir():
                draft.unlink()
        if self.exchange is not None:
            self.exchange.remove_others(self.checkpoints.folder)


def _to_json(model: BaseModel) -> str:
    try:
        return model.model_dump_json(indent=2)
    except PydanticSerializationError:  # a path that is not UTF-8
        return as_json(model.model_dump(mode="json"), indent=2)

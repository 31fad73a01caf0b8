"""The cells of a study: small runs whose results are stored, so that an interrupted study can continue."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlcli import activity, engine
from dlcli.artifacts import Figure, Table
from dlcli.errors import DivergedError, RunError
from dlcli.files import as_json, disk_errors, read_json, reason, write_text
from dlcli.options.common import AUTO, FitOptions, Use
from dlcli.runs.folder import RunFolder
from dlcli.runs.info import environment
from dlcli.runs.trials.takeover import copied
from dlcli.studies.options import StudyOptions
from dlcli.studies.recorded import RecordedCells
from dlcli.studies.tasks import Task


@dataclasses.dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes:
        name: of the condition and the seed.
        number, count: the cell is number N of `count`.
        result: the measurements; see `Cells.request`.
        cached: whether an earlier call trained it.
    """

    name: str
    number: int
    count: int
    result: Mapping[str, Any]
    cached: bool


@dataclasses.dataclass(frozen=True)
class Request:
    """A cell to measure.

    Attributes:
        name: of the cell and of its file.
        measure: maps a folder, which does not exist and is removed afterwards, to values for JSON.
    """

    name: str
    measure: Callable[[Path], Mapping[str, Any]]


@dataclasses.dataclass(frozen=True)
class Report:
    """The result of a study, and its folder; `more` are further figures."""

    table: Table
    figure: Figure
    folder: Path
    more: Sequence[Figure] = ()


_POLL = 0.5  # seconds between two looks at the cells of other processes


class Cells:
    """The folder of a study: `study.json` identifies the study, `cells/` has one file per cell."""

    def __init__(self, name: str, options: StudyOptions, count: int, technique: str = "cnn", *, timed: bool = False):
        """Open the folder of a study of `count` cells; it is created with the first result.

        Args:
            name: of the study.
            options: of the study.
            count: number of its cells.
            technique: that its cells train.
            timed: whether results contain times, and so differ from call to call.

        Raises:
            RunError: the folder is of another study.
        """
        self.name, self.count, self.done, self.timed = name, count, 0, timed
        self.task = Task(options, technique)
        self.identity = identity = json.loads(
            options.model_dump_json(exclude={"out", "show", "device", "workers", "storage"})
        )
        digest = hashlib.sha256(as_json({"study": name, **identity}).encode()).hexdigest()[:8]
        self.folder = options.out or Path("studies") / f"{name}-{digest}"
        found = _read(path) if (path := self.folder / "study.json").exists() else None
        if found is not None and (found.get("study"), found.get("options")) != (name, identity):
            raise RunError(
                f"{self.folder} is of another study, or of other options",
                hint="give another --out, or the options of its study.json",
            )
        self._planned = 0
        self._recorded = RecordedCells(options.storage, f"{name}-{digest}", self.folder) if options.storage else None

    def run(self, requests: Sequence[Request]) -> Generator[Cell, None, list[Mapping[str, Any]]]:
        """Measure cells that no call has measured yet; yield each when it is done, and return all results in order.

        A cell that another process is measuring is left to it: several processes, also of hosts that share the folder,
        divide the cells of a study among them. With a storage, hosts that share nothing else do. If the other process
        is killed, its run continues here.
        """
        found: dict[int, Cell] = {}
        first, self._planned = self._planned, self._planned + len(requests)
        if self._recorded is not None:
            self._recorded.plan(self._planned)
        while len(found) < len(requests):
            before = len(found)
            for index, cell in self._available(requests, first, found):
                found[index] = cell
                yield cell
            if len(found) == before:
                time.sleep(_POLL)
        return [found[index].result for index in range(len(requests))]

    def _available(
        self, requests: Sequence[Request], first: int, found: Mapping[int, Cell]
    ) -> Iterator[tuple[int, Cell]]:
        """Yield the cells that are measured by now or can be measured here, each with its index."""
        if self._recorded is not None:
            self._recorded.refresh()
        for index, request in enumerate(requests):
            if index not in found and (cell := self._attempt(request, first + index)):
                yield index, cell
        if self._recorded is None or len(found) == len(requests):
            return
        with self._recorded.claimed() as claim:
            if claim is None:
                return
            request = requests[claim.number - first]
            path = self.folder / "cells" / f"{request.name}.json"
            if claim.origin is not None:
                copied(claim.origin / "cells" / f"{request.name}.run", path.with_suffix(".run"))
            cell = self._known(request, path) if path.exists() else self._measured(request, path)
            self._recorded.record(claim, request.name, cell.result)
        yield claim.number - first, cell

    def request(self, name: str, changes: Mapping[str, Any], *, seed: int, use: Use, test: bool) -> Request:
        """Return the request to train and measure a small network.

        Args:
            name: of the cell and of its file.
            changes: options of `train` that differ from those all cells share.
            seed: random seed of the run.
            use: the weights to measure, "best" or "last".
            test: whether to measure them on the test split too.

        Returns:
            The request. Its result has `validation` and `train` (metrics by name), `steps` and `curve`, the
            metric that is compared over the steps; with `test` what `Task.tested` returns; after a learning-rate range
            test `range_test`; of a timed study `seconds_per_step`. That of a run that diverged has only `diverged`,
            the message.
        """
        return Request(name, lambda folder: self._measure(folder, {**changes, "seed": seed}, use, test))

    def _attempt(self, request: Request, number: int) -> Cell | None:
        """Return a cell that has been measured or is measured now; None if another process is measuring it."""
        path = self.folder / "cells" / f"{request.name}.json"
        if self._recorded is not None:
            if (result := self._recorded.result(number, request.name)) is None:
                return None
            self._write(path, result)
        elif not path.exists():
            with _lock(path) as ours:
                if not ours:
                    return None
                if not path.exists():  # another process may have completed it before the lock was free
                    return self._measured(request, path)
        return self._known(request, path)

    def _known(self, request: Request, path: Path) -> Cell:
        self.done += 1
        return Cell(request.name, self.done, self.count, _read(path), cached=True)

    def _measured(self, request: Request, path: Path) -> Cell:
        """Measure a cell; the runs of an interrupted call continue."""
        self.done += 1
        folder = path.with_suffix(".run")
        self._write(path, request.measure(folder))
        shutil.rmtree(folder, ignore_errors=True)
        return Cell(request.name, self.done, self.count, _read(path), cached=False)

    def _write(self, path: Path, result: Mapping[str, Any]) -> None:
        """Write the result of a cell, and before the first one `study.json`."""
        with disk_errors(self.folder):
            path.parent.mkdir(parents=True, exist_ok=True)
        study = self.folder / "study.json"
        if not study.exists():
            write_text(study, as_json({"study": self.name, "options": self.identity, **environment()}, indent=2))
        write_text(path, as_json(result))

    def train(self, changes: Mapping[str, Any], folder: Path) -> dict[str, Any]:
        """Train a small network in a folder that is kept; return its measurements without the test split."""
        return self._measure(folder, changes, "last", False)

    def _measure(self, folder: Path, changes: Mapping[str, Any], use: Use, test: bool) -> dict[str, Any]:
        train = self.task.train_options(changes, folder)
        parts = folder.relative_to(self.folder / "cells").parts
        name = " ".join(part.removesuffix(".run") for part in parts)
        _remove_unless_same(folder, train, self.task)
        try:
            for _ in _reported(
                f"{self.done} of {self.count}  {name}", engine.start_or_resume(self.task.learner, train), train.steps
            ):
                pass
        except DivergedError as error:
            return {"diverged": str(error)}
        result = _result(folder, use, self.task.metric, timed=self.timed)
        return {**result, **self.task.tested(folder, use)} if test else result


def _reported(name: str, events: Iterable[engine.Event], steps: int) -> Iterator[engine.Event]:
    """Yield the events of a run, and report its steps as the progress of an activity with this name."""
    step = 0
    activity.report(name, step, steps)
    try:
        for event in events:
            step = event.step if isinstance(event, engine.Stepped) else step
            activity.report(name, step, steps)  # also after other activities within the run, such as decoding
            yield event
    finally:
        activity.report("")


def _remove_unless_same(folder: Path, train: FitOptions, task: Task) -> None:
    """Remove a run of an interrupted call that cannot be continued with these options."""
    if not folder.exists():
        return
    try:
        before = RunFolder(folder).options(task.learner)
        omitted = {
            "out",
            "name",
            "epochs",
            *(["learning_rate"] if getattr(train, "learning_rate", None) == AUTO else []),
        }
        same = before.model_dump(exclude=omitted) == train.model_dump(exclude=omitted)
    except RunError:
        same = False
    if not same:
        shutil.rmtree(folder, ignore_errors=True)


def _result(folder: Path, use: Use, metric: str, *, timed: bool) -> dict[str, Any]:
    run = RunFolder(folder)
    records = list(run.metrics.read())
    scored, trained = ([each for each in records if each["split"] == split] for split in ("validation", "train"))
    ended = run.info().ended
    assert ended is not None
    result: dict[str, Any] = {
        "use": use,
        "steps": ended.step,
        "best_step": ended.best_step,
        "validation": dict(ended.best if use == "best" else ended.last),
        "train": dict(trained[-1]["metrics"]),
        "curve": [[each["step"], each["metrics"][metric]] for each in scored],
        "train_curve": [[each["step"], each["metrics"]["loss"]] for each in trained],
    }
    if tested := run.raw("run.json").get("range_test"):
        result["range_test"] = tested
    return {**result, "seconds_per_step": trained[-1]["seconds"] / trained[-1]["step"]} if timed else result


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Lock the cell of a file against other processes within the block; yield False if another one has it.

    The lock is released when its process ends, however it ends. It leaves no file and no folder that it has made.
    """
    lock = path.with_suffix(".lock")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            # A process that has opened it meanwhile finds the result once it has the lock.
            lock.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # there are results
                path.parent.rmdir()
                path.parent.parent.rmdir()
    finally:
        os.close(handle)


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {reason(error)}", hint="remove it to measure it again") from error

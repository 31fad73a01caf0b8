"""The run folder as all processes of a run but the first see it: they write nothing but their parts of checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlcli.runs.metrics_log import MetricsLog
from dlcli.runs.parts import Arrays
from dlcli.runs.progress import Snapshot
from dlcli.runs.writer import RunWriter


class _ReadOnlyLog(MetricsLog):
    def append(self, *_: Any, **__: Any) -> None: ...

    def rewind(self, step: int) -> None: ...


class Follower(RunWriter):
    """A run folder that another process writes to."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.metrics = _ReadOnlyLog(self.metrics.path)

    def lock(self) -> None: ...

    def create(self, *_: Any, **__: Any) -> None: ...

    def discard(self, *, folder: bool) -> None: ...

    def set_options(self, options: Any) -> None: ...

    def update_info(self, **changes: Any) -> None: ...

    def rewind(self, step: int) -> None: ...

    def _save(self, step: int, arrays: Arrays, snapshot: Snapshot, keep: int) -> None:
        if self.exchange is not None:
            self.exchange.write(self.checkpoints.folder, step, arrays)

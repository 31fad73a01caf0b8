"""`metrics.jsonl`: one JSON object per report of training or validation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from dlcli.errors import RunError
from dlcli.files import as_json, disk_errors, open_regular, reason, size_text, sync, write_text

_MAX_LINE = 2**20  # bytes
_MAX_FILE = 2**32  # bytes

Number = Annotated[float, BeforeValidator(lambda value: float("nan") if value is None else value)]


class Record(BaseModel):
    """A line of the log. JSON null stands for a number that is not finite.

    Attributes:
        step: number of updates made before the report.
        split: "train" or "validation".
        rate: training steps per second since the last report.
        seconds: training time so far.
        best: True for the best validation so far.
        closing: True for a report made only because training ended at this step.
        metrics: values by name.
    """

    step: Annotated[int, Field(ge=0)]
    split: str
    rate: Number = 0.0
    seconds: Number = 0.0
    best: bool = False
    closing: bool = False
    metrics: dict[str, Number]


class MetricsLog:
    """The metrics of a run, in the order in which they were measured."""

    def __init__(self, path: Path):
        self.path = path

    def append(self, step: int, split: str, metrics: Mapping[str, float], **more: Any) -> None:
        """Add a line; `more` are further fields of `Record`."""
        line = as_json({"step": step, "split": split, **more, "metrics": dict(metrics)})
        with disk_errors(self.path.parent), self.path.open("a") as file:
            file.write(line + "\n")

    def read(self, last: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the records as dictionaries without defaults; skip lines that are not valid, such as a truncated one.

        Args:
            last: read only this many bytes at the end of the file; None reads the whole file.

        Raises:
            RunError: the file is not a regular file, or is too large.
        """
        if not os.path.lexists(self.path):
            return
        try:
            with open_regular(self.path, links=False) as file:
                size = os.fstat(file.fileno()).st_size
                if last is None and size > _MAX_FILE:
                    raise ValueError(f"it must be at most {size_text(_MAX_FILE)}, found {size_text(size)}")
                if last is not None and size > last:
                    file.seek(size - last)
                    file.readline(_MAX_LINE)  # the rest of a line
                while line := file.readline(_MAX_LINE):
                    try:
                        yield Record.model_validate_json(line).model_dump(exclude_unset=True)
                    except ValidationError:
                        continue
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path} cannot be read: {reason(error)}") from error

    def rewind(self, step: int) -> None:
        """Drop the records after `step`, and those at `step` that were made only because training ended there."""
        kept = [r for r in self.read() if r["step"] <= step and not (r["step"] == step and r.get("closing"))]
        write_text(self.path, "".join(as_json(record) + "\n" for record in kept))

    def sync(self) -> None:
        """Wait until the records are on the disk."""
        if self.path.exists():
            sync(self.path)

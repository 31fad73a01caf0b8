"""`evaluations.jsonl`: what `dlcli eval` measured of a run, one JSON object per evaluation."""

from __future__ import annotations

import datetime
import json
import os
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError

from dlcli.artifacts import Table
from dlcli.errors import RunError
from dlcli.files import append_line, as_json, open_regular, reason, size_text
from dlcli.notices import warn
from dlcli.options.common import Options

if TYPE_CHECKING:
    from dlcli.runs.folder import RunFolder

NAME = "evaluations.jsonl"
_MAX_LINE = 2**20  # bytes; a larger evaluation is not kept
_MAX_LINES = 1_000  # that are read
_ELSEWHERE = {"run", "device", "data_dir"}  # options that do not change what is measured
_Cell = str | float | int | bool | None


class MeasuredTable(BaseModel):
    """A table of an evaluation."""

    title: str = ""
    columns: list[str] = Field(default=[], max_length=100)
    rows: list[list[_Cell]] = Field(default=[], max_length=10_000)

    def as_table(self) -> Table:
        """Return it as an artifact."""
        return Table(self.title, self.columns, self.rows)


class Evaluation(BaseModel):
    """An evaluation.

    Attributes:
        created: when, in ISO 8601.
        step: of the weights; None for a run without steps.
        options: those of `dlcli eval` that differ from their defaults.
        tables: what was shown.
    """

    created: str
    step: int | None = None
    options: dict[str, Any] = {}
    tables: list[MeasuredTable] = Field(default=[], max_length=100)

    @property
    def key(self) -> str:
        """The options as text: equal for evaluations of the same thing."""
        return json.dumps(self.options, sort_keys=True)


def record(files: RunFolder, options: Options, found: Table) -> None:
    """Add an evaluation to the folder of a run; if the folder cannot be written, warn.

    Args:
        files: of the run.
        options: of `dlcli eval`.
        found: its result.
    """
    evaluation = Evaluation(
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        step=_step(files, str(getattr(options, "use", "best"))),
        options=given(options),
        tables=_tables(found),
    )
    line = as_json(_plain(evaluation.model_dump()))
    try:
        if len(line.encode()) >= _MAX_LINE:
            raise ValueError(f"it must take at most {size_text(_MAX_LINE)}")
        append_line(files.folder / NAME, line)
    except (OSError, ValueError) as error:
        warn(f"the evaluation is not kept in the run: {error}")


def read(files: RunFolder) -> list[Evaluation]:
    """Return the latest evaluation with each set of options, in the order of time; skip lines that are not valid.

    Raises:
        RunError: the file is not a regular file.
    """
    path = files.folder / NAME
    if not os.path.lexists(path):
        return []
    found: dict[str, Evaluation] = {}
    try:
        with open_regular(path, links=False) as file:
            for _ in range(_MAX_LINES):
                if not (line := file.readline(_MAX_LINE)):
                    break
                try:
                    each = Evaluation.model_validate_json(line)
                except ValidationError:
                    continue
                found.pop(each.key, None)
                found[each.key] = each
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {reason(error)}") from error
    return list(found.values())


def given(options: Options) -> dict[str, Any]:
    """Return the options that change what is measured and differ from their defaults, as JSON values."""
    found: dict[str, Any] = _plain(options.model_dump(exclude_defaults=True, exclude=_ELSEWHERE))
    return found


def _plain(value: Any) -> Any:
    """Return a value as JSON values, with a question mark for each character that is not Unicode."""
    return json.loads(json.dumps(value, default=str, ensure_ascii=False).encode("utf-8", "replace"))


def _step(files: RunFolder, use: str) -> int | None:
    steps = files.saved_steps()
    best = files.info().ended
    if use == "best" and best is not None and best.best_step is not None:
        return best.best_step
    return steps[-1] if steps else None


def _tables(found: Table) -> list[MeasuredTable]:
    rows = [[_cell(cell) for cell in row] for row in found.rows]
    own = MeasuredTable(title=found.title, columns=list(found.columns), rows=rows)
    return [own, *(each for part in found.below for each in _tables(part))]


def _cell(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value  # a number of numpy
    return value if isinstance(value, str | float | int | None) else str(value)

"""Logs finished runs in a tracker, or writes their metrics as a table."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlcli.errors import RunError, UserError
from dlcli.notices import warn
from dlcli.runs.folder import RunFolder, technique_of
from dlcli.trackers.options import ExportLog
from dlcli.trackers.service import Tracked, load

_FIELDS = ("run", "step", "split", "rate", "seconds", "best")


def table(folders: Sequence[Path]) -> str:
    """Return the records of runs as CSV: a row per report, a column per metric."""
    rows = [{"run": str(folder), **each} for folder in folders for each in RunFolder(folder).metrics.read()]
    names = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*_FIELDS, *names])
    for row in rows:
        writer.writerow([*(row.get(field, "") for field in _FIELDS), *(row["metrics"].get(name, "") for name in names)])
    return buffer.getvalue()


def log(folder: Path, options: ExportLog) -> str:
    """Log a run in the tracker that the options name, and return where.

    Raises:
        RunError: the folder has no metrics, or the tracker fails.
        UsageError: the package of the tracker is not installed.
    """
    service, files = load(options.to), RunFolder(folder)
    records = list(files.metrics.read())
    if not records:
        raise RunError(f"{folder} has no metrics: it ended before its first report")
    out = None if options.out is None else options.out / folder.name
    run = Tracked(folder, technique_of(folder), files.raw("options.json"), out=out)
    try:
        found = service(run)
        began = _began(files)
        for record in records:
            at = began + record.get("seconds", _seconds_before(records, record))
            found.metrics(record["step"], record["split"], record["metrics"], at)
        if options.pictures:
            _log_results(found, folder, records[-1]["step"])
        return found.close()
    except UserError:
        raise
    except Exception as error:  # of another tool: its server may be unreachable
        raise RunError(f"tracker {options.to} failed: {' '.join(str(error).split())[:300]}") from error


def _log_results(found: Any, folder: Path, step: int) -> None:
    from dlcli.trackers.tracking import log_results  # loads jax

    try:
        log_results(found, folder, step)
    except UserError as error:
        warn(f"{folder}: without pictures: {error}")


def _began(files: RunFolder) -> float:
    """Return the time of the start of a run, in seconds since 1970; 0 if it is unknown."""
    try:
        return datetime.datetime.fromisoformat(files.info().created or "").timestamp()
    except ValueError:
        return 0.0


def _seconds_before(records: Sequence[dict[str, Any]], record: dict[str, Any]) -> float:
    """Return the training time of the report before a record, which has none, such as a validation."""
    before = [each["seconds"] for each in records if "seconds" in each and each["step"] <= record["step"]]
    return float(before[-1]) if before else 0.0

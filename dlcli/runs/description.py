"""The description of a run in words, for the terminal and for reports."""

from __future__ import annotations

import datetime
import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from dlcli import formats
from dlcli.formats import printable
from dlcli.runs.summary import Summary

_IGNORED = {"out", "name", "data_dir", "device", "track"}  # options that do not make two runs different


def described(run: Summary, about: Mapping[str, Any]) -> dict[str, str]:
    """Return the description of a run by property, as text."""
    recorded, began = run.info, when(run.info.created)
    best = ", ".join(f"{formats.metric(name)} {value:.4g}" for name, value in run.best.items())
    at = f" at step {recorded.ended.best_step:,}" if recorded.ended and recorded.ended.best_step is not None else ""
    sizes = ", ".join(f"{size:,} {name}" for name, size in recorded.data.sizes.items())
    resumed_from = [each.from_step for each in recorded.sessions if each.from_step is not None]
    command = about.get("command")
    versions = ", ".join(f"{name} {number}" for name, number in recorded.versions.items())
    shown = {
        "note": recorded.note,
        "technique": run.technique,
        "state": run.state,
        "step": f"{run.step:,}" if run.step else "",
        "best": f"{best}{at}" if best else "",
        "trained": f"{began:%-d %B %Y, %H:%M}" if began else "",
        "took": formats.duration(run.seconds),
        "resumed": ", ".join(f"from step {step:,}" for step in resumed_from),
        "data": f"{recorded.data.dataset} ({sizes})" if sizes else recorded.data.dataset,
        "device": ", ".join(filter(None, [recorded.device, recorded.dtype])),
        "parameters": f"{recorded.parameters:,}" if recorded.parameters is not None else "",
        "command": shlex.join(map(str, command)) if isinstance(command, list) else "",
        "in folder": recorded.cwd or "",
        "versions": versions,
        "commit": str(about.get("commit") or ""),
    }
    return {name: printable(value) for name, value in shown.items()}


def differing(chosen: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the options that differ between runs, without those that do not change a run.

    Args:
        chosen: options of each run.
    """
    names = dict.fromkeys(name for each in chosen for name in each if name not in _IGNORED)
    return [name for name in names if len({json.dumps(each.get(name)) for each in chosen}) > 1]


def when(created: str | None) -> datetime.datetime | None:
    """Parse a time of `run.json` to local time; None if it is invalid."""
    try:
        return datetime.datetime.fromisoformat(created or "").astimezone()
    except (ValueError, OverflowError):
        return None

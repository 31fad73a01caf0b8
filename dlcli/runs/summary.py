"""The state of a run in one record, for lists and comparisons."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from dlcli.runs.folder import RunFolder, technique_of
from dlcli.runs.info import FORMAT, Outcome, RunInfo
from dlcli.runs.metrics_log import Number

_TAIL = 2**18  # bytes at the end of metrics.jsonl that show the state of a run


class Summary(BaseModel):
    """The state of a run.

    Attributes:
        state: running, finished, stopped early, time limit, pruned, interrupted, terminated, diverged, killed, no
            checkpoint, or "format N" for a folder of another format version.
        step: the last known step.
        seconds: training time, as far as it was reported.
        best: metrics of the best validation.
    """

    folder: Path
    technique: str
    info: RunInfo
    state: str
    step: int
    seconds: float | None
    best: dict[str, Number]


_STATES = {
    "steps": "finished",
    "trained": "finished",
    "imported": "imported",
    "patience": "stopped early",
    "time": "time limit",
    "pruned": "pruned",
    "SIGINT": "interrupted",
    "SIGTERM": "terminated",
    "diverged": "diverged",
}


def summarize(folder: Path) -> Summary:
    """Return the state of a run, of any format version; raise `RunError` if its files are not valid."""
    run = RunFolder(folder)
    info, running = run.info(), run.is_running()
    run.raw("options.json")
    steps = run.saved_steps()
    best: dict[str, float] = {}
    step, seconds = steps[-1] if steps else 0, None
    for record in run.metrics.read(last=_TAIL):
        step, seconds = max(step, record["step"]), record.get("seconds", seconds)
        best = record["metrics"] if record.get("best") else best
    ended = None if running else info.ended
    if ended is not None:
        best, seconds = ended.best or best, ended.seconds if ended.seconds is not None else seconds
        step = step if ended.step is None else ended.step
    return Summary(
        folder=folder,
        technique=technique_of(folder),
        info=info,
        state="running" if running else _state(info, ended, bool(steps)),
        step=step,
        seconds=seconds,
        best=best,
    )


def _state(info: RunInfo, ended: Outcome | None, saved: bool) -> str:
    if info.format != FORMAT:
        return f"format {info.format}"
    if ended is None:
        return "killed" if saved else "no checkpoint"
    return _STATES.get(ended.reason, "ended")
